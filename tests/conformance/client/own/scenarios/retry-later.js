'use strict';
module.exports = {
  title: 'attempts go on while the server refuses; disconnect() and connect() in between',
  async run(t) {
    t.refuse = true;
    const c = await t.watched();
    await c.connect();
    await t.until(() => t.attempts.length >= 3, 'three attempts');
    await t.state(c);
    t.refuse = false;
    const s = await t.accept();
    await s.handshake();
    await t.seen('connect');
    await c.disconnect();
    await s.closed();
    const before = t.attempts.length;
    await t.sleep(200);
    t.note('further attempts: ' + (t.attempts.length - before));
    t.refuse = true;
    await c.connect();
    await t.until(() => t.attempts.length >= before + 2, 'two attempts');
    t.refuse = false;
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    // D7: whether this loss is told
    t.events = t.events.filter((e, n) => !(n > 4 && e.includes('connection closed')));
    t.events = t.events.filter((e) => !e.startsWith('state'));
  },
};
