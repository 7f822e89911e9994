'use strict';
module.exports = {
  title: 'subscriptions are asked for, and lost, in the order of their table: index-like names first',
  async run(t) {
    const c = await t.watched();
    for (const name of ['b', '10', 'a', '9', '01', '-1', '4294967294', '4294967295', '1.5', ' 5', '0']) await t.subscribe(c, name, ['unsubscribe', 'subscribe']);
    await c.connect();
    const s = await t.accept();
    await s.handshake();
    for (const cmd of await s.recv()) s.subscribed(cmd);
    await t.seen('a: subscribe');
    await t.seen(' 5: subscribe');
    s.drop();
    await t.seen(' 5: unsubscribe');
    const s2 = await t.accept();
    await s2.handshake();
    await s2.recv();
  },
};
