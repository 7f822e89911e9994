'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'messages, joins and leaves on their way when unsubscribe() is called',
  async run(t) {
    const { s, sub } = await subscribed(t);
    await sub.unsubscribe();
    s.message('news', 'm1', 1);
    s.send({ method: 'join', body: { channel: 'news', data: { user: 'u', client: 'x' } } });
    s.send({ method: 'leave', body: { channel: 'news', data: { user: 'u', client: 'x' } } });
    s.reply(await s.recv(), { channel: 'news', status: true });
    await t.sleep(60);
    await sub.subscribe();
    await s.acceptSubscribe();
    await t.seen('news: subscribe', 2);
    s.message('news', 'm2', 2);
    await t.sleep(60);
  },
};
