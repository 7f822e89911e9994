'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'missed messages come oldest first before the subscribe event; the newest is the position',
  async run(t) {
    const { s } = await subscribed(t, {}, { over: { last: 'm1' } });
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe({ last: '', messages: [{ uid: 'm4', channel: 'news', data: 4, client: 'x' }, { uid: 'm3', channel: 'news', data: null }, { uid: 'm2', channel: 'news', data: { a: [] } }], recovered: true });
    await t.seen('news: subscribe', 2);
    s2.drop();
    const s3 = await t.accept();
    await s3.handshake();
    await s3.acceptSubscribe({ last: 'm9', messages: [], recovered: false });
    await t.seen('news: subscribe', 3);
    s3.drop();
    const s4 = await t.accept();
    await s4.handshake();
    await s4.acceptSubscribe({ last: 'm9', messages: null, recovered: true });
    await t.seen('news: subscribe', 4);
  },
};
