'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'an auth answer that comes after a reconnect belongs to a connection that is gone',
  async run(t) {
    t.hide('frames', 'http');
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    t.route('/auth', (r) => ({ json: { $p: { sign: 'for-' + r.body.client, info: '' } }, delay: r.n === 1 ? 250 : 0 }));
    await c.subscribe('$p', { subscribe: () => t.event('subscribed'), error: (e) => t.event('refused ' + JSON.stringify(e)) });
    await t.until(() => t.requests.length, 'the request');
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    const first = await s2.recv();
    t.note('sign ' + first.params.sign + ' client ' + first.params.client);
    s2.subscribed(first);
    await t.seen('subscribed');
    await t.sleep(350);
    t.note('further commands: ' + s2.queue.length);
  },
};
