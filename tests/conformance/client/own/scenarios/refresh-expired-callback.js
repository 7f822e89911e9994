'use strict';
const { credentials } = require('../kit');
module.exports = {
  title: 'expired connect, onRefresh answers later',
  async run(t) {
    let n = 0;
    const c = await t.watched({ retry: 5000, maxRetry: 5000, onRefresh: (ctx, cb) => { n++; t.event('onRefresh'); setTimeout(() => cb(false, Object.assign({}, credentials, { token: 'new' + n })), 20); } });
    await t.subscribe(c, 'news', ['subscribe', 'unsubscribe']);
    await c.connect();
    const first = await t.accept();
    await first.handshake({ client: '', expires: true, expired: true, ttl: 60 });
    await first.closed();
    const s = await t.accept();
    await s.handshake({ expires: true, ttl: 60 });
    await s.acceptSubscribe();
    await t.seen('news: subscribe');
    await t.state(c);
    t.events = t.events.map((e) => e.replace(/"isResubscribe":(true|false)/, '"isResubscribe":"?"'));
  },
};
