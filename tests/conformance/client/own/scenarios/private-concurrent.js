'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'several auth requests at once, answered in another order, one of them refused',
  async run(t) {
    const before = { $a: '$b: error', $b: '$c: subscribe' };
    t.route('/auth', async (r) => {
      const [channel] = r.body.channels;
      await t.until(() => t.requests.length === 3, 'all requests');
      if (before[channel]) await t.seen(before[channel]);
      return channel === '$b' ? { status: 500, json: {} } : signs(r);
    });
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    for (const name of ['$a', '$b', '$c']) await t.subscribe(c, name, ['subscribe', 'error']);
    for (let n = 0; n < 2; n++) s.subscribed(await s.recv());
    await t.seen('$a: subscribe');
    t.requests.sort();
  },
};
