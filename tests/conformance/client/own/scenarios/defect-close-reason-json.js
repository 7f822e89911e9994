'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'close reasons that are JSON but no advice',
  async run(t) {
    t.hide('frames');
    for (const reason of ['42', '"bye"', '[]', 'true', '{}', '{"reason":"r"}', '{"reason":"r","reconnect":"no"}', '{"reconnect":true}', '{"reconnect":false}']) {
      const { c, s } = await connected(t, {}, {}, false);
      c.on('disconnect', (e) => t.event(reason + ' -> ' + JSON.stringify(e)));
      const before = t.peers.length;
      s.close(3000, reason);
      await t.until(() => c.isDisconnected(), 'the loss');
      await t.sleep(200);
      t.note('tries again: ' + (t.peers.length > before));
      await c.disconnect();
      await t.sleep(30);
      t.accepted = t.peers.length;
    }
  },
};
