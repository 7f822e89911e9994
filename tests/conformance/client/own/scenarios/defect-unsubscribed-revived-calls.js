'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'calls on an unsubscribed subscription after a reconnect',
  async run(t) {
    const { s, sub } = await subscribed(t, {}, { names: [] });
    await sub.unsubscribe();
    await s.recv();
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    t.track('publish', sub.publish(1));
    await t.sleep(80);
    t.note('settled: ' + t.calls.length);
  },
};
