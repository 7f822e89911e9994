'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'refresh: failure, failure, success without info; the new credentials count for later connections; data, params, headers',
  async run(t) {
    const answers = [{ status: 500, text: '' }, { status: 200, text: 'no json' }, { json: { user: 'u2', timestamp: '2', token: 't2', extra: 1 } }, { json: { user: 'u3', timestamp: '3', token: 't3', info: 'i3' } }];
    t.route('/refresh', () => answers.shift());
    const { c, s } = await connected(t, { info: 'i1', refreshEndpoint: t.origin + '/refresh', refreshInterval: 1, refreshData: { a: [1, null, 'é'] }, refreshParams: { x: 'ä b', y: 2 }, refreshHeaders: { 'X-R': 'r' }, refreshAttempts: 3 }, { expires: true, ttl: 1 });
    s.reply(await s.recv(), { client: 'client-c1', expires: true, expired: false, ttl: 1 });
    s.reply(await s.recv(), { client: 'client-c1', expires: false, expired: false, ttl: 1 });
    await s.quiet(300);
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    await t.state(c);
  },
};
