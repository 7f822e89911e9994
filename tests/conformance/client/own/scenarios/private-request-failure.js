'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'auth requests that fail: statuses, no JSON, hang-up, nobody listens',
  async run(t) {
    const { c } = await connected(t, { authEndpoint: t.origin + '/auth' });
    const answers = [{ status: 204, text: '' }, { status: 201, json: { $p: { sign: 's', info: '' } } }, { status: 403, json: {} }, { status: 500, text: 'oops' }, { status: 200, text: '{"$p":' }, { status: 200, text: '' }, null];
    t.route('/auth', () => answers.shift());
    let n = 0;
    const sub = await c.subscribe('$p', { error: (e) => t.event(++n + ' ' + JSON.stringify(e)), subscribe: () => t.event('subscribed') });
    await t.seen('1 ');
    while (answers.length) { await sub.subscribe(); await t.seen(n + 1 + ' '); }
    await t.track('publish', sub.publish(1));
  },
};
