'use strict';
module.exports = {
  title: 'a thousand channels, lost and subscribed again',
  async run(t) {
    const c = await t.client({ frameSizeMax: Infinity }); // in one frame, as 1.x sends it (D53)
    const counts = { subscribe: 0, unsubscribe: 0, message: 0 };
    const callbacks = Object.fromEntries(Object.keys(counts).map((name) => [name, () => { counts[name]++; }]));
    for (let n = 0; n < 1000; n++) await c.subscribe('ch:' + n, callbacks);
    await c.connect();
    let s = await t.accept();
    for (let round = 1; round <= 2; round++) {
      await s.handshake();
      const cmds = await s.recv();
      t.note(cmds.length + ' ' + cmds[0].params.channel + ' ' + cmds[999].params.channel);
      s.send(cmds.map((cmd) => ({ uid: cmd.uid, method: 'subscribe', body: { channel: cmd.params.channel, status: true } })));
      s.send(cmds.map((cmd) => ({ method: 'message', body: { uid: 'm', channel: cmd.params.channel, data: round } })));
      await t.until(() => counts.message === 1000 * round, 'the messages');
      t.note(JSON.stringify(counts));
      if (round === 1) { s.drop(); s = await t.accept(); }
    }
    t.hide('frames');
  },
};
