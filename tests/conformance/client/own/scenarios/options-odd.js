'use strict';
module.exports = {
  title: 'option values of other types than documented are taken as JavaScript takes them',
  async run(t) {
    t.hide('frames');
    const all = [{ retry: '20' }, { maxRetry: '60' }, { timeout: '50' }, { timeout: null }, { ping: 1 }, { ping: 'true' }, { ping: null }, { pingInterval: '0' }, { pingInterval: -1 },
      { pongWaitTimeout: null }, { resubscribe: null }, { resubscribe: 'no' }, { authHeaders: null }, { authParams: null }, { refreshHeaders: null }, { refreshParams: null },
      { refreshData: null }, { refreshData: [1] }, { refreshAttempts: '2' }, { refreshInterval: '10' }, { server: 5 }, { transports: [] }, { transports: null }, { sockJS: null },
      { onTransportClose: null }, { onRefresh: null }, { onPrivateChannelAuth: undefined }, { refreshFailed: 0 }, { unknown: 1, constructor: 2 }, { debug: 0 }, { privateChannelPrefix: null },
      { privateChannelPrefix: 'abc' }, { authTransport: 'AJAX' }, { refreshTransport: 'Ajax' }, { authTransport: 'telepathy' }, { refreshTransport: '' }, { insecure: 'yes', user: undefined, token: undefined, timestamp: undefined },
      { retry: 0 }, { maxRetry: 0 }, { refreshInterval: 0 }, { refreshAttempts: 0 }, { refreshData: undefined }, { info: null }, { info: undefined }, { insecure: null }, { insecure: 0 },
      { retry: null }, { retry: 20.7 }, { timeout: 99.5 }, { pingInterval: null }, { retry: undefined }, { timeout: Infinity }, { maxRetry: Infinity }, { pingInterval: 1e12, ping: false }];
    for (const options of all) {
      const label = JSON.stringify(options) + Object.keys(options);
      const c = await t.client(options);
      if (!c) { t.note(label); continue; }
      await t.attempt(label + ' connect', () => c.connect());
      const s = await t.accept();
      await s.recv().then((cmd) => s.reply(cmd, { client: 'x', expires: false, expired: false, ttl: 0 }));
      await t.until(() => c.isConnected(), 'connected');
      await c.disconnect();
    }
  },
};
