'use strict';
module.exports = {
  title: 'onTransportClose: of a failed attempt, a lost connection, closes with and without advice, and one\'s own',
  async run(t) {
    t.refuse = true;
    const c = await t.watched({ onTransportClose: (x) => t.event('transport closed ' + JSON.stringify([Object.keys(x), typeof x.event, x.event && x.event.type, x.reason, x.reconnect])) });
    await c.connect();
    await t.seen('transport closed', 2);
    t.refuse = false;
    const s = await t.accept();
    t.events = t.events.filter((e, n, all) => all.indexOf(e) === n);
    await s.handshake();
    await t.seen('connect');
    s.close(3000, '{"reason":"r","reconnect":true}');
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    s2.close(3000, 'text');
    const s3 = await t.accept();
    await s3.handshake();
    await t.seen('connect', 3);
    await c.disconnect();
    await s3.closed();
    await t.sleep(50);
  },
};
