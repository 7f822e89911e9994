'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'one frame with everything: joins, messages, answers, unsubscribe, of several channels, in order',
  async run(t) {
    const { c, s, sub } = await subscribed(t);
    await t.subscribe(c, 'other');
    const cmd = await s.recv();
    const p = t.track('presence', sub.presence());
    const ask = await s.recv();
    s.send([
      { method: 'join', body: { channel: 'other', data: { user: 'u1', client: 'x' } } },
      { method: 'message', body: { uid: '1', channel: 'news', data: 1 } },
      { uid: cmd.uid, method: 'subscribe', body: { channel: 'other', status: true, last: '', messages: [], recovered: false } },
      { method: 'message', body: { uid: '2', channel: 'other', data: 2 } },
      null, 5, 'x', {}, [],
      { uid: ask.uid, method: 'presence', body: { channel: 'news', data: {} } },
      { method: 'leave', body: { channel: 'news', data: { user: 'u1', client: 'x' } } },
      { method: 'unsubscribe', body: { channel: 'other' } },
      { method: 'message', body: { uid: '3', channel: 'news', data: 3 } },
      { method: 'unsubscribe', error: 'x', body: { channel: 'news' } },
    ]);
    await p;
    await t.seen('error');
  },
};
