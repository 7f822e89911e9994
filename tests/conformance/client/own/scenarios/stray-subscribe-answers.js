'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'good subscribe answers for unsubscribed, refused and unknown channels change nothing and are not answered',
  async run(t) {
    const { c, s, sub } = await subscribed(t);
    await sub.unsubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    s.send({ uid: '77', method: 'subscribe', body: { channel: 'news', status: true, last: 'q1' } });
    await s.quiet(100);
    await t.subscribe(c, 'bad');
    s.fail(await s.recv(), 'no', 'fix');
    s.send({ uid: '78', method: 'subscribe', body: { channel: 'bad', status: true } });
    await s.quiet(100);
    s.send({ uid: '79', method: 'subscribe', body: { channel: 'nobody', status: true } });
    s.send({ method: 'subscribe', body: { channel: 'news', status: true } });
    s.send({ uid: '80', method: 'subscribe', error: 'x', body: { channel: 'news' } });
    await s.quiet(100);
  },
};
