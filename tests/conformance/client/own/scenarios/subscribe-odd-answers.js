'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'subscribe answers: twice, of nobody, "already subscribed" behind a good one, without last',
  async run(t) {
    const { c, s } = await connected(t);
    await t.subscribe(c, 'news');
    const cmd = await s.recv();
    s.subscribed({ uid: '99', method: 'subscribe', params: { channel: 'nobody' } });
    s.subscribed(cmd, { last: 'm1' });
    s.subscribed(cmd, { last: 'm2', messages: [{ uid: 'm2', channel: 'news', data: 1 }] });
    s.fail(cmd, 'already subscribed', 'fix');
    await t.seen('news: subscribe');
    await t.subscribe(c, 'bare', ['subscribe', 'message']);
    s.reply(await s.recv(), { channel: 'bare' });
    await t.seen('bare: subscribe');
    await t.subscribe(c, 'odd', ['subscribe', 'message']);
    s.reply(await s.recv(), { channel: 'odd', status: false, recovered: true, messages: [], extra: [1] });
    await t.seen('odd: subscribe');
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await s2.recv();
  },
};
