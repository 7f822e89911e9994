'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'resubscribe false: subscriptions end with their connection; subscribing only while connected',
  async run(t) {
    const { c, s } = await connected(t, { resubscribe: false });
    const sub = await t.subscribe(c, 'news');
    await s.acceptSubscribe({ last: '' });
    await t.seen('news: subscribe');
    const waiting = await t.subscribe(c, 'waiting', ['subscribe', 'error']);
    await s.recv();
    s.drop();
    await t.seen('disconnect');
    await t.attempt('subscribe while disconnected', () => c.subscribe('other'));
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    await s2.quiet();
    s2.message('news', 'm1', 1);
    await t.sleep(30);
    const again = await t.subscribe(c, 'news', ['subscribe', 'message']);
    t.note('same objects: ' + (again === sub) + (again === waiting));
    s2.subscribed(await s2.recv());
    await t.seen('news: subscribe', 2);
    s2.message('news', 'm2', 2);
    await t.seen('news: message {"uid":"m2"');
    t.hide('frames'); // whether recovery is asked for is left open
    t.events = t.events.filter((e) => !e.includes('"m1"'));
  },
};
