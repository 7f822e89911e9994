'use strict';
module.exports = {
  title: 'the first connection is closed before its answer: with advice to stop, and without',
  async run(t) {
    for (const reason of ['{"reason":"invalid token","reconnect":false}', '{"reason":"later","reconnect":true}', 'disconnect', '']) {
      const c = await t.watched();
      await t.subscribe(c, 'news', ['subscribe', 'unsubscribe', 'error']);
      await c.connect();
      const s = await t.accept();
      await s.recv();
      s.close(3000, reason);
      await t.until(() => c.isDisconnected(), 'the loss');
      await t.sleep(100);
      t.note('tries again: ' + (t.peers.length > t.accepted));
      await c.disconnect();
      await t.sleep(30);
      t.accepted = t.peers.length;
      t.events = t.events.filter((e) => !e.includes('"client"') && !e.includes('news: unsubscribe'));
    }
    t.hide('frames');
  },
};
