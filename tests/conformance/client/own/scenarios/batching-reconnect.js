'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'what was collected before the connection was lost; calls in it',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { names: ['subscribe'] });
    await c.startBatching();
    const call = t.track('publish', sub.publish(1));
    await t.sleep(20);
    await c.stopBatching();
    s.drop();
    await call;
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    t.note('subscribe commands: ' + [].concat(await s2.recv()).filter((cmd) => cmd.method === 'subscribe').length);
    t.hide('frames');
  },
};
