'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'onRefresh: at once and later, failures until refreshFailed()',
  async run(t) {
    let n = 0;
    const { c, s } = await connected(t, { refreshInterval: 1, refreshAttempts: 2, refreshFailed: () => t.event('refreshFailed'), onRefresh: (ctx, cb) => {
      t.event('onRefresh ' + JSON.stringify(ctx));
      n++;
      if (n === 1) setTimeout(() => cb(false, credentials), 30);
      else cb(n === 2 ? true : 1, credentials);
    } }, { expires: true, ttl: 1 });
    s.reply(await s.recv(), { client: 'c', expires: true, expired: false, ttl: 1 });
    s.reply(await s.recv(), { client: 'c', expires: true, expired: false, ttl: 100 });
    await t.sleep(50);
    t.note('asked ' + n);
    await c.disconnect();
    await s.closed();
  },
};
