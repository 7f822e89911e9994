'use strict';
const { subscribed, signs } = require('../kit');
module.exports = {
  title: 'a close for good with subscriptions and calls in every state',
  async run(t) {
    t.route('/auth', (r) => Object.assign(signs(r), { delay: 200 }));
    const { c, s, sub } = await subscribed(t, { authEndpoint: t.origin + '/auth' }, { names: ['unsubscribe', 'error'] });
    const pending = await t.subscribe(c, 'pending', ['error']);
    await s.recv();
    const secret = await t.subscribe(c, '$secret', ['error']);
    const refused = await t.subscribe(c, 'refused', []);
    s.fail(await s.recv(), 'permission denied', 'fix');
    await t.seen('error');
    const gone = await t.subscribe(c, 'gone', []);
    gone.unsubscribe();
    const call = t.track('publish', sub.publish(1));
    await t.sleep(30);
    s.close(3000, '{"reason":"bye","reconnect":false}');
    await call;
    await t.seen('disconnect');
    await t.sleep(300);
    await t.state(c);
    for (const each of [sub, pending, secret, refused, gone]) await t.track(each.channel, each.publish(1));
    t.hide('frames', 'http');
  },
};
