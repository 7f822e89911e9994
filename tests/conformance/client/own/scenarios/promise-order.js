'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'events before promises; calls made together go out in order',
  async run(t) {
    const { c, s } = await connected(t);
    const sub = await t.subscribe(c, 'news');
    const log = (label) => (v) => { t.event(label + ' ' + JSON.stringify(v)); };
    sub.history().then(log('history'), log('history failed'));
    sub.publish(1).then(log('publish'), log('publish failed'));
    sub.presence().then(log('presence'), log('presence failed'));
    await s.acceptSubscribe();
    const [h, p, q] = await s.recvN(3);
    s.send([{ method: 'message', body: { uid: 'm1', channel: 'news', data: 1 } }, { uid: p.uid, method: 'publish', body: { status: true } }, { uid: h.uid, method: 'history', error: 'no', body: null }, { method: 'message', body: { uid: 'm2', channel: 'news', data: 2 } }, { uid: q.uid, method: 'presence', body: {} }]);
    await t.seen('presence');
    s.drop();
    await t.seen('disconnect');
    await c.disconnect();
    t.events = t.events.filter((e) => !e.includes('"client"')); // disconnect-while-waiting
    t.hide('frames');
  },
};
