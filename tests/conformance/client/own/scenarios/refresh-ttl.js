'use strict';
const { connected, credentials } = require('../kit');
module.exports = {
  title: 'ttl counts anew from each connect and refresh answer',
  async run(t) {
    t.route('/refresh', () => ({ json: credentials }));
    const { s } = await connected(t, { refreshEndpoint: t.origin + '/refresh' }, { expires: true, ttl: 1 });
    await t.sleep(600);
    s.drop();
    const s2 = await t.accept();
    await s2.handshake({ expires: true, ttl: 1 });
    await t.seen('connect', 2);
    await t.sleep(600);
    t.note('after 1.2 s: ' + t.requests.length);
    const cmd = await s2.recv();
    t.note('after 1.6 s: ' + t.requests.length);
    s2.reply(cmd, { client: 'client-c2', expires: true, expired: false, ttl: 2 });
    await t.sleep(1200);
    t.note('after 1.2 s: ' + t.requests.length);
    await s2.recv();
    t.note('after 2 s: ' + t.requests.length);
  },
};
