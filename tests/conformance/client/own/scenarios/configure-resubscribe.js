'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'resubscribe turned off while connected',
  async run(t) {
    const { c, s } = await subscribed(t);
    await c.configure({ resubscribe: false });
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    await s2.quiet();
    await c.configure({ resubscribe: true });
    await t.subscribe(c, 'other', ['subscribe']);
    await s2.acceptSubscribe();
    await t.seen('other: subscribe');
    s2.drop();
    const s3 = await t.accept();
    await s3.handshake();
    await s3.acceptSubscribe();
    await t.seen('other: subscribe', 2);
    t.hide('frames');
  },
};
