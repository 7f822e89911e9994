'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'unsubscribe() while the subscribe command is under way, and subscribe() again',
  async run(t) {
    const { c, s } = await connected(t);
    const sub = await t.subscribe(c, 'news');
    const cmd = await s.recv();
    await sub.unsubscribe();
    const end = await s.recv();
    s.subscribed(cmd);
    s.reply(end, { channel: 'news', status: true });
    await t.sleep(60);
    await t.track('publish', sub.publish(1));
    await sub.subscribe();
    await s.acceptSubscribe();
    await t.seen('news: subscribe');
    const other = await t.subscribe(c, 'other', ['subscribe', 'unsubscribe', 'error']);
    const first = await s.recv();
    other.unsubscribe();
    await s.recv();
    s.fail(first, 'permission denied', 'fix');
    await t.sleep(60);
    await t.track('publish', other.publish(1));
  },
};
