'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'a listener that throws: the rest goes on',
  async run(t) {
    t.hide('frames');
    const { c, s } = await subscribed(t);
    c.subscribe('other', { subscribe: () => { t.event('other subscribed'); throw new Error('in subscribe'); }, message: (m) => { t.event('other ' + m.data); throw new TypeError('in message'); } });
    s.send([{ uid: (await s.recv()).uid, method: 'subscribe', body: { channel: 'other', status: true, last: '', messages: [{ uid: 'b', channel: 'other', data: 2 }, { uid: 'a', channel: 'other', data: 1 }], recovered: true } },
      { method: 'message', body: { uid: 'c', channel: 'other', data: 3 } }, { method: 'message', body: { uid: 'd', channel: 'news', data: 4 } }]);
    await t.sleep(100);
    const other = c.subscribe('other');
    const p = t.track('publish', other.publish(1));
    await t.sleep(60);
    const cmd = s.queue.shift();
    if (cmd) { s.reply(cmd, { channel: 'other', status: true }); await p; }
    s.message('other', 'e', 5);
    await t.sleep(60);
    await t.state(c);
  },
};
