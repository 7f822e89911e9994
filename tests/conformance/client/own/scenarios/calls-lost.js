'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'calls without an answer when the connection is lost, and when disconnect() is called',
  async run(t) {
    const { c, s, sub } = await subscribed(t);
    const all = (n) => ['publish', 'presence', 'history'].map((m) => t.track(m + n, sub[m](n)));
    let calls = all(1);
    await s.recvN(3);
    s.drop();
    await Promise.all(calls);
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    await t.seen('news: subscribe', 2);
    calls = all(2);
    await s2.recvN(3);
    await c.disconnect();
    await Promise.all(calls);
    await s2.closed();
  },
};
