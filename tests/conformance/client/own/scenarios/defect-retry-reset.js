'use strict';
module.exports = {
  title: 'a server that accepts and closes at once: the pauses grow',
  async run(t) {
    t.hide('frames');
    const c = await t.client({ retry: 30, maxRetry: 20000 });
    await c.connect();
    for (let n = 0; n < 4; n++) { const s = await t.accept(); await s.recv(); s.close(3000, 'later'); }
    const begun = Date.now();
    await t.until(() => t.attempts.length > 4, 'the fifth attempt');
    const ms = Date.now() - begun;
    t.note('the pause has grown: ' + (ms > 200));
  },
};
