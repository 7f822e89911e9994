'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'frames of a megabyte in both directions',
  async run(t) {
    const { s, sub } = await subscribed(t, { frameSizeMax: Infinity }, { names: [], watched: false }); // 1.x has no limit (D53)
    const text = 'é☃𝄞x'.repeat(100000);
    sub.on('message', (m) => t.event('message ' + (m.data === text)));
    const p = t.track('publish', sub.publish(text));
    const cmd = await s.recv();
    t.note('published ' + (cmd.params.data === text));
    s.message('news', 'm1', text);
    s.reply(cmd, { channel: 'news', status: true });
    await p;
    await t.seen('message');
    t.hide('frames');
  },
};
