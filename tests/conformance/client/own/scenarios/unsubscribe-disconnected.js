'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'unsubscribe() and subscribe() between two connections',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { names: ['subscribe'] });
    const other = await t.subscribe(c, 'other', ['subscribe']);
    await s.acceptSubscribe();
    await t.seen('other: subscribe');
    s.drop();
    await t.seen('disconnect');
    await sub.unsubscribe();
    await other.unsubscribe();
    await other.subscribe();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    await t.seen('other: subscribe', 2);
    await s2.quiet();
    await t.track('publish', sub.publish(1));
    t.events = t.events.map((e) => e.replace(/"isResubscribe":(true|false)/, '"isResubscribe":"?"'));
  },
};
