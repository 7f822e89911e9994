'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'the peer is dead when a pong is missing: the next attempt does not wait for its close',
  async run(t) {
    t.hide('frames');
    const { s } = await connected(t, { pingInterval: 100, pongWaitTimeout: 60 });
    s.ws._socket.pause();
    await t.seen('disconnect');
    await t.sleep(600);
    t.note('a new connection: ' + (t.peers.length > 1));
    s.ws._socket.resume();
  },
};
