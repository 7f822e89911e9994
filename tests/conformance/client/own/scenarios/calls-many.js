'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'five hundred calls at once, answered from behind; some time out',
  async run(t) {
    const { s, sub } = await subscribed(t, { timeout: 3000 }, { names: [], watched: false });
    let good = 0;
    let late = 0;
    const all = [];
    for (let n = 0; n < 500; n++) all.push(sub[['publish', 'presence', 'history'][n % 3]](n).then((b) => { if (b.n === n) good++; }, (e) => { if (e.error === 'timeout') late++; }));
    const cmds = await s.recvN(500);
    s.send(cmds.map((cmd, n) => ({ uid: cmd.uid, method: cmd.method, body: { n } })).filter((m, n) => n % 10).reverse());
    await Promise.all(all);
    t.note(good + ' answered, ' + late + ' timed out');
    s.reply(cmds[0], { n: 0 });
    await t.sleep(40);
    t.hide('frames');
  },
};
