'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'a ping that is answered late, and after it no traffic: no ping, reconnect, subscriptions',
  async run(t) {
    t.hide('frames');
    const { c, s } = await connected(t, { pingInterval: 200, pongWaitTimeout: 120 });
    await t.subscribe(c, 'news', ['subscribe', 'unsubscribe']);
    await s.acceptSubscribe();
    await t.seen('news: subscribe');
    const ping = await s.recv();
    await t.sleep(60);
    s.send({ uid: ping.uid, method: 'ping', body: {} });
    await s.recv();
    await t.seen('disconnect');
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    await t.seen('news: subscribe', 2);
    await c.disconnect();
  },
};
