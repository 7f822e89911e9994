'use strict';
module.exports = {
  title: 'SIGHUP: insecure modes, connection_lifetime, admin password and secret; what takes a restart: ports, prefix, admin, web, compression',
  config: { admin: true, admin_password: 'pw', admin_secret: 'as' },
  async run(t) {
    const KEEP = { admin: true, admin_password: 'pw', admin_secret: 'as' };
    const a = await t.join('A');
    t.alias(String(t.extra(1)), '<port1>');
    const admin = await t.admin('M', { token: t.adminToken(), watch: true });
    await t.reload(Object.assign({ insecure: true, insecure_api: true }, KEEP));
    const b = await t.open('B');
    await b.cmd('connect', {});
    await b.cmd('connect', { user: 'x' }).catch(() => {});
    await b.closed();
    await t.api({ method: 'channels' }, { sign: 'none' });
    await t.reload(KEEP);
    const c = await t.open('C');
    await c.fatal('connect', {});
    await t.api({ method: 'channels' }, { sign: 'none' });
    t.note('lifetime: connections from before do not expire, new ones do');
    await t.reload(Object.assign({ connection_lifetime: 1, expired_connection_close_delay: 1 }, KEEP));
    const d = await t.open('D');
    await d.cmd('connect', d.connectParams({ timestamp: t.ts(0) }));
    await d.closed(6000);
    await a.cmd('ping');
    t.note('watch, admin secret');
    await t.reload(Object.assign({}, KEEP, { admin_secret: 'new', watch: true }));
    await t.api({ method: 'publish', params: { channel: 'w', data: 1 } });
    await admin.recv();
    await admin.cmd('ping');
    const m = await t.open('N', '/socket');
    await m.fatal('connect', { token: t.adminToken({ secret: 'as', label: '<token of the old secret>' }), watch: true });
    const o = await t.admin('O', { token: t.adminToken({ label: '<token of the new secret>' }), watch: true });
    await o.cmd('ping');
    t.note('what stays as it was');
    await t.reload(Object.assign({}, KEEP, { admin: false, web: true, http_prefix: '/p', api_port: String(t.extra(1)), websocket_compression: true, engine: 'nonsense', port: '1', pid_file: '/nonexistent/x' }));
    await t.request('GET', '/auth/', { text: 'length' });
    await t.request('GET', '/p/connection/websocket', { text: 'length' });
    await t.request('GET', '/connection/websocket', { text: 'length' });
    await t.request('GET', '/api/', { text: 'length' });
    const r = await t.raw('R', { offers: ['permessage-deflate'] });
    await r.cmd('connect', r.connectParams());
    const q = await t.admin('Q', { token: t.adminToken({ label: '<token of the old secret>' }), watch: true }).catch(() => null);
    if (q) await q.cmd('ping');
  },
};
