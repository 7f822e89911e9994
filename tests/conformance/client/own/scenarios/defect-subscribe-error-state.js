'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'client.subscribe() on a refused channel',
  async run(t) {
    const { c, s } = await connected(t);
    const sub = await t.subscribe(c, 'news', ['error', 'subscribe']);
    s.fail(await s.recv(), 'permission denied', 'fix');
    await t.seen('news: error');
    const again = await c.subscribe('news', { subscribe: () => t.event('second listener') });
    t.note('same object: ' + (again === sub));
    await t.sleep(60);
    if (s.queue.length) { s.subscribed(await s.recv()); await t.seen('news: subscribe'); }
  },
};
