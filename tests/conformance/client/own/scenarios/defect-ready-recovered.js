'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'the context of ready() is that of the event',
  async run(t) {
    const { s, sub } = await subscribed(t, {}, { over: { last: 'm1' } });
    sub.ready((x) => t.event('ready ' + JSON.stringify(x)));
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe({ last: '', messages: [], recovered: true });
    await t.seen('news: subscribe', 2);
    await t.sleep(20);
    sub.ready((x) => t.event('ready ' + JSON.stringify(x)));
  },
};
