'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'failed attempts after a loss: no further disconnect events, whatever fails',
  async run(t) {
    const { s } = await subscribed(t);
    t.refuse = true;
    s.drop();
    await t.until(() => t.attempts.length >= 4, 'refused attempts');
    t.refuse = false;
    const s2 = await t.accept();
    s2.drop();
    const s3 = await t.accept();
    await s3.recv();
    s3.close(3000, 'before the answer');
    const s4 = await t.accept();
    await s4.recv();
    s4.close(3000, '{"reason":"x","reconnect":true}');
    const s5 = await t.accept();
    await s5.handshake();
    await s5.acceptSubscribe();
    await t.seen('news: subscribe', 2);
    s5.drop();
    const s6 = await t.accept();
    await s6.handshake();
    await t.seen('connect', 3);
    t.hide('frames');
  },
};
