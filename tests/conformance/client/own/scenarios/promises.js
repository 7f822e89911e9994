'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'calls return promises: then, catch, chains, await, all, race',
  async run(t) {
    const { s, sub } = await subscribed(t, {}, { names: [] });
    const answer = async (n) => { for (let k = 0; k < n; k++) { const cmd = await s.recv(); s.reply(cmd, { channel: 'news', m: cmd.method }); } };
    answer(4);
    const p = sub.publish(1);
    t.note(typeof p.then + typeof p.catch);
    t.note(JSON.stringify(await p.then((b) => b.m).then((m) => m + '!')));
    t.note(JSON.stringify(await Promise.all([sub.presence(), sub.history()])));
    t.note(JSON.stringify(await Promise.race([sub.presence(), new Promise(() => {})])));
    const q = sub.publish(2);
    const cmd = await s.recv();
    s.fail(cmd, 'no', 'fix', null);
    t.note(JSON.stringify(await q.then(() => 'good', (e) => e)));
    t.note(JSON.stringify(await q.catch((e) => e.error)));
  },
};
