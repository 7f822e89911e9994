'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'refreshed credentials keep the types they came with, now and on the next connection',
  async run(t) {
    const answers = [
      { user: 'u', timestamp: 123, token: 't', info: '' },
      { user: 42, timestamp: '5', token: 't', info: { a: 1 } },
      { user: 'u', timestamp: '6', token: 't', info: null },
    ];
    t.route('/refresh', (r) => ({ json: answers[r.n - 1] }));
    const { s } = await connected(t, { info: 'i', refreshEndpoint: t.origin + '/refresh' }, { expires: true, ttl: 1 });
    for (let n = 1; n <= answers.length; n++) {
      s.reply(await s.recv(), { client: 'id', expires: n < answers.length, expired: false, ttl: 1 });
    }
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
  },
};
