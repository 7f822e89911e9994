'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'pongs slower than pingInterval keep the connection',
  async run(t) {
    t.hide('frames');
    const { c, s } = await connected(t, { pingInterval: 80, pongWaitTimeout: 300 });
    const until = Date.now() + 1500;
    while (Date.now() < until && !s.gone) { await t.sleep(200); if (!s.gone) s.send({ method: 'ping' }); }
    await t.state(c);
  },
};
