'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'every frame received postpones the ping; frames sent do not',
  async run(t) {
    t.hide('frames');
    const { c, s } = await connected(t, { pingInterval: 300, pongWaitTimeout: 250 });
    for (let n = 0; n < 6; n++) { await t.sleep(100); s.send(n % 2 ? '[]' : 'null'); }
    t.note('pings: ' + s.queue.length);
    const begun = Date.now();
    const sub = await c.subscribe('news');
    await s.recv();
    for (let n = 0; n < 3; n++) { await t.sleep(60); sub.unsubscribe(); sub.subscribe(); }
    await t.until(() => s.queue.some((cmd) => cmd.method === 'ping'), 'the ping');
    const ms = Date.now() - begun;
    t.note('idle for about 300 ms: ' + (ms > 250 && ms < 600));
  },
};
