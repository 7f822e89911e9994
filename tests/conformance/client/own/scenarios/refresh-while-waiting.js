'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'credentials that arrive while waiting for the next attempt: it is made at once, with them',
  async run(t) {
    t.route('/refresh', () => ({ json: credentials, delay: 300 }));
    const { s } = await connected(t, { refreshEndpoint: t.origin + '/refresh', retry: 20000, maxRetry: 20000 }, { expires: true, ttl: 1 });
    await t.until(() => t.requests.length, 'the request');
    s.drop();
    const s2 = await t.accept();
    await s2.handshake({ expires: false });
    await t.seen('connect', 2);
  },
};
