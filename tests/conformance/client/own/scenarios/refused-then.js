'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'a refused subscription: calls, unsubscribe(), subscribe()',
  async run(t) {
    const { c, s } = await connected(t);
    const sub = await t.subscribe(c, 'news');
    const early = t.track('early', sub.publish(0));
    s.fail(await s.recv(), 'permission denied', 'fix');
    await t.seen('news: error');
    await early;
    for (const m of ['publish', 'presence', 'history']) await t.track(m, sub[m](1));
    await sub.subscribe();
    s.fail(await s.recv(), 'limit exceeded');
    await t.seen('news: error', 2);
    await t.track('publish', sub.publish(2));
    await sub.unsubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    await t.track('publish', sub.publish(3));
    await sub.subscribe();
    const late = t.track('late', sub.publish(4));
    await s.acceptSubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    await late;
  },
};
