'use strict';
module.exports = {
  title: 'connect answered with an error, without a body, well, and once more',
  async run(t) {
    const c = await t.watched();
    await c.connect();
    const s = await t.accept();
    const cmd = await s.recv();
    s.reply(cmd, null, { error: 'internal server error', advice: 'retry' });
    await t.seen('error');
    await t.state(c, 'after the error');
    s.reply(cmd);
    await t.sleep(40);
    await t.state(c, 'without body');
    s.reply(cmd, null);
    await t.sleep(40);
    s.reply(cmd, { version: '1.8.0', client: 'one', expires: false, expired: false, ttl: 0 });
    await t.seen('connect');
    await t.state(c);
    s.reply(cmd, { version: '1.8.0', client: 'two', expires: false, expired: false, ttl: 0 });
    await t.sleep(60);
    await t.state(c);
  },
};
