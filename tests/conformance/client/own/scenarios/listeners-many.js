'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'many listeners; removed and added inside one another',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { names: [], watched: false });
    let calls = 0;
    for (let n = 0; n < 50; n++) sub.on('message', () => { calls++; });
    const removed = () => { t.event('removed is called'); };
    sub.on('join', () => { sub.off('join', removed); sub.on('join', () => t.event('added is called')); });
    sub.once('leave', () => { t.event('leave once'); s.send({ method: 'leave', body: { channel: 'news' } }); });
    s.message('news', 'm1', 1);
    await t.until(() => calls === 50, 'fifty');
    s.send({ method: 'join', body: { channel: 'news', data: 1 } });
    await t.sleep(30);
    t.note('first join is over');
    s.send({ method: 'join', body: { channel: 'news', data: 1 } });
    await t.seen('added');
    s.send({ method: 'leave', body: { channel: 'news' } });
    await t.sleep(60);
    sub.off('message');
    c.subscribe('news', { message: (m) => t.event('one more ' + m.data), surprise: () => {}, join: undefined });
    c.subscribe('news', 17);
    c.subscribe('news', 'text');
    c.subscribe('news', null);
    c.subscribe('news', []);
    s.message('news', 'm2', 2);
    await t.seen('one more');
    t.hide('frames');
  },
};
