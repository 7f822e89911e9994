'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'configure() while connected: endpoints, prefix, maps, timeout, url, user count from their next use',
  async run(t) {
    t.route('/one', signs);
    t.route('/two', signs);
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/one', authHeaders: { 'X-A': '1', 'X-B': '1' }, authParams: { a: 1, b: 1 } });
    const sub = await t.subscribe(c, '$a', ['subscribe']);
    await s.acceptSubscribe();
    await t.seen('$a: subscribe');
    await c.configure({ authEndpoint: t.origin + '/two', authHeaders: { 'X-C': '2' }, authParams: { c: 2 }, timeout: 30 });
    await t.subscribe(c, '$b', ['subscribe']);
    await s.acceptSubscribe();
    await t.seen('$b: subscribe');
    await t.track('presence', sub.presence());
    await s.recv();
    await c.configure({ privateChannelPrefix: 'p:', url: t.origin + '/moved', user: 'u2' });
    await t.subscribe(c, 'p:c', ['subscribe']);
    await s.acceptSubscribe();
    await t.subscribe(c, '$d', ['subscribe']);
    await s.acceptSubscribe();
    await t.seen('$d: subscribe');
    await c.connect();
    await c.disconnect();
    await s.closed();
    await c.connect();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
  },
};
