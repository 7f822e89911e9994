'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'disconnect(), connect(), subscribe(): the position of the subscription that is gone',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { over: { last: 'm1' } });
    s.message('news', 'm2', 1);
    await t.seen('news: message');
    await c.disconnect();
    await s.closed();
    await c.connect();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    const again = await t.subscribe(c, 'news', ['subscribe']);
    await s2.acceptSubscribe();
    await t.seen('news: subscribe', 2);
    t.note('same object: ' + (again === sub));
  },
};
