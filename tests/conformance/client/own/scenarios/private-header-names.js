'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'configured headers are added to those of the same name; characters of parameters',
  async run(t) {
    t.route('/auth', (r) => { t.note(JSON.stringify(r.query)); return { json: { $p: { sign: 's', info: 'i' } } }; });
    const { c, s } = await connected(t, { authEndpoint: t.origin + '/auth', authHeaders: { 'x-requested-with': 'me', 'Content-Type': 'text/plain', 'X-Empty': '', 'X-Null': null },
      authParams: { "!'()*~-_.": "!'()*~-_.", 'a/b?c#d': '@:;,+ "', list: [1, 2], nothing: null, 'ü': '𝄞' } });
    await t.subscribe(c, '$p', ['subscribe']);
    await s.acceptSubscribe();
    await t.seen('$p: subscribe');
  },
};
