'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'disconnect() while an auth request runs: the answer does nothing',
  async run(t) {
    t.route('/auth', (r) => Object.assign(signs(r), { delay: 120 }));
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    const sub = await c.subscribe('$p', { subscribe: () => t.event('subscribed'), error: () => t.event('refused') });
    await t.until(() => t.requests.length, 'the request');
    await c.disconnect();
    await s.closed();
    await t.sleep(300);
    await t.state(c);
    await t.track('publish', sub.publish(1));
  },
};
