'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'a batch of everything; answers in one frame',
  async run(t) {
    const { c, s, sub } = await subscribed(t);
    await c.startBatching();
    const calls = [t.track('publish', sub.publish(1)), t.track('presence', sub.presence()), t.track('history', sub.history())];
    await t.sleep(20);
    await c.ping();
    const other = await t.subscribe(c, 'other', ['subscribe', 'unsubscribe']);
    await sub.unsubscribe();
    await s.quiet();
    await c.flush();
    s.send((await s.recv()).map((cmd) => ({ uid: cmd.uid, method: cmd.method, body: cmd.method === 'ping' ? undefined : { channel: cmd.params.channel, status: true } })));
    await t.seen('other: subscribe');
    await Promise.all(calls);
    await other.unsubscribe();
    await c.stopBatching(true);
    await s.recv();
    await other.subscribe();
    await s.acceptSubscribe();
    await t.seen('other: subscribe', 2);
  },
};
