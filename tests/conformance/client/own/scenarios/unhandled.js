'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'rejected calls and refused subscriptions that nobody looks at are no unhandled rejections',
  async run(t) {
    const { c, s, sub } = await subscribed(t, { timeout: 40 });
    sub.publish(1);
    s.fail(await s.recv(), 'no');
    sub.presence();
    await s.recv();
    await t.sleep(80);
    const bad = await c.subscribe('bad');
    bad.history();
    s.fail(await s.recv(), 'permission denied');
    await t.sleep(40);
    bad.publish(2);
    await sub.unsubscribe();
    sub.publish(3);
    await s.recv();
    await c.disconnect();
    bad.publish(4);
    await t.sleep(40);
  },
};
