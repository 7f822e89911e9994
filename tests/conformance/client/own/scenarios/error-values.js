'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'what counts as an error: 0 and false do, null and the empty text do not; errors and advice of any type',
  async run(t) {
    const { s, sub } = await subscribed(t);
    for (const more of [{ error: 0 }, { error: false }, { error: '' }, { error: null }, { error: '', advice: 'fix' }, { error: { code: 1 } }, { error: ['a'], advice: 'retry' }, { error: 17, advice: 'fix' }, { error: 'x', advice: '' },
      { error: 'x', advice: null }, { error: true }, { error: 'ü\n"' }, { error: 'x', advice: 'anything else' }]) {
      const p = t.track(JSON.stringify(more), sub.publish(1));
      s.reply(await s.recv(), { channel: 'news', status: true }, more);
      await p;
    }
    s.send({ method: 'surprise', error: 'unknown method with an error' });
    s.send({ error: 'no method' });
    s.send({ method: 'ping', error: 'ping error' });
    s.send({ method: 'message', error: 'message error', body: { uid: 'm', channel: 'news', data: 1 } });
    s.send({ method: 'join', error: 'join error', body: { channel: 'news', data: {} } });
    s.send({ method: 'unsubscribe', error: 'unsubscribe error', body: { channel: 'news' } });
    s.send({ method: 'unsubscribe', error: 'unsubscribe error', body: { channel: 'unknown' } });
    s.send({ method: 'disconnect', error: 'disconnect error', body: { reason: 'r', reconnect: false } });
    s.send({ method: 'refresh', error: 'refresh error', body: null });
    s.send({ method: 'connect', error: 'connect error' });
    s.send({ method: 'subscribe', error: 'subscribe error', body: { channel: 'unknown' } });
    await t.sleep(80);
  },
};
