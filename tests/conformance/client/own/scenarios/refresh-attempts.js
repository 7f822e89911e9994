'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'refreshAttempts used up: disconnected for good, refreshFailed()',
  async run(t) {
    t.route('/refresh', () => ({ status: 500, json: {} }));
    const { c, s } = await connected(t, { refreshEndpoint: t.origin + '/refresh', refreshInterval: 10, refreshAttempts: 2, refreshFailed: (...all) => t.event('refreshFailed ' + JSON.stringify(all)) }, { expires: true, ttl: 1 });
    await t.subscribe(c, 'news', ['subscribe', 'unsubscribe']);
    await s.acceptSubscribe();
    await t.seen('refreshFailed');
    await s.closed();
    await t.state(c);
    await t.sleep(300);
    t.note('connections ' + t.peers.length + ', requests ' + t.requests.length);
  },
};
