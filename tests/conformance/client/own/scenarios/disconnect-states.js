'use strict';
const { connected, subscribed } = require('../kit');
module.exports = {
  title: 'disconnect() with calls, batches, auth batches and a planned refresh: and then again connected',
  async run(t) {
    const { c, s, sub } = await subscribed(t, { refreshEndpoint: t.origin + '/refresh' });
    await c.startBatching();
    await c.startAuthBatching();
    const call = t.track('publish', sub.publish(1));
    await t.sleep(20);
    await c.disconnect();
    await call;
    await s.closed();
    await c.stopBatching(true);
    await c.stopAuthBatching();
    await t.state(c);
    await c.connect();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    await s2.quiet();
    t.hide('frames');
    t.note(JSON.stringify(t.frames.c2.slice(-1)));
    void connected;
  },
};
