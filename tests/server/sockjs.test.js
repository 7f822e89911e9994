'use strict';
/*
 * SockJS as its clients and as strangers use it. What the frames look like is recorded in tests/conformance; here is what a
 * reference does not have: limits, pipelined requests, callbacks that are none, and the real client.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const https = require('node:https');
const SockJS = require('../conformance/node_modules/sockjs-client');
const { Server, WebSocket, until, soon } = require('./lib');

const CONNECT = JSON.stringify({ uid: '1', method: 'connect', params: { user: 'u', timestamp: '1', token: '' } });
const SUBSCRIBE = JSON.stringify({ uid: '2', method: 'subscribe', params: { channel: 'news' } });

let server;

before(async () => { server = await Server.start({ insecure: true, sockjs_url: '/s"<.js' }); });
after(() => server.stop());

/* A server of its own for a test, which ends with it. */
async function startFor(t, config) {
  const other = await Server.start(Object.assign({ insecure: true }, config));
  t.after(() => other.stop());
  return other;
}

function post(session, end, body) {
  return server.request({ port: server.port, path: '/connection/000/' + session + '/' + end }, body);
}

async function open(session) {
  assert.strictEqual((await post(session, 'xhr')).text, 'o\n');
  assert.strictEqual((await post(session, 'xhr_send', JSON.stringify([CONNECT, SUBSCRIBE]))).status, 204);
  const answer = await post(session, 'xhr');
  assert.match(answer.text, /^a\["/);
}

test('who guesses a session id gets a session of his own', async () => {
  await open('mine');
  assert.strictEqual((await post('Mine', 'xhr_send', '["x"]')).status, 404);
  assert.strictEqual((await post('Mine', 'xhr')).text, 'o\n');
  await server.publish('news', 'for subscribers');
  assert.match((await post('mine', 'xhr')).text, /for subscribers/);
});

test('a callback that is no name is refused, and opens nothing', async () => {
  for (const end of ['jsonp', 'jsonp?c=', 'jsonp?c=%3Cscript%3E', 'jsonp?c=a(', 'jsonp?c=a%0d%0a', 'jsonp?c=' + 'x'.repeat(200)]) {
    const answer = await server.request({ port: server.port, method: 'GET', path: '/connection/000/callback/' + end });
    assert.strictEqual(answer.status, 500, end);
    assert.match(answer.text, /^("callback" parameter required|invalid "callback" parameter)\n$/);
  }
  assert.strictEqual((await post('callback', 'xhr_send', '[]')).status, 404);
});

test('the page names the script of sockjs_url, and nothing else of it', async () => {
  const page = await server.request({ port: server.port, method: 'GET', path: '/connection/iframe-1.6.1.html' });
  assert.match(page.text, /<script src="\/s&#34;&#60;.js"><\/script>/);
  assert.match(page.headers.etag, /^"[0-9a-f]{40}"$/);
  const kept = await server.request({ port: server.port, method: 'GET', path: '/connection/iframe.html', headers: { 'If-None-Match': page.headers.etag } });
  assert.deepStrictEqual([kept.status, kept.text, kept.headers.etag], [304, '', undefined]);
});

test('requests behind a waiting poll on the same connection are answered after it', async () => {
  const request = (end, body) => `POST /connection/000/line/${end} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  await open('line');
  const raw = await server.raw();
  raw.write(request('xhr', '') + request('xhr', '') + request('xhr_send', '[]'));
  await until(async () => { await server.publish('news', 'first'); return /first/.test(raw.text()); }, 'the first answer');
  await until(async () => { await server.publish('news', 'second'); return /204 No Content/.test(raw.text()); }, 'the last answer');
  assert.deepStrictEqual([...raw.text().matchAll(/HTTP\/1\.1 (\d+)/g)].map((m) => m[1]), ['200', '200', '204']);
  raw.end();
});

test('more than fits behind a waiting poll is left where it is', async () => {
  await open('flood');
  const raw = await server.raw();
  raw.write('POST /connection/000/flood/xhr HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  raw.write('POST /connection/000/none/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n["' + 'x'.repeat(99996) + '"]');
  await until(async () => { await server.publish('news', 1); return /404 Not Found/.test(raw.text()); }, 'the second answer');
  raw.end();
});

test('a poller that never comes back is forgotten, with what waited for it', async () => {
  await open('away');
  await until(async () => (await post('away', 'xhr_send', '[]')).status === 404, 'the end of the session');
});

test('what waits for a poll is bounded: the session is closed, and the next poll says so', async (t) => {
  const small = await startFor(t, { client_queue_max_size: 50000, publish_wait_timeout: 0 });
  const ask = (end, body) => small.request({ port: small.port, path: '/connection/000/slow/' + end }, body);
  await ask('xhr');
  await ask('xhr_send', JSON.stringify([CONNECT, SUBSCRIBE]));
  await ask('xhr');
  for (let i = 0; i < 10; i++) await small.publish('news', 'x'.repeat(9000));
  assert.match((await ask('xhr')).text, /^c\[3000,.*slow/);
});

test('a session without a receiver does not keep the server from ending', async () => {
  const other = await Server.start({ insecure: true });
  await other.request({ port: other.port, path: '/connection/000/left/xhr' });
  await other.stop();
});

test('a stream by HTTP/1.0 has no chunks and ends with the connection', async () => {
  const raw = await server.raw();
  raw.write('POST /connection/000/old/xhr_streaming HTTP/1.0\r\nContent-Length: 0\r\n\r\n');
  await until(() => /\r\n\r\nh{2048}\no\n$/.test(raw.text()), 'the first frame');
  assert.doesNotMatch(raw.text(), /Transfer-Encoding/);
  raw.end();
});

test('requests behind a stream on the same connection are answered after its end', async () => {
  const raw = await server.raw();
  const request = (end, body) => `POST /connection/000/behind/${end} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  raw.write(request('xhr_streaming', '') + request('xhr_send', '[]'));
  await until(() => /\no\n/.test(raw.text()), 'the first frame');
  assert.strictEqual((await post('behind', 'xhr_send', JSON.stringify([CONNECT, SUBSCRIBE]))).status, 204);
  await server.publish('news', 'x'.repeat(140000));
  await until(() => /x\\"}}"\]\n\r\n0\r\n\r\nHTTP\/1\.1 204 No Content/.test(raw.text()), 'the answer behind the stream');
  raw.end();
});

test('a stream that is not read is closed when too much waits, and keeps nobody else waiting', async (t) => {
  const small = await startFor(t, { client_queue_max_size: 50000, publish_wait_timeout: 0 });
  const raw = await small.raw();
  const channels = async () => (await small.api({ method: 'channels', params: {} }))[0].body.data;
  raw.write('POST /connection/000/stuck/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n');
  await until(() => /\no\n/.test(raw.text()), 'the first frame');
  await small.request({ port: small.port, path: '/connection/000/stuck/xhr_send' }, JSON.stringify([CONNECT, SUBSCRIBE]));
  await until(async () => (await channels()).length === 1, 'the subscription');
  raw.socket.pause();
  await until(async () => {
    await small.publish('news', 'x'.repeat(100000));
    return (await channels()).length === 0;
  }, 'the end of the session');
  raw.socket.destroy();
});

/* What comes over a SockJS WebSocket: its texts, pings, and how it ends. */
function websocket(of, session) {
  const socket = new WebSocket(of.url.replace('websocket', '000/' + session + '/websocket'), of.trust);
  const self = { socket, texts: [], pings: 0, end: null };
  socket.on('message', (data) => self.texts.push(data.toString()));
  socket.on('ping', () => self.pings++);
  socket.on('close', (code, reason) => { self.end = { code, reason: reason.toString() }; });
  return self;
}

for (const bad of ['', 'x', '{}', '[1]', '["x"']) {
  test('a WebSocket message ' + JSON.stringify(bad) + ' is closed with a reason', async () => {
    const client = websocket(server, 'malformed');
    await until(() => client.texts.length === 1, 'the first frame');
    client.socket.send(bad);
    await until(() => client.end, 'the end');
    const advice = '{"reason":"invalid message","reconnect":false}';
    assert.deepStrictEqual(client.texts, ['o', 'c' + JSON.stringify([3000, advice])]);
    assert.deepStrictEqual(client.end, { code: 3000, reason: advice });
  });
}

test('a WebSocket gets heartbeats and pings', async (t) => {
  const other = await startFor(t, { sockjs_heartbeat_delay: 1, ping_interval: 5 }); // on a busy machine a pong takes its time
  const client = websocket(other, 'alive');
  await until(() => client.texts.filter((text) => text === 'h').length >= 2 && client.pings >= 1, 'signs of life');
  assert.strictEqual(client.end, null);
  client.socket.close(1000);
  await until(() => client.end, 'the end');
  assert.deepStrictEqual([client.end.code, client.texts[0]], [1000, 'o']);
});

test('a WebSocket whose client says nothing is dropped', async (t) => {
  const other = await startFor(t, { ping_interval: 1, sockjs_heartbeat_delay: 1, stale_connection_close_delay: 3600 });
  const raw = await other.raw();
  raw.write('GET /connection/000/mute/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n');
  await until(() => raw.closed, 'the end');
});

for (const transport of ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']) {
  test('the real client by ' + transport + ': connects, subscribes, gets what is published', () => talk(transport));
}

/* The client's libraries cannot be given an authority: two take Node's agent, one nothing. */
function trustEveryRequest() {
  if (!server.config.ssl) return;
  Object.assign(https.globalAgent.options, server.trust);
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
}

async function talk(transport) {
  trustEveryRequest();
  const client = new SockJS(server.origin + '/connection', null, { transports: [transport] });
  const texts = [];
  client.onmessage = (event) => texts.push(event.data);
  await soon(new Promise((resolve, reject) => { client.onopen = resolve; client.onclose = reject; }), 'the connection');
  assert.strictEqual(client.transport, transport);
  client.send(CONNECT);
  client.send(SUBSCRIBE);
  await until(() => texts.some((text) => JSON.parse(text).method === 'subscribe'), 'the subscription');
  await server.publish('news', '100 % <b>\u2028"é😀');
  await until(() => texts.some((text) => JSON.parse(text).body.data === '100 % <b>\u2028"é😀'), 'the message');
  const closed = new Promise((resolve) => { client.onclose = resolve; });
  await server.api({ method: 'disconnect', params: { user: 'u' } });
  const end = await soon(closed, 'the close');
  assert.deepStrictEqual([end.code, JSON.parse(end.reason)], [3000, { reason: 'disconnect', reconnect: false }]);
}
