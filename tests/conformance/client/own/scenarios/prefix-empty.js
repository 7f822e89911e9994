'use strict';
const { connected, signs } = require('../kit');
module.exports = {
  title: 'an empty prefix makes every channel private; index-like names come first',
  async run(t) {
    const c = await t.watched({ authEndpoint: t.origin + '/auth', privateChannelPrefix: '' });
    t.route('/auth', signs);
    for (const name of ['b', '10', 'a', '9', '01', '-1', '4294967294', '4294967295', '1.5', '$x']) await t.subscribe(c, name, ['subscribe']);
    await c.connect();
    const s = await t.accept();
    await s.handshake();
    for (const cmd of await s.recv()) s.subscribed(cmd);
    await t.seen('$x: subscribe');
    await t.sleep(40);
    await c.disconnect();
    await s.closed();
    await connected(t, { privateChannelPrefix: '' }, {}, false).then(({ c: other }) => other.disconnect());
  },
};
