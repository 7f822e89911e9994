'use strict';
module.exports = {
  title: 'real server: messages missed while the connection was lost',
  tags: ['live'],
  async run(t) {
    await t.startServer({ history_size: 10, history_lifetime: 60, recover: true });
    const relay = await t.relay();
    const c = await t.watched(t.credentials({ url: relay.url, retry: 20, maxRetry: 60 }), true);
    await t.subscribe(c, 'news', ['message', 'subscribe', 'unsubscribe']);
    await c.connect();
    await t.seen('news: subscribe');
    await t.api({ method: 'publish', params: { channel: 'news', data: 0 } });
    await t.seen('news: message');
    relay.down = true;
    relay.cut();
    await t.seen('disconnect');
    for (const n of [1, 2, 3]) await t.api({ method: 'publish', params: { channel: 'news', data: n } });
    relay.down = false;
    await t.seen('news: subscribe', 2);
    await t.api({ method: 'publish', params: { channel: 'news', data: 4 } });
    await t.seen('news: message', 5);
    t.hide('frames');
    await c.disconnect();
  },
};
