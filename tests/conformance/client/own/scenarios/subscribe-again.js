'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'unsubscribe(), subscribe(): by the object and by the client; listeners stay; in one go',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { names: ['subscribe', 'unsubscribe', 'message'] });
    await sub.unsubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    await sub.subscribe();
    await s.acceptSubscribe();
    await t.seen('news: subscribe', 2);
    await sub.unsubscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    t.note('same object: ' + (await c.subscribe('news', (m) => t.event('second ' + m.data)) === sub));
    await s.acceptSubscribe();
    await t.seen('news: subscribe', 3);
    sub.unsubscribe();
    sub.subscribe();
    s.reply(await s.recv(), { channel: 'news', status: true });
    await s.acceptSubscribe();
    await t.seen('news: subscribe', 4);
    s.message('news', 'm1', 1);
    await t.seen('second');
    await t.sleep(20);
    t.events = t.events.filter((e) => !/second|message/.test(e));
  },
};
