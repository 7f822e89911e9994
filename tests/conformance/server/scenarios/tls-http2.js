'use strict';
const http2 = require('http2');
const { hmac } = require('../lib');
module.exports = {
  title: 'TLS: HTTP/2 requests to the API, WebSocket refused over it (a server without HTTP/2 fails this one)',
  tls: true,
  certificate: 'server',
  config: ({ dir }) => ({ ssl: true, ssl_cert: dir + '/server.crt', ssl_key: dir + '/server.key' }),
  async run(t) {
    const session = http2.connect('https://127.0.0.1:' + t.port, { rejectUnauthorized: false });
    const ask = (headers, body) => new Promise((resolve, reject) => {
      const r = session.request(headers);
      let head, text = '';
      r.on('response', (h) => { head = h; });
      r.on('data', (d) => { text += d; });
      r.on('end', () => { t.note(headers[':method'] + ' ' + headers[':path'] + ': ' + head[':status'] + ' ' + (head['content-type'] || '-') + ' ' + JSON.stringify(text)); resolve(); });
      r.on('error', reject);
      r.end(body);
    });
    try {
      await new Promise((r, e) => { session.on('connect', r); session.on('error', e); });
    } catch (error) {
      t.note('no HTTP/2: ' + error.code);
      return;
    }
    t.note('agreed ' + session.alpnProtocol);
    const body = '{"method":"channels"}';
    await ask({ ':method': 'POST', ':path': '/api/', 'x-api-sign': hmac(t.secret, body), 'content-type': 'application/json' }, body);
    await ask({ ':method': 'GET', ':path': '/connection/websocket' });
    await ask({ ':method': 'GET', ':path': '/nosuch' });
    session.destroy();
  },
};
