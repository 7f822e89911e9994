'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'ready(): subscribed, refused, pending, new; at once',
  async run(t) {
    const c = await t.watched();
    const ask = (sub, label) => sub.ready((x) => t.event(label + ' callback ' + JSON.stringify(Object.assign(x, { recovered: undefined }))), (x) => t.event(label + ' errback ' + JSON.stringify(x)));
    const sub = await c.subscribe('news');
    t.note('returns ' + ask(sub, 'new'));
    await c.connect();
    const s = await t.accept();
    await s.handshake();
    const first = await s.recv();
    ask(sub, 'subscribing');
    s.subscribed(first);
    await t.sleep(60);
    t.note('before');
    ask(sub, 'subscribed');
    t.note('after');
    const bad = await c.subscribe('bad');
    s.fail(await s.recv(), 'permission denied', 'fix');
    await t.seen('error');
    ask(bad, 'refused');
    await bad.subscribe();
    ask(bad, 'asked again');
    s.fail(await s.recv(), 'other');
    await t.seen('error', 2);
    ask(bad, 'refused again');
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    const frame = await s2.recv();
    ask(sub, 'after the loss');
    for (const cmd of frame) s2.subscribed(cmd);
    await t.sleep(60);
    ask(sub, 'resubscribed');
    ask(bad, 'now subscribed');
    // whether the first success counts as a resubscription is left open
    t.events = t.events.map((e) => e.replace(/(now subscribed .*"isResubscribe":)(true|false)/, '$1"?"'));
  },
};
