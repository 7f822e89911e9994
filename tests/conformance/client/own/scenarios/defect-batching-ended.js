'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'batching begun by the user ends with the next connect answer',
  async run(t) {
    t.hide('frames');
    const { c, s } = await connected(t);
    await c.startBatching();
    s.drop();
    const s2 = await t.accept();
    await t.sleep(60);
    if (!s2.queue.length) await c.flush(); // the reference batches connect, too
    await s2.handshake();
    await t.sleep(60);
    await c.ping();
    await t.sleep(100);
    t.note('ping held back: ' + !s2.queue.length);
    await c.flush();
    await t.sleep(60);
    t.note('after flush: ' + s2.queue.length);
  },
};
