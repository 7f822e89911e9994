'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'closes by code alone: the client comes back; refused upgrades; connections reset before the upgrade',
  async run(t) {
    let { c, s } = await connected(t);
    for (const code of [1000, 1001, 1009, 1011, 3000, 4999, undefined]) {
      s.close(code);
      s = await t.accept();
      await s.handshake();
      await t.until(() => c.isConnected(), 'connected');
    }
    await c.disconnect();
    await s.closed();
    t.hide('frames');
  },
};
