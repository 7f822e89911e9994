'use strict';
module.exports = {
  title: 'calls inside callbacks: subscribe in connect, publish in subscribe, unsubscribe in message, subscribe in unsubscribe',
  async run(t) {
    const c = await t.client();
    c.once('connect', () => {
      t.event('connect');
      const sub = c.subscribe('news', {
        subscribe: () => { t.event('subscribe'); t.track('publish', sub.publish('hi')); },
        message: (m) => { t.event('message ' + m.data); if (m.data === 2) sub.unsubscribe(); },
        unsubscribe: () => { t.event('unsubscribe'); c.subscribe('other', (m) => t.event('other ' + m.data)); },
      });
      t.event('subscribe() returned');
    });
    await c.connect();
    const s = await t.accept();
    await s.handshake();
    await s.acceptSubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    s.message('news', 'a', 1);
    s.message('news', 'b', 2);
    for (let n = 0; n < 2; n++) {
      const cmd = await s.recv();
      if (cmd.method === 'subscribe') s.subscribed(cmd);
      else s.reply(cmd, { channel: 'news', status: true });
    }
    s.message('other', 'c', 3);
    await t.seen('other 3');
    t.hide('frames'); // which of the two commands goes first is left open
  },
};
