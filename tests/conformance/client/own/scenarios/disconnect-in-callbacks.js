'use strict';
module.exports = {
  title: 'disconnect() inside connect, subscribe, message',
  async run(t) {
    const c = await t.client();
    c.on('disconnect', (e) => t.event('disconnect ' + JSON.stringify(e)));
    let inside = 'connect';
    c.on('connect', () => { t.event('connect'); if (inside === 'connect') { inside = ''; c.disconnect(); setImmediate(() => t.event('after disconnect() in connect')); } });
    await c.connect();
    const s = await t.accept();
    await s.handshake();
    await t.seen('after');
    await s.closed();
    inside = 'subscribe';
    c.subscribe('news', { subscribe: () => { t.event('news: subscribe'); if (inside === 'subscribe') { inside = ''; c.disconnect(); setImmediate(() => t.event('after disconnect() in subscribe')); } }, unsubscribe: () => t.event('news: unsubscribe') });
    await c.connect();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    await t.seen('after disconnect() in subscribe');
    await s2.closed();
    c.subscribe('again', { message: (m) => { t.event('again: message ' + m.data); c.disconnect(); setImmediate(() => t.event('after disconnect() in message')); } });
    await c.connect();
    const s3 = await t.accept();
    await s3.handshake();
    await s3.acceptSubscribe();
    s3.message('again', 'a', 1);
    await t.seen('after disconnect() in message');
    await s3.closed();
    await t.state(c);
  },
};
