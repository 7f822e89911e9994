'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'several auth requests at once, answered in another order, one of them refused',
  async run(t) {
    t.route('/auth', (r) => Object.assign(r.body.channels[0] === '$b' ? { status: 500, json: {} } : signs(r), { delay: r.body.channels[0] === '$a' ? 200 : r.body.channels[0] === '$b' ? 100 : 1 }));
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    for (const name of ['$a', '$b', '$c']) await t.subscribe(c, name, ['subscribe', 'error']);
    for (let n = 0; n < 2; n++) s.subscribed(await s.recv());
    await t.seen('$a: subscribe');
    t.requests.sort();
  },
};
