'use strict';
module.exports = {
  title: 'a client that is not configured yet: subscriptions, calls, listeners, batching',
  async run(t) {
    const c = await t.watched(undefined, true);
    await t.state(c);
    const sub = await t.subscribe(c, 'news', ['subscribe', 'unsubscribe', 'message']);
    const other = await t.subscribe(c, 'other', ['subscribe', 'unsubscribe']);
    const call = t.track('publish', sub.publish(1));
    await other.unsubscribe();
    await t.attempt('disconnect', () => c.disconnect());
    await t.attempt('startAuthBatching', () => c.startAuthBatching());
    await t.attempt('stopAuthBatching', () => c.stopAuthBatching());
    await t.attempt('subscribe()', () => c.subscribe());
    await t.state(c);
    await c.configure({ url: t.url, user: 'u1', timestamp: '1', token: 't', retry: 20, maxRetry: 60 });
    t.note('same object: ' + (await c.subscribe('news') === sub));
    await c.connect();
    const s = await t.accept();
    await s.handshake();
    await s.acceptSubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    await call;
    s.message('news', 'm1', 1);
    await t.seen('news: message');
  },
};
