'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'refreshAttempts null: a connection may be lost and made again meanwhile',
  async run(t) {
    t.route('/refresh', (r) => (r.n < 4 ? { status: 403, json: {} } : { json: credentials }));
    const { s } = await connected(t, { refreshEndpoint: t.origin + '/refresh', refreshInterval: 1, refreshAttempts: null, refreshFailed: () => t.event('refreshFailed') }, { expires: true, ttl: 1 });
    t.note(JSON.stringify((await s.recv()).params));
    t.hide('http');
  },
};
