'use strict';
module.exports = {
  title: 'a client without options is configured later; configure() merges: undefined leaves, null replaces',
  async run(t) {
    const c = await t.watched(undefined, true);
    await t.state(c, 'bare');
    await t.attempt('configure', () => c.configure({ url: t.url }));
    await t.attempt('configure', () => c.configure({ user: 'u1', timestamp: '1', token: 'a' }));
    await t.attempt('configure', () => c.configure({ user: undefined, token: 'b', info: 'i', retry: 20, maxRetry: 60 }));
    await t.attempt('configure', () => c.configure({}));
    await t.attempt('configure', () => c.configure({ token: null, user: 'u2' }));
    await t.attempt('configure', () => c.configure({ token: 'c' }));
    await c.connect();
    const s = await t.accept();
    await s.handshake();
    await t.seen('connect');
    await t.attempt('configure', () => c.configure({ token: 'd', info: '' }));
    s.drop();
    const s2 = await t.accept();
    await s2.handshake();
    await t.seen('connect', 2);
  },
};
