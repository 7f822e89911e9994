'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'ping(), startBatching(), flush(), stopBatching() between two connections',
  async run(t) {
    const { c, s } = await connected(t);
    s.drop();
    await t.seen('disconnect');
    await t.attempt('ping', () => c.ping());
    await t.attempt('flush', () => c.flush());
    await t.attempt('startAuthBatching', () => c.startAuthBatching());
    await t.attempt('stopAuthBatching', () => c.stopAuthBatching());
    const s2 = await t.accept();
    const cmd = await s2.recv();
    s2.reply(cmd, { client: 'x', expires: false, expired: false, ttl: 0 });
    await t.seen('connect', 2);
    await c.ping();
    t.note('after connect: ' + (await s2.recv()).method);
    t.hide('frames');
  },
};
