'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'authHeaders and authParams: encoding, order, numbers, a header of the same name',
  async run(t) {
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/a/b.php', authHeaders: { 'X-One': '1', 'x-two': 2, 'X-CSRF-Token': 'ä'.replace('ä', 'a b') },
      authParams: { b: 'x&y=z', 'a c': 'é☃', n: 7, t: true, e: '', '+': '%' } });
    t.route('/a/b.php', (r) => { t.note(JSON.stringify(r.query)); return { json: { $p: { sign: 's', info: 'i' } } }; });
    await t.subscribe(c, '$p', ['subscribe']);
    await s.acceptSubscribe();
    await t.seen('$p: subscribe');
  },
};
