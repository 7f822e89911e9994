'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'reconnects that missed nothing keep the position',
  async run(t) {
    const { s } = await subscribed(t, {}, { over: { last: 'm1' }, names: ['subscribe'] });
    let last = s;
    for (let n = 0; n < 3; n++) {
      last.drop();
      last = await t.accept();
      await last.handshake();
      await last.acceptSubscribe({ last: '', messages: [], recovered: true });
      await t.seen('news: subscribe', n + 2);
    }
  },
};
