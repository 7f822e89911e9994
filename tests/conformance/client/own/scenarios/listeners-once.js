'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'once() of client and subscription over reconnects; off() of connect(listener)',
  async run(t) {
    const { c, s } = await connected(t, {}, {}, false);
    c.once('connect', () => t.event('connect once'));
    c.once('disconnect', () => t.event('disconnect once'));
    const always = () => t.event('connect always');
    c.on('connect', always);
    const sub = await c.subscribe('news', { subscribe: () => t.event('subscribe') });
    sub.once('unsubscribe', () => t.event('unsubscribe once'));
    await s.acceptSubscribe();
    await t.seen('subscribe');
    let last = s;
    for (let n = 0; n < 3; n++) {
      last.drop();
      last = await t.accept();
      await last.handshake();
      await last.acceptSubscribe();
      await t.seen('subscribe', n + 2);
      if (n === 1) c.off('connect', always);
    }
    t.hide('frames');
    t.events.sort();
  },
};
