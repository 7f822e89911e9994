'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'the channels of an auth batch: names like indexes first, then as they were put aside',
  async run(t) {
    t.route('/auth', signs);
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth', privateChannelPrefix: '' });
    await c.startAuthBatching();
    for (const name of ['b', '10', 'a', '9', '100', '0']) await t.subscribe(c, name, ['subscribe']);
    await c.stopAuthBatching();
    for (const cmd of await s.recv()) s.subscribed(cmd);
    await t.seen('a: subscribe');
  },
};
