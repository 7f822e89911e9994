'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'failures are counted over reconnects, and from the beginning after a success',
  async run(t) {
    const good = new Set([2]);
    t.route('/refresh', (r) => (good.has(r.n) ? { json: credentials } : { status: 500, json: {} }));
    const { s } = await connected(t, { refreshEndpoint: t.origin + '/refresh', refreshInterval: 200, refreshAttempts: 2, refreshFailed: () => t.event('refreshFailed') }, { expires: true, ttl: 1 });
    s.reply(await s.recv(), { client: 'c', expires: true, expired: false, ttl: 1 });
    await t.until(() => t.requests.length === 3, 'the third request');
    await t.sleep(80);
    s.drop();
    const s2 = await t.accept();
    await s2.handshake({ expires: true, ttl: 1 });
    await t.seen('refreshFailed');
    await s2.closed();
    t.note('requests ' + t.requests.length);
    t.hide('http');
  },
};
