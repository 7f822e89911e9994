'use strict';
/* permessage-deflate with `ws` and its defaults. What is agreed on, limits and bad data are recorded in tests/conformance. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const zlib = require('node:zlib');
const { Server, WebSocket, frame, credentials, until, soon } = require('./lib');

const NAMESPACES = [{ name: 'all', publish: true }];
const RSV1 = 0x40;
const LARGE = { list: Array.from({ length: 100 }, (unused, i) => ({ id: i, name: 'name ' + i, text: 'a text like the others' })) };
let server;

before(async () => { server = await Server.start({ websocket_compression: true, websocket_compression_min_size: 150, namespaces: NAMESPACES }); });
after(() => server.stop());

/* A client of `ws`; `received` counts the bytes of its socket. */
async function open(options) {
  const self = { messages: [], uid: 0 };
  self.ws = new WebSocket(server.url, Object.assign({}, server.trust, options));
  self.ws.on('message', (data) => self.messages.push(JSON.parse(data.toString())));
  self.ws.on('close', (code, reason) => { self.closed = { code, reason: reason.toString() }; });
  await soon(new Promise((resolve, reject) => self.ws.once('open', resolve).once('error', reject)), 'the connection');
  self.received = () => self.ws._socket.bytesRead;
  self.send = (method, params) => self.ws.send(JSON.stringify({ uid: String(++self.uid), method, params }));
  self.next = (fits) => until(() => {
    const index = self.messages.findIndex(fits);
    return index >= 0 && self.messages.splice(index, 1)[0];
  }, 'a message');
  self.send('connect', credentials('ann'));
  self.send('subscribe', { channel: 'all:news' });
  await self.next((m) => m.method === 'subscribe');
  return self;
}

const published = (m) => m.method === 'message';

test('`ws` with its defaults speaks it, both ways, and gets fewer bytes than who does not', async () => {
  const small = await open({});
  const plain = await open({ perMessageDeflate: false });
  assert.strictEqual(small.ws.extensions, 'permessage-deflate');
  assert.strictEqual(plain.ws.extensions, '');
  const before = [small.received(), plain.received()];
  small.send('publish', { channel: 'all:news', data: LARGE }); // above the 1 kB from which on `ws` compresses
  for (const one of [small, plain]) assert.deepStrictEqual((await one.next(published)).body.data, LARGE);
  const grown = [small.received() - before[0], plain.received() - before[1]];
  assert.ok(grown[1] > JSON.stringify(LARGE).length);
  assert.ok(grown[0] < grown[1] / 4, grown.join(' and '));
  small.ws.terminate();
  plain.ws.terminate();
});

test('a reader who is slow gets every message in order, compressed or not', async () => {
  const reader = await open({});
  reader.ws.pause();
  const text = (n) => ({ n, text: 'x'.repeat(n % 3 ? 10 : 5000) + n });
  for (let sent = 0; sent < 1000; sent += 100)
    await server.api(Array.from({ length: 100 }, (unused, i) => ({ method: 'publish', params: { channel: 'all:news', data: text(sent + i) } })));
  reader.ws.resume();
  for (let n = 0; n < 1000; n++) assert.deepStrictEqual((await reader.next(published)).body.data, text(n));
  reader.ws.terminate();
});

/* A raw connection that has agreed on it. */
async function raw() {
  const one = await server.raw();
  one.write('GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n');
  await one.waitText('client_no_context_takeover\r\n\r\n');
  one.bytes = Buffer.alloc(0);
  one.write(frame(1, JSON.stringify({ method: 'connect', params: credentials('bob') })));
  await one.frame();
  return one;
}

const compressed = (text) => zlib.deflateRawSync(text, { level: 9, finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);

test('bombs are closed with 1009, and a flood of messages that are just small enough costs nobody else anything', async () => {
  const ann = await open({});
  const bomb = await raw();
  const start = server.memory();
  bomb.write(frame(1, compressed(Buffer.alloc(50e6, 32)), { rsv: RSV1 }));
  assert.deepStrictEqual(await bomb.closeFrame(), { code: 1009, reason: '' });
  const flood = await raw();
  const one = frame(1, compressed('{"method":"ping"' + ' '.repeat(65000) + '}'), { rsv: RSV1 });
  flood.write(Buffer.concat(Array.from({ length: 2000 }, () => one)));
  flood.socket.pause();
  ann.send('publish', { channel: 'all:news', data: 1 });
  await ann.next(published);
  assert.ok(server.memory() - start < 64 * 1024 * 1024, 'memory grew by ' + (server.memory() - start));
  flood.end();
  ann.ws.terminate();
});
