'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'calls made between two connections go out when subscribed again',
  async run(t) {
    const { s, sub } = await subscribed(t);
    s.drop();
    await t.seen('disconnect');
    const calls = ['publish', 'presence', 'history'].map((m) => t.track(m, sub[m]({ n: 1 })));
    const s2 = await t.accept();
    await s2.handshake();
    await s2.acceptSubscribe();
    for (const cmd of await s2.recvN(3)) s2.reply(cmd, { channel: 'news', data: cmd.method });
    await Promise.all(calls);
  },
};
