'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'the refresh command is collected by a batch',
  async run(t) {
    t.route('/refresh', () => ({ json: credentials }));
    const { c, s } = await connected(t, { refreshEndpoint: t.origin + '/refresh' }, { expires: true, ttl: 1 });
    await c.startBatching();
    await c.ping();
    await t.until(() => t.requests.length, 'the request');
    await s.quiet();
    await c.flush();
    await s.recv();
    await c.stopBatching(true);
    await s.quiet();
  },
};
