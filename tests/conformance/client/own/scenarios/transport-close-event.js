'use strict';
module.exports = {
  title: 'what the event of onTransportClose has: type, code, reason as it came, wasClean',
  async run(t) {
    const told = ({ event }) => t.event('closed ' + JSON.stringify([event.type, event.code, event.reason, event.wasClean]));
    const c = await t.watched({ onTransportClose: told });
    await c.connect();
    for (const close of [[3000, 'text'], [3001, '{"reason":"r","reconnect":true}'], [1000], [], [1001, ''], null]) {
      const s = await t.accept();
      await s.handshake();
      await t.until(() => c.isConnected(), 'connected');
      if (close) s.close(...close);
      else s.drop();
      await t.until(() => !c.isConnected(), 'the loss');
      await c.connect();
    }
    t.hide('frames');
  },
};
