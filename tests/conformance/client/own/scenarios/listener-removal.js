'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'off() of one of several, of none, twice; listeners of an unsubscribed subscription stay',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { names: [], watched: false });
    const one = (m) => t.event('one ' + m.data);
    const two = (m) => t.event('two ' + m.data);
    sub.on('message', one).on('message', two).off('message', one).off('message', one).off('join', two).off('message', () => {});
    s.message('news', 'm1', 1);
    await t.seen('two 1');
    sub.unsubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    sub.on('unsubscribe', () => t.event('late'));
    sub.subscribe();
    await s.acceptSubscribe();
    s.message('news', 'm2', 2);
    await t.seen('two 2');
    c.once('disconnect', (e) => t.event(JSON.stringify(e)));
    c.on('disconnect', () => true);
    await c.disconnect();
    await s.closed();
  },
};
