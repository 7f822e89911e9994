'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'unsubscribe messages: with and without uid, twice, of others; what follows',
  async run(t) {
    const { c, s, sub } = await subscribed(t);
    s.send({ uid: '77', method: 'unsubscribe', body: { channel: 'news', status: true } });
    s.send({ method: 'unsubscribe', body: { channel: 'other', status: true } });
    s.send({ uid: '', method: 'unsubscribe', body: { channel: 'news', status: true } });
    await t.seen('news: unsubscribe');
    s.send({ method: 'unsubscribe', body: { channel: 'news', status: true } });
    await t.sleep(40);
    await t.track('publish', sub.publish(1));
    await sub.unsubscribe();
    await s.recv();
    const again = await c.subscribe('news');
    t.note('same object: ' + (again === sub));
    await s.acceptSubscribe();
    await t.seen('news: subscribe', 2);
    s.send({ method: 'unsubscribe', body: { channel: 'news' } });
    await t.seen('news: unsubscribe', 2);
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.quiet();
  },
};
