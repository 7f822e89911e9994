'use strict';
module.exports = {
  title: 'real server: two reconnects; the first misses nothing',
  tags: ['live'],
  async run(t) {
    await t.startServer({ history_size: 10, history_lifetime: 60, recover: true });
    const relay = await t.relay();
    const c = await t.watched(t.credentials({ url: relay.url, retry: 20, maxRetry: 60 }), true);
    await t.subscribe(c, 'news', ['message', 'subscribe']);
    await c.connect();
    await t.seen('news: subscribe');
    for (const n of [1, 2]) await t.api({ method: 'publish', params: { channel: 'news', data: n } });
    await t.seen('news: message', 2);
    relay.cut();
    await t.seen('news: subscribe', 2);
    relay.down = true;
    relay.cut();
    await t.seen('disconnect', 2);
    await t.api({ method: 'publish', params: { channel: 'news', data: 3 } });
    relay.down = false;
    await t.seen('news: subscribe', 3);
    await t.sleep(50);
    t.hide('frames');
    await c.disconnect();
    t.events = t.events.filter((e) => e.startsWith('news'));
  },
};
