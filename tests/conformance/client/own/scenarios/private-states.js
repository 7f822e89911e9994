'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'private channels: unsubscribed and asked again, in and out of auth batching, twice in one batch',
  async run(t) {
    t.route('/auth', signs);
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    const sub = await t.subscribe(c, '$a', ['subscribe', 'unsubscribe', 'error']);
    const early = t.track('early', sub.publish(1));
    await s.acceptSubscribe({ last: 'm1' });
    s.reply(await s.recv(), { channel: '$a', status: true });
    await early;
    await sub.unsubscribe();
    s.reply(await s.recv(), { channel: '$a', status: true });
    await c.startAuthBatching();
    await sub.subscribe();
    await c.subscribe('$a');
    const b = await t.subscribe(c, '$b', ['subscribe']);
    await c.stopAuthBatching();
    for (const cmd of await s.recv()) s.subscribed(cmd);
    await t.seen('$b: subscribe');
    s.fail({ uid: '50', method: 'subscribe', params: { channel: '$b' } }, 'late');
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    for (const cmd of await s2.recv()) s2.fail(cmd, 'permission denied', 'fix');
    await t.seen('$a: error');
    await t.track('refused', b.publish(1));
    t.events = t.events.filter((e) => !e.startsWith('error'));
  },
};
