'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'refresh: empty user, empty info, further keys, data of other types',
  async run(t) {
    for (const refreshData of ['text', [1], 5, null, false]) {
      t.route('/refresh', () => ({ json: { more: 1, info: '', token: 't2', timestamp: '2', user: '' } }));
      const { c, s } = await connected(t, { info: 'i', refreshEndpoint: t.origin + '/refresh?x=' + typeof refreshData, refreshData }, { expires: true, ttl: 1 }, false);
      t.note(JSON.stringify((await s.recv()).params));
      await c.disconnect();
      await s.closed();
    }
    t.hide('frames');
  },
};
