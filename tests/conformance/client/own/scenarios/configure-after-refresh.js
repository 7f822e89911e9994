'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'configure() after a refresh merges into the refreshed credentials',
  async run(t) {
    t.route('/refresh', () => ({ json: credentials }));
    const { c, s } = await connected(t, { refreshEndpoint: t.origin + '/refresh', info: 'old' }, { expires: true, ttl: 1 });
    s.reply(await s.recv(), { client: 'client-c1', expires: false, expired: false, ttl: 1 });
    await t.sleep(50);
    await c.configure({ retry: 30 });
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
    await c.configure({ token: 'mine' });
    s2.drop();
    const s3 = await t.accept();
    await s3.handshake();
    await t.seen('connect', 3);
  },
};
