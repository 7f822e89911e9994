'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'answers to calls with bodies of every type, in another order, twice, of other methods',
  async run(t) {
    const { s, sub } = await subscribed(t);
    for (const body of [null, 0, 17, 'text', [], [1], {}, true, { channel: 'news', data: {} }]) {
      const p = t.track('presence ' + JSON.stringify(body), sub.presence());
      s.reply(await s.recv(), body);
      await p;
    }
    const p = t.track('history without body', sub.history());
    s.reply(await s.recv());
    await p;
    const all = ['publish', 'presence', 'history'].map((m) => t.track(m, sub[m](m)));
    const cmds = await s.recvN(3);
    s.send(cmds.reverse().map((cmd) => ({ uid: cmd.uid, method: cmd.method, body: { n: cmd.uid } })));
    for (const cmd of cmds) s.reply(cmd, 'twice');
    await Promise.all(all);
    const q = t.track('publish', sub.publish(1));
    const cmd = await s.recv();
    s.send({ uid: Number(cmd.uid), method: 'publish', body: 'a number as uid' });
    await q;
  },
};
