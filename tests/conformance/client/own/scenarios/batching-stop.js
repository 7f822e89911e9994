'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'stopBatching() without flush: what was collected stays, behind what is sent meanwhile, until flush()',
  async run(t) {
    const { c, s } = await connected(t);
    await c.startBatching();
    await c.ping();
    await c.ping();
    await c.stopBatching();
    await s.quiet();
    await c.ping();
    await s.recv();
    await c.stopBatching('yes');
    await s.quiet();
    await c.flush();
    await s.recv();
    await c.flush();
    await s.quiet();
    await c.startBatching();
    await c.startBatching();
    await c.ping();
    await c.stopBatching(true);
    await s.recv();
    await c.stopBatching(true);
    await s.quiet();
  },
};
