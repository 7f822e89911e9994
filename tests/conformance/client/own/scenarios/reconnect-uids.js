'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'uids go on over reconnects and disconnect()',
  async run(t) {
    const { c, s } = await subscribed(t);
    await c.ping();
    await s.recv();
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    await t.seen('news: subscribe', 2);
    await c.disconnect();
    await s2.closed();
    await c.connect();
    const s3 = await t.accept();
    await s3.handshake();
    await t.seen('connect', 3);
  },
};
