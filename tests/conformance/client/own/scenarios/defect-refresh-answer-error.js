'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'after an error answer to refresh the next attempt is planned',
  async run(t) {
    t.hide('http', 'frames');
    t.route('/refresh', () => ({ json: credentials }));
    const { s } = await connected(t, { refreshEndpoint: t.origin + '/refresh', refreshInterval: 1 }, { expires: true, ttl: 1 });
    s.fail(await s.recv(), 'internal server error', 'retry', null);
    await t.seen('error');
    await t.sleep(1500);
    t.note('tried again: ' + (s.queue.length > 0));
  },
};
