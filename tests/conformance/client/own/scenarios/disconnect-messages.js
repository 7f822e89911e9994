'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'disconnect messages: without body, without reason, reconnect, unknown keys',
  async run(t) {
    for (const body of [{}, { reason: 'r' }, { reconnect: true }, { reason: 'again', reconnect: true, x: 1 }, { reason: 'stop', reconnect: false }, { reason: '', reconnect: true }]) {
      const { c, s } = await subscribed(t, {}, { names: ['unsubscribe'] });
      t.note(JSON.stringify(body));
      const before = t.events.length;
      s.send({ method: 'disconnect', body });
      await t.until(() => t.events.length > before, 'the event');
      await s.closed();
      await t.sleep(150);
      t.note('connections since: ' + (t.peers.length - t.accepted));
      const told = t.events.length;
      await c.disconnect();
      await t.sleep(20);
      t.events.length = told; // defect-giveup-silent
      t.accepted = t.peers.length;
    }
  },
};
