'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'refresh answered with expired: the next attempt; then with another client id',
  async run(t) {
    t.route('/refresh', () => ({ json: credentials }));
    const { c, s } = await connected(t, { refreshEndpoint: t.origin + '/refresh', refreshInterval: 30 }, { expires: true, ttl: 1 });
    s.reply(await s.recv(), { client: '', expires: true, expired: true, ttl: 10 });
    await t.state(c);
    s.reply(await s.recv(), { client: 'renamed', expires: true, expired: false, ttl: 100 });
    await t.sleep(50);
    await t.state(c);
    await s.quiet();
  },
};
