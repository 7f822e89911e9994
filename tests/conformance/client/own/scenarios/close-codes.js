'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'closes by code alone: the client comes back; refused upgrades; connections reset before the upgrade',
  async run(t) {
    const codes = [1000, 1001, 1009, 1011, 3000, 4999, undefined];
    const onTransportClose = ({ event }) => t.event('transport closed ' + event.code + ' ' + event.wasClean);
    let { c, s } = await connected(t, { onTransportClose });
    for (const code of codes) {
      s.close(code);
      s = await t.accept();
      await s.handshake();
      await t.until(() => c.isConnected(), 'connected');
    }
    await c.disconnect();
    await s.closed();
    await t.until(() => t.events.filter((e) => e.startsWith('transport closed')).length > codes.length, 'its own close told');
    t.hide('frames');
  },
};
