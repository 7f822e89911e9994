'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'private channels that were refused by the backend are asked for again after a reconnect',
  async run(t) {
    t.route('/auth', (r) => (r.n === 1 ? { status: 403, json: {} } : signs(r)));
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    const sub = await t.subscribe(c, '$p', ['subscribe', 'error']);
    await t.seen('$p: error');
    s.drop();
    await t.seen('disconnect');
    const call = t.track('publish', sub.publish(1));
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    s2.reply(await s2.recv(), { channel: '$p', status: true });
    await call;
    // whether the first success counts as a resubscription is left open
    t.events = t.events.map((e) => e.replace(/(: subscribe .*"isResubscribe":)(true|false)/, '$1"?"'));
  },
};
