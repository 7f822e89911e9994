'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'disconnect(); connect(): the close of the old transport is not taken for the new one',
  async run(t) {
    t.hide('frames');
    const { c, s } = await connected(t, { retry: 200, maxRetry: 200 });
    c.disconnect();
    c.connect();
    await t.state(c, 'at once');
    const s2 = await t.accept();
    await s2.handshake();
    await s.closed();
    await t.seen('connect', 2);
    await t.sleep(600);
    await t.state(c, 'later');
    t.note('connections: ' + t.peers.length);
  },
};
