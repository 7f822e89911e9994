'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'published data of all kinds, as JSON.stringify writes it',
  async run(t) {
    const { s, sub } = await subscribed(t, {}, { names: [] });
    class Point { constructor() { this.x = 1; this.skip = undefined; } toJSON() { return { point: this.x }; } }
    const all = [null, undefined, 0, -0, NaN, Infinity, 1e21, 0.1, '', 'é☃𝄞\u2028"\\\n\u0000', true, [], [undefined, () => {}], {}, { a: undefined, b: null, __proto__: null }, new Date(0), new Point(), [[[[[]]]]], { '10': 1, '9': 2, z: 3 }, 'x'.repeat(1000)];
    for (const data of all) { t.track('p', sub.publish(data)); }
    for (const cmd of await s.recvN(all.length)) s.reply(cmd, { channel: 'news', status: true });
    await t.until(() => t.calls.length === all.length, 'the answers');
  },
};
