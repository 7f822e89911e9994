'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'twenty thousand messages in frames of many sizes: all, in order; a call behind them',
  async run(t) {
    const { s, sub } = await subscribed(t, {}, { names: [], watched: false });
    let next = 0;
    let bad = 0;
    sub.on('message', (m) => { if (m.data !== next++) bad++; });
    for (let n = 0; n < 20000;) {
      const size = Math.min([1, 2, 10, 500, 3000][n % 5], 20000 - n);
      const frame = [];
      for (let k = 0; k < size; k++, n++) frame.push({ method: 'message', body: { uid: 'm' + n, channel: 'news', data: n } });
      s.send(frame.length === 1 ? frame[0] : frame);
    }
    const p = t.track('publish', sub.publish('end'));
    s.reply(await s.recv(), { channel: 'news', status: true });
    await p;
    t.note(next + ' messages, ' + bad + ' out of order');
    t.hide('frames');
  },
};
