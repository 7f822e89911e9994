'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'a ttl of more than 25 days',
  async run(t) {
    t.hide('frames', 'http');
    t.route('/refresh', () => ({ json: credentials }));
    const { c, s } = await connected(t, { refreshEndpoint: t.origin + '/refresh' }, { expires: true, ttl: 2147484 });
    await t.sleep(200);
    t.note('refreshed at once: ' + t.requests.length > 0);
    await t.state(c);
    t.note('commands ' + (s.queue.length > 0));
  },
};
