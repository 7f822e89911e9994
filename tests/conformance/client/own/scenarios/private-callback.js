'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'onPrivateChannelAuth: later, at once, failed, not quite failed',
  async run(t) {
    const { c, s } = await connected(t, { onPrivateChannelAuth: (ctx, cb) => {
      t.event('asked ' + JSON.stringify(ctx));
      const [channel] = ctx.data.channels;
      const answer = { [channel]: { sign: 'sign', info: '' } };
      if (channel === '$later') setTimeout(() => cb(false, answer), 20);
      else if (channel === '$now') cb(false, answer);
      else if (channel === '$one') cb(1, answer);
      else if (channel === '$failed') cb(true, answer);
      else if (channel === '$status') cb(undefined, { [channel]: { status: 401 } });
      else if (channel === '$empty') cb(false, {});
    } });
    for (const name of ['$later', '$now', '$one']) {
      await t.subscribe(c, name);
      await s.acceptSubscribe();
      await t.seen(name + ': subscribe');
    }
    for (const name of ['$failed', '$status', '$empty']) {
      const sub = await t.subscribe(c, name);
      await t.seen(name + ': error');
      await t.track(name, sub.publish(1));
    }
  },
};
