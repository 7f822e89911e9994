'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'the position is forgotten by unsubscribe() and by the server\'s unsubscribe',
  async run(t) {
    const { s, sub } = await subscribed(t, {}, { over: { last: 'm1' } });
    await sub.unsubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    await sub.subscribe();
    await s.acceptSubscribe({ last: 'm2' });
    await t.seen('news: subscribe', 2);
    s.send({ method: 'unsubscribe', body: { channel: 'news', status: true } });
    await t.seen('news: unsubscribe', 2);
    await sub.subscribe();
    await s.acceptSubscribe({ last: 'm3' });
    await t.seen('news: subscribe', 3);
  },
};
