'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'entries of an auth answer: without sign or info, of other types, null, with status',
  async run(t) {
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth' });
    const entries = { $a: { sign: 's' }, $b: { info: 'i' }, $c: {}, $d: { sign: 's', info: '', status: 200 }, $e: { sign: 's', info: '', status: null }, $f: { sign: 's', info: '', status: 404 },
      $g: { sign: 's', info: '{"a":"é"}', extra: 1 }, $h: { status: 200.0, sign: '', info: '' }, $i: { status: 401, sign: 's' } };
    t.route('/auth', () => ({ json: entries }));
    await c.startAuthBatching();
    for (const name of [...Object.keys(entries), '$missing']) await t.subscribe(c, name, ['subscribe', 'error']);
    await c.stopAuthBatching();
    for (const cmd of await s.recv()) s.subscribed(cmd);
    await t.seen('$h: subscribe');
  },
};
