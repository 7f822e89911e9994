'use strict';
module.exports = {
  title: 'disconnect() before the first connect(), and twice; connect() twice',
  async run(t) {
    const c = await t.watched();
    await c.disconnect();
    await t.state(c);
    await c.connect();
    await c.connect();
    const s = await t.accept();
    await s.handshake();
    await t.seen('connect');
    await c.connect();
    await c.disconnect();
    await c.disconnect();
    await s.closed();
    await t.sleep(80);
    await t.state(c);
  },
};
