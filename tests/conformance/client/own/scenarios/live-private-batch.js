'use strict';
module.exports = {
  title: 'real server: private channels, presence, history, own messages, joins, batching',
  tags: ['live'],
  async run(t) {
    await t.startServer({ presence: true, history_size: 5, history_lifetime: 60, join_leave: true, publish: true });
    t.route('/auth', (r) => ({ json: Object.fromEntries(r.body.channels.map((ch) => [ch, { sign: t.sign(r.body.client, ch, ch === '$a' ? '{"n":1}' : ''), info: ch === '$a' ? '{"n":1}' : '' }])) }));
    const c = await t.watched(t.credentials({ authEndpoint: t.origin + '/auth', info: '{"name":"é"}' }), true);
    for (const name of ['$a', 'pub', '$b']) await t.subscribe(c, name);
    await c.connect();
    await t.seen('$b: subscribe');
    await t.seen('pub: subscribe');
    const [a, pub] = [await c.subscribe('$a'), await c.subscribe('pub')];
    await t.track('presence', a.presence());
    await t.track('publish', pub.publish({ x: [1, 'é'] }));
    await t.track('history', pub.history());
    await c.startBatching();
    const all = [t.track('one', a.publish(1)), t.track('two', a.publish(2))];
    await t.sleep(30);
    await c.stopBatching(true);
    await Promise.all(all);
    await a.unsubscribe();
    await t.track('gone', a.publish(3));
    await t.sleep(80);
    t.events = t.events.filter((e) => !e.startsWith('$a: leave')).sort();
    t.calls.sort();
    t.hide('frames', 'http');
  },
};
