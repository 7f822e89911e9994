'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'an old subscription object after disconnect(): subscribe(), unsubscribe(), ready(), listeners',
  async run(t) {
    const { c, s, sub } = await subscribed(t);
    await c.disconnect();
    await s.closed();
    await t.attempt('unsubscribe', () => { sub.unsubscribe(); });
    sub.on('message', () => t.event('never'));
    const fresh = await t.subscribe(c, 'news', ['subscribe']);
    t.note('same object: ' + (fresh === sub));
    await c.connect();
    const s2 = await t.accept();
    await s2.handshake();
    s2.subscribed(await s2.recv());
    await t.until(() => t.events.filter((e) => e.startsWith('news: subscribe')).length === 2, 'the second');
    t.hide('frames');
    await t.track('fresh', Promise.race([fresh.publish(1).catch(() => 'failed'), t.sleep(50).then(() => 'waits')]));
  },
};
