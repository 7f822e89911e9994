'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'onPrivateChannelAuth that answers at once: a refusal comes before subscribe() has returned; then a batch',
  async run(t) {
    const { c, s } = await connected(t, { onPrivateChannelAuth: (ctx, cb) => { t.event('asked ' + ctx.data.channels); cb(ctx.data.channels.includes('$no'), { $a: { sign: 's', info: '' }, $b: { sign: 's' } }); } });
    const sub = c.subscribe('$no', { error: () => t.event('refused') });
    t.note('subscribe() has returned');
    sub.on('error', () => t.event('too late'));
    c.startAuthBatching();
    c.subscribe('$a', { subscribe: () => t.event('a') });
    c.subscribe('$b', { subscribe: () => t.event('b') });
    t.note('nothing asked');
    c.stopAuthBatching();
    t.note('asked');
    for (const cmd of await s.recv()) s.subscribed(cmd);
    await t.seen('b');
  },
};
