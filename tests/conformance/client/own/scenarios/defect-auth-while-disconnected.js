'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'an auth failure that is reported while disconnected',
  async run(t) {
    t.hide('http', 'frames');
    t.route('/auth', (r) => (r.n === 1 ? { status: 403, json: {}, delay: 80 } : signs(r)));
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth', retry: 300, maxRetry: 600 });
    await c.subscribe('$p', { subscribe: () => t.event('subscribed'), error: () => t.event('refused') });
    await t.until(() => t.requests.length, 'the request');
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    await t.seen('subscribed');
  },
};
