'use strict';
module.exports = {
  title: 'connect() while waiting for the next attempt: one chain of attempts',
  async run(t) {
    t.hide('frames');
    t.refuse = true;
    const c = await t.client({ retry: 100, maxRetry: 100 });
    await c.connect();
    await t.until(() => t.attempts.length === 1, 'the first attempt');
    await t.sleep(30);
    for (let n = 0; n < 4; n++) { await c.connect(); await t.sleep(12); }
    const before = t.attempts.length;
    await t.sleep(800);
    const rate = t.attempts.length - before;
    t.note('attempts in 800 ms: ' + (rate <= 16 ? 'of one chain' : 'of several chains'));
    await c.disconnect();
  },
};
