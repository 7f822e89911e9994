'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'unsubscribe() while the auth request runs',
  async run(t) {
    t.hide('frames');
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    t.route('/auth', () => ({ json: { $p: { sign: 's', info: '' } }, delay: 80 }));
    const sub = await t.subscribe(c, '$p');
    await t.until(() => t.requests.length, 'the request');
    await sub.unsubscribe();
    await t.sleep(250);
    t.note('subscribe commands: ' + s.queue.filter((cmd) => cmd.method === 'subscribe').length);
  },
};
