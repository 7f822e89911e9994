'use strict';
const { signs } = require('../kit');
module.exports = {
  title: 'the connection is dropped at every step of connecting and subscribing',
  async run(t) {
    t.route('/auth', signs);
    const c = await t.watched({ authEndpoint: t.origin + '/auth' });
    for (const name of ['a', '$p']) await t.subscribe(c, name);
    await c.connect();
    (await t.accept()).drop();
    let s = await t.accept();
    await s.recv();
    s.drop();
    s = await t.accept();
    await s.handshake();
    s.drop();
    s = await t.accept();
    await s.handshake();
    await s.acceptSubscribe({ last: 'x1' });
    await t.seen('a: subscribe');
    s.drop();
    s = await t.accept();
    await s.handshake();
    for (let n = 0; n < 2; n++) await s.acceptSubscribe({ last: 'x2' });
    await t.seen('$p: subscribe');
    s.drop();
    s = await t.accept();
    await s.handshake();
    for (let n = 0; n < 2; n++) t.note(JSON.stringify((await s.recv()).params));
    t.hide('frames', 'http');
    t.events = t.events.map((e) => e.replace(/"isResubscribe":(true|false)/, '"isResubscribe":"?"')).filter((e) => !/^(connect|uncaught)/.test(e)); // D14
  },
};
