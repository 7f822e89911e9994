'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'close reasons: advice, texts, null, "disconnect", odd JSON',
  async run(t) {
    t.hide('frames');
    for (const reason of ['', 'null', 'disconnect', 'disconnect ', 'Disconnect', '{"reason":"r","reconnect":true}', '{"reason":"r","reconnect":false}', '{"reason":"","reconnect":true}', '{"reason":"a\\u00e9\\n","reconnect":true,"x":[1]}', ' {"reason":"r","reconnect":false} ', '{reason', 'größer ☃']) {
      const { c, s } = await connected(t, { onTransportClose: (x) => t.event('transport ' + JSON.stringify([x.reason, x.reconnect, Object.keys(x)])) }, {}, false);
      c.on('disconnect', (e) => t.event(JSON.stringify(reason) + ' -> ' + JSON.stringify(e)));
      const before = t.peers.length;
      s.close(3000, reason);
      await t.until(() => c.isDisconnected(), 'the loss');
      await t.sleep(150);
      t.note('tries again: ' + (t.peers.length > before));
      await c.disconnect();
      await t.sleep(30);
      t.accepted = t.peers.length;
      t.events = t.events.filter((e) => !e.includes('"client","reconnect":false'));
      c.off('disconnect');
    }
  },
};
