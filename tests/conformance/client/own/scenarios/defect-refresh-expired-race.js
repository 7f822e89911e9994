'use strict';
const { credentials } = require('../kit');
module.exports = {
  title: 'expired connect and a slow refresh: no attempt with the old credentials',
  async run(t) {
    t.hide('frames', 'http');
    t.route('/refresh', () => ({ json: credentials, delay: 300 }));
    const c = await t.watched({ refreshEndpoint: t.origin + '/refresh' });
    await c.connect();
    const tokens = [];
    const until = Date.now() + 1500;
    while (Date.now() < until) {
      for (const p of t.peers) {
        if (!p.queue.length || p.gone) continue;
        const cmd = p.queue.shift();
        if (cmd.method !== 'connect') continue;
        tokens.push(cmd.params.token);
        const old = cmd.params.token === 'tok';
        p.reply(cmd, { version: '1.8.0', client: old ? '' : 'c', expires: true, expired: old, ttl: 60 });
      }
      await t.sleep(5);
    }
    t.note('old token used: ' + (tokens.filter((x) => x === 'tok').length > 1 ? 'again' : 'once'));
    t.note('new token used: ' + (tokens.filter((x) => x === 'tok2').length > 1 ? 'again' : 'once'));
  },
};
