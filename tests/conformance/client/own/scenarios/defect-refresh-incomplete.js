'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'a refresh answer without a token is a failure',
  async run(t) {
    t.hide('http', 'frames');
    t.route('/refresh', (r) => ({ json: r.n === 1 ? { user: 'u1', timestamp: '2' } : credentials }));
    const { s } = await connected(t, { refreshEndpoint: t.origin + '/refresh', refreshInterval: 1 }, { expires: true, ttl: 1 });
    t.note(JSON.stringify((await s.recv()).params));
  },
};
