'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'connect() inside the disconnect event of a connection that the server ended for good',
  async run(t) {
    const { c, s } = await connected(t);
    c.once('disconnect', () => { c.connect(); setImmediate(() => t.event('state ' + c.isConnected() + c.isDisconnected())); });
    s.close(3000, '{"reason":"bye","reconnect":false}');
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    await t.state(c);
    await t.sleep(150);
    t.note('connections ' + t.peers.length);
  },
};
