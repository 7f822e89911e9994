'use strict';
module.exports = {
  title: 'a disconnect message before the connect answer, and behind messages in one frame',
  async run(t) {
    const c = await t.watched();
    await t.subscribe(c, 'news');
    await c.connect();
    const s = await t.accept();
    await s.recv();
    s.send({ method: 'disconnect', body: { reason: 'early', reconnect: true } });
    await s.closed();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    await t.seen('news: subscribe');
    s2.send([{ method: 'message', body: { uid: '1', channel: 'news', data: 1 } }, { method: 'disconnect', body: { reason: 'bye', reconnect: false } }]);
    await s2.closed();
    await t.seen('disconnect', 2);
    await t.state(c);
    await t.sleep(150);
    t.note('connections ' + t.peers.length);
    t.events = t.events.map((e) => e.replace(/"isResubscribe":(true|false)/, '"isResubscribe":"?"'));
  },
};
