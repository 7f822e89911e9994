'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'client.subscribe() after unsubscribe() and a reconnect',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { names: ['subscribe'] });
    await sub.unsubscribe();
    await s.recv();
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    await s2.quiet();
    await c.subscribe('news');
    await t.sleep(80);
    if (s2.queue.length) { s2.subscribed(await s2.recv()); await t.seen('news: subscribe', 2); }
  },
};
