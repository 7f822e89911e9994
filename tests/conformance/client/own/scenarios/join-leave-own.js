'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'joins and leaves: before the subscribe answer, after, of unknown channels, without data',
  async run(t) {
    const { c, s } = await connected(t);
    await t.subscribe(c, 'news');
    const cmd = await s.recv();
    s.send({ method: 'join', body: { channel: 'news', data: { user: 'u1', client: 'client-c1', default_info: { a: 1 }, channel_info: null } } });
    s.subscribed(cmd);
    await t.seen('news: subscribe');
    s.send({ method: 'join', body: { channel: 'unknown', data: {} } });
    s.send({ method: 'leave', body: { channel: 'news', data: null } });
    s.send({ method: 'join', uid: '5', body: { channel: 'news', data: [1], timestamp: 1 } });
    s.send({ method: 'join', body: { channel: 5 } });
    await t.seen('news: join', 2);
  },
};
