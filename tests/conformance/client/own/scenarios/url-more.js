'use strict';
module.exports = {
  title: 'addresses: slashes at the end, prefixes, queries, other schemes of the same place',
  async run(t) {
    const host = '127.0.0.1:' + t.port;
    for (const url of ['ws://' + host, 'ws://' + host + '/', 'ws://' + host + '//', 'http://' + host + '/a/b', 'http://' + host + '/a/b/', 'http://' + host + '/connection/websocket/', 'ws://' + host + '/x/connection/websocket',
      'ws://' + host + '/myconnection/websocket', 'http://' + host + '/websocket', 'ws://' + host + '/connections', 'ws://' + host + '/connection/websocket2']) {
      const c = await t.client({ url });
      t.note(url + ' ' + Boolean(c));
      await c.connect();
      const s = await t.accept();
      await s.handshake();
      await t.until(() => c.isConnected(), 'connected');
      await c.disconnect();
      await s.closed();
    }
    for (const url of ['ws://' + host + '/connection', 'http://' + host + '/connection/', 'http://' + host + '/myconnection']) await t.client({ url });
    for (const label of Object.keys(t.frames)) t.frames[label] = t.frames[label].slice(0, 1);
  },
};
