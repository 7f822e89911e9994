'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'private and public channels with positions over two reconnects; messages in between',
  async run(t) {
    t.route('/auth', signs);
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    await t.subscribe(c, '$p', ['message', 'subscribe']);
    await s.acceptSubscribe({ last: 'p1' });
    await t.subscribe(c, 'news', ['message', 'subscribe']);
    await s.acceptSubscribe({ last: 'n1' });
    await t.seen('news: subscribe');
    let last = s;
    for (let round = 0; round < 2; round++) {
      last.message('$p', 'p' + round, round);
      await t.seen('$p: message', round + 1);
      last.drop();
      last = await t.accept();
      await last.handshake();
      for (let k = 0; k < 2; k++) {
        const cmd = await last.recv();
        last.subscribed(cmd, { messages: cmd.params.channel === 'news' ? [{ uid: 'n' + (round + 2), channel: 'news', data: 'missed' }] : [], recovered: true });
      }
      await t.seen('$p: subscribe', round + 2);
      await t.seen('news: subscribe', round + 2);
    }
  },
};
