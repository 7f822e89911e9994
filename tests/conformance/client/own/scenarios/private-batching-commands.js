'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'commands of an auth answer join the batch of the user',
  async run(t) {
    t.route('/auth', signs);
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    await c.startBatching();
    await c.startAuthBatching();
    for (const name of ['$a', '$b']) await t.subscribe(c, name, ['subscribe']);
    await c.ping();
    await c.stopAuthBatching();
    await t.until(() => t.requests.length, 'the request');
    await s.quiet(250);
    await c.ping();
    await c.flush();
    for (const cmd of await s.recv()) if (cmd.method === 'subscribe') s.subscribed(cmd);
    await t.seen('$b: subscribe');
    await c.stopBatching(true);
    await s.quiet();
  },
};
