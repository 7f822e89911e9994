'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'disconnect(), connect(): the table of subscriptions is empty, a new subscription is another object',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { over: { last: '' } });
    await c.disconnect();
    await s.closed();
    await t.state(c);
    await c.connect();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    await s2.quiet();
    await t.track('old publish', sub.publish(1));
    const other = await c.subscribe('other', () => t.event('other'));
    await s2.acceptSubscribe();
    s2.message('news', 'm1', 1);
    s2.message('other', 'm2', 1);
    await t.seen('other');
    t.note('same object: ' + (other === sub));
  },
};
