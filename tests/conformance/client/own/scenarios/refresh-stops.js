'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'a planned refresh ends with disconnect() and with a connect answer that does not expire',
  async run(t) {
    t.route('/refresh', () => ({ json: credentials }));
    const { c, s } = await connected(t, { refreshEndpoint: t.origin + '/refresh' }, { expires: true, ttl: 1 });
    await c.disconnect();
    await s.closed();
    await t.sleep(1200);
    t.note('requests ' + t.requests.length);
    await c.connect();
    const s2 = await t.accept();
    await s2.handshake({ expires: true, ttl: 1 });
    await t.seen('connect', 2);
    s2.drop();
    const s3 = await t.accept();
    await s3.handshake({ expires: false, ttl: 1 });
    await t.seen('connect', 3);
    await t.sleep(1200);
    t.note('requests ' + t.requests.length);
  },
};
