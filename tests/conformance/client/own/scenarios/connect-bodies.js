'use strict';
module.exports = {
  title: 'connect answers: with further keys, expires without ttl, expired without expires',
  async run(t) {
    for (const body of [{ client: 'a', more: [1] }, { client: 'b', expired: true }, { client: 'c', version: null, expires: false, expired: true, ttl: 5 }, { client: 'd', expires: 0, ttl: 'x' }, { client: 'é"☃' }]) {
      const c = await t.watched();
      await c.connect();
      const s = await t.accept();
      s.reply(await s.recv(), body);
      await t.until(() => c.isConnected(), 'connected');
      await t.state(c);
      await c.disconnect();
      await s.closed();
    }
  },
};
