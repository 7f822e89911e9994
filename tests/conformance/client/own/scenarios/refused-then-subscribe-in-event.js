'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'a call that waited is rejected with what refused its channel, also when the error listener asks again',
  async run(t) {
    const { c, s } = await connected(t);
    const sub = await t.subscribe(c, 'news', ['error']);
    const refused = await s.recv();
    t.track('waited', sub.publish(1));
    sub.on('error', () => sub.subscribe());
    s.fail(refused, 'permission denied', 'fix');
    await s.acceptSubscribe();
  },
};
