'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'auth answer as an array of entries; entries without a channel, null, of others',
  async run(t) {
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    t.route('/auth', () => ({ json: { channels: [{ channel: '$b', sign: 'sb', info: '{"b":1}' }, { sign: 'x' }, { channel: '$a', sign: 'sa' }, { channel: '$other', sign: 'so', info: '' }, { channel: '$c', status: 403 }, { channel: '$d', status: 200, sign: 'sd', info: '' }, { channel: '$e', status: 0, sign: 'se' }] } }));
    await c.startAuthBatching();
    for (const name of ['$a', '$b', '$c', '$d', '$e', '$f']) await t.subscribe(c, name, ['subscribe', 'error']);
    await c.stopAuthBatching();
    for (const cmd of await s.recv()) s.subscribed(cmd);
    await t.seen('$e: subscribe');
  },
};
