'use strict';
module.exports = {
  title: 'subscribing, unsubscribing and calling while connecting',
  async run(t) {
    const c = await t.watched();
    await c.connect();
    const s = await t.accept();
    const cmd = await s.recv();
    const a = await t.subscribe(c, 'a', ['subscribe', 'unsubscribe']);
    const b = await t.subscribe(c, 'b', ['subscribe', 'unsubscribe']);
    const gone = await t.subscribe(c, 'gone', ['subscribe', 'unsubscribe']);
    const call = t.track('publish', a.publish(1));
    await gone.unsubscribe();
    await b.unsubscribe();
    await b.subscribe();
    await t.attempt('ping', () => c.ping());
    t.frames.c1 = t.frames.c1.slice();
    s.reply(cmd, { client: 'x', expires: false, expired: false, ttl: 0 });
    await t.seen('connect');
    const frame = [];
    while (!frame.length) frame.push(...[].concat(await s.recv()).filter((x) => x.method === 'subscribe'));
    for (const each of frame) s.subscribed(each);
    await t.seen('b: subscribe');
    const p = await s.recv();
    s.reply(p, { channel: 'a', status: true });
    await call;
    t.hide('frames');
    t.note(JSON.stringify(frame.map((x) => x.params)) + JSON.stringify(p.params));
  },
};
