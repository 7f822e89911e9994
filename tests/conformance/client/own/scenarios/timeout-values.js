'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'timeout as text and as 0',
  async run(t) {
    for (const timeout of ['60', 0]) {
      const { c, s, sub } = await subscribed(t, { timeout }, { watched: false, names: [] });
      await t.track('presence ' + JSON.stringify(timeout), sub.presence());
      await s.recv();
      await c.disconnect();
      await s.closed();
    }
  },
};
