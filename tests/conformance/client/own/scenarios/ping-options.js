'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'no idle pings with ping 1, ping "true", pingInterval 0 and below',
  async run(t) {
    t.hide('frames');
    for (const options of [{ ping: 1, pingInterval: 40 }, { ping: 'true', pingInterval: 40 }, { pingInterval: 0 }, { pingInterval: -5 }, { ping: false, pingInterval: 40 }, { ping: true, pingInterval: '40', pongWaitTimeout: '1000' }]) {
      const { c, s } = await connected(t, options, {}, false);
      await t.sleep(150);
      t.note(JSON.stringify(options) + ' pings: ' + (s.queue.length > 0));
      await c.disconnect();
    }
  },
};
