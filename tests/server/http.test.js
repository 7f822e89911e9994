'use strict';
/*
 * HTTP as strangers send it, byte for byte over raw sockets: what is no request by RFC 9112 is refused and the connection is
 * closed, so that no proxy and we ever read two different requests out of the same bytes.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const net = require('node:net');
const { Server, Raw, sign, until } = require('./lib');

let server;

before(async () => { server = await Server.start({ api_request_max_size: 100000 }); });
after(() => server.stop());

/* What a request is smuggled in with; never answered behind a refused one. */
const NEXT = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const BODY = '{"method":"channels"}';
const SIGNED = 'Content-Type: application/json\r\nX-API-Sign: ' + sign(BODY) + '\r\n';

const get = (head) => 'GET / HTTP/1.1\r\n' + head + '\r\n';
const post = (head, body) => 'POST /api/ HTTP/1.1\r\nHost: x\r\n' + SIGNED + head + '\r\n' + body;
const chunked = (body) => post('Transfer-Encoding: chunked\r\n', body);
const size = BODY.length.toString(16);

function statuses(text) {
  return [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map((m) => Number(m[1]));
}

/* The answers to these bytes, when the server has closed the connection. */
async function answers(bytes) {
  const raw = await server.raw();
  raw.write(Buffer.from(bytes, 'latin1'));
  await raw.waitClosed();
  raw.end();
  return statuses(raw.text());
}

async function freePort() {
  const probe = net.createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/* [what, bytes, status] */
const REFUSED = [
  // the request line
  ['no HTTP at all', 'nonsense\r\n\r\n', 400],
  ['HTTP/0.9', 'GET /\r\n\r\n', 400],
  ['an unknown method', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a method in small letters', 'get / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['two blanks before the target', 'GET  / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['two blanks behind the target', 'GET /  HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a blank in the target', 'GET /a b HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a tab as separator', 'GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a blank before the method', ' GET / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a blank at the end of the line', 'GET / HTTP/1.1 \r\nHost: x\r\n\r\n', 400],
  ['two empty lines before it', '\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a line feed before it', '\nGET / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['HTTP/9.9', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n', 505],
  ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
  ['HTTP/1.2', 'GET / HTTP/1.2\r\nHost: x\r\n\r\n', 505],
  ['HTTP/0.9 by name', 'GET / HTTP/0.9\r\nHost: x\r\n\r\n', 505],
  ['a version of two digits', 'GET / HTTP/1.10\r\nHost: x\r\n\r\n', 400],
  ['HTTP in small letters', 'GET / http/1.1\r\nHost: x\r\n\r\n', 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['RTSP', 'OPTIONS / RTSP/1.0\r\nHost: x\r\n\r\n', 400],
  ['ICE', 'SOURCE / ICE/1.0\r\nHost: x\r\n\r\n', 400],
  // the target
  ['a target that is no path', 'GET nothing HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a fragment', 'GET /#a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['* with GET', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['CONNECT', 'CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['another scheme', 'GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['an address without a host', 'GET http:///a HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['an address with a password', 'GET http://a:b@x/ HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a bad escape', 'GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a raw byte above 0x7f', 'GET /\xe9 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  // Host
  ['no Host', get(''), 400],
  ['two Host', get('Host: x\r\nHost: y\r\n'), 400],
  ['the same Host twice', get('Host: x\r\nhost: x\r\n'), 400],
  ['two Host with HTTP/1.0', 'GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n', 400],
  ['a Host with a path', get('Host: x/y\r\n'), 400],
  ['a Host with a user', get('Host: a@x\r\n'), 400],
  ['a Host with a blank', get('Host: x y\r\n'), 400],
  ['two hosts in one', get('Host: x, y\r\n'), 400],
  ['a Host with a port that is no number', get('Host: x:http\r\n'), 400],
  ['a Host with half a bracket', get('Host: [::1\r\n'), 400],
  // lines
  ['a line feed alone behind the request line', 'GET / HTTP/1.1\nHost: x\r\n\r\n', 400],
  ['line feeds alone', 'GET / HTTP/1.1\nHost: x\n\n', 400],
  ['a line feed alone behind a header', get('Host: x\nA: b\r\n'), 400],
  ['an empty line without CR', 'GET / HTTP/1.1\r\nHost: x\r\n\n', 400],
  ['a CR alone behind a header', get('Host: x\rA: b\r\n'), 400],
  ['a CR and any byte', get('Host: x\rxA: b\r\n'), 400],
  ['a CR and any byte as the empty line', 'GET / HTTP/1.1\r\nHost: x\r\n\rx', 400],
  ['two CR', get('Host: x\r\r\n'), 400],
  ['a folded line', get('Host: x\r\nA: b\r\n c\r\n'), 400],
  ['a folded line with a tab', get('Host: x\r\nA: b\r\n\tc\r\n'), 400],
  ['a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'), 400],
  ['a blank before the first header', get(' Host: x\r\n'), 400],
  // headers
  ['a blank before the colon', get('Host: x\r\nA : b\r\n'), 400],
  ['a tab before the colon', get('Host: x\r\nA\t: b\r\n'), 400],
  ['a blank before the colon of Transfer-Encoding', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), 400],
  ['a blank before the colon of Content-Length', post('Content-Length : 21\r\n', BODY), 400],
  ['a blank in a name', get('Host: x\r\nA b: c\r\n'), 400],
  ['a name with a bracket', get('Host: x\r\nA(b): c\r\n'), 400],
  ['a name above 0x7f', get('Host: x\r\n\xe9: c\r\n'), 400],
  ['no name', get('Host: x\r\n: c\r\n'), 400],
  ['no colon', get('Host: x\r\nabc\r\n'), 400],
  ['NUL in a value', get('Host: x\r\nA: b\0c\r\n'), 400],
  ['NUL in a name', get('Host: x\r\nA\0b: c\r\n'), 400],
  ['DEL in a value', get('Host: x\r\nA: b\x7f\r\n'), 400],
  ['a control character in a value', get('Host: x\r\nA: b\x01\r\n'), 400],
  ['a head without end', get('Host: x\r\nA: ' + 'x'.repeat(20000)), 431],
  ['headers without end', get('Host: x\r\n' + 'A: b\r\n'.repeat(4000)), 431],
  ['two Sec-WebSocket-Key', get('Host: x\r\nSec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n'), 400],
  ['an unknown expectation', post('Expect: 200-ok\r\nContent-Length: 21\r\n', BODY), 417],
  // lengths
  ['a negative length', post('Content-Length: -1\r\n', ''), 400],
  ['a length with a plus', post('Content-Length: +21\r\n', BODY), 400],
  ['a length in hexadecimal', post('Content-Length: 0x15\r\n', BODY), 400],
  ['a length with a point', post('Content-Length: 21.0\r\n', BODY), 400],
  ['a length of two numbers', post('Content-Length: 2 1\r\n', BODY), 400],
  ['a list of lengths', post('Content-Length: 21, 21\r\n', BODY), 400],
  ['an empty length', post('Content-Length:\r\n', BODY), 400],
  ['a length beyond 64 bits', post('Content-Length: 18446744073709551637\r\n', BODY), 400],
  ['a large length', post('Content-Length: 99999999999\r\n', ''), 413],
  ['two lengths', post('Content-Length: 21\r\nContent-Length: 22\r\n', BODY), 400],
  ['the same length twice', post('Content-Length: 21\r\nContent-Length: 21\r\n', BODY), 400],
  ['a length and chunks', post('Content-Length: 21\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
  ['chunks and a length', post('Transfer-Encoding: chunked\r\nContent-Length: 21\r\n', '0\r\n\r\n'), 400],
  // Transfer-Encoding
  ['gzip', post('Transfer-Encoding: gzip\r\n', BODY), 501],
  ['gzip and chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 501],
  ['identity', post('Transfer-Encoding: identity\r\n', BODY), 501],
  ['something like chunked', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), 501],
  ['chunked with a parameter', post('Transfer-Encoding: chunked;q=1\r\n', '0\r\n\r\n'), 501],
  ['an empty Transfer-Encoding', post('Transfer-Encoding:\r\n', ''), 501],
  ['chunked twice', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), 400],
  ['two Transfer-Encoding', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
  ['chunks with HTTP/1.0', 'POST /api/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  // chunks
  ['a size that is no number', chunked('zz\r\n'), 400],
  ['a size and more', chunked(size + ' zz\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a blank before the size', chunked(' ' + size + '\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a blank behind the size', chunked(size + ' \r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a negative size', chunked('-1\r\n'), 400],
  ['a size with 0x', chunked('0x' + size + '\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a size beyond 64 bits', chunked('10000000000000015\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a chunk larger than any body', chunked('FFFFFFFFFFFFFFFF\r\n'), 413],
  ['a chunk larger than the limit', chunked('186a1\r\n'), 413],
  ['a chunk larger than what is left', chunked('5\r\n' + BODY.slice(0, 5) + '\r\n1869c\r\n'), 413],
  ['no size', chunked('\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a line feed alone behind a size', chunked(size + '\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a CR and any byte behind a size', chunked(size + '\rx' + BODY + '\r\n0\r\n\r\n'), 400],
  ['any two bytes behind a chunk', chunked(size + '\r\n' + BODY + 'xx0\r\n\r\n'), 400],
  ['a line feed alone behind a chunk', chunked(size + '\r\n' + BODY + '\n0\r\n\r\n'), 400],
  ['a chunk longer than its size', chunked('5\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a line feed in an extension', chunked(size + ';a\nb\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a line feed in a quoted extension', chunked(size + ';a="\n"\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['a CR in an extension', chunked(size + ';a\rb\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['NUL in an extension', chunked(size + ';a=\0\r\n' + BODY + '\r\n0\r\n\r\n'), 400],
  ['an extension without end', chunked(size + ';a=' + 'x'.repeat(40000)), 431],
  ['zeros without end', chunked('0'.repeat(40000)), 431],
  ['too much in chunks', chunked(('2710\r\n' + ' '.repeat(10000) + '\r\n').repeat(11)), 413],
  // trailers
  ['a line feed alone behind a trailer', chunked('0\r\nA: b\n\r\n'), 400],
  ['a line feed alone as the end', chunked('0\r\n\n'), 400],
  ['a CR and any byte as the end', chunked('0\r\n\rx'), 400],
  ['a blank before the colon of a trailer', chunked('0\r\nA : b\r\n\r\n'), 400],
  ['a folded trailer', chunked('0\r\nA: b\r\n c\r\n\r\n'), 400],
  ['trailers without end', chunked('0\r\n' + 'A: b\r\n'.repeat(8000)), 431],
];

test('what is no request is refused, the connection closed, and nothing behind it answered', async () => {
  const different = [];
  for (const [what, bytes, status] of REFUSED) {
    const got = await answers(bytes + NEXT);
    if (got.length !== 1 || got[0] !== status) different.push([what, got, status]);
  }
  assert.deepStrictEqual(different, []);
});

/* [what, bytes, status]: each asks for the end of the connection itself. */
const CLOSE = 'Connection: close\r\n';
const TAKEN = [
  ['an empty line before it', '\r\n' + get('Host: x\r\n' + CLOSE), 404],
  ['an empty Host', get('Host:\r\n' + CLOSE), 404],
  ['a Host with a port', get('Host: example.org:8000\r\n' + CLOSE), 404],
  ['a Host in brackets', get('Host: [::1]:8000\r\n' + CLOSE), 404],
  ['no Host with HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', 404],
  ['an address as target', 'GET http://example.org:80/nowhere?a HTTP/1.1\r\nHost: x\r\n' + CLOSE + '\r\n', 404],
  ['an address as target, and its route', 'GET HTTP://example.org/connection/ HTTP/1.1\r\nHost: x\r\n' + CLOSE + '\r\n', 200],
  ['* with OPTIONS', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n' + CLOSE + '\r\n', 404],
  ['blanks around a value', get('Host: \t x \t \r\n' + CLOSE), 404],
  ['a value above 0x7f', get('Host: x\r\nA: \xe9\tb\r\n' + CLOSE), 404],
  ['an empty value', get('Host: x\r\nA:\r\n' + CLOSE), 404],
  ['a length', post(CLOSE + 'Content-Length: 0021\r\n', BODY), 200],
  ['chunks', post(CLOSE + 'Transfer-Encoding: Chunked\r\n', '5\r\n' + BODY.slice(0, 5) + '\r\n10\r\n' + BODY.slice(5) + '\r\n0\r\n\r\n'), 200],
  ['extensions', post(CLOSE + 'Transfer-Encoding: chunked\r\n', size + ';a;b="c d"\r\n' + BODY + '\r\n000;x\r\n\r\n'), 200],
  ['trailers', post(CLOSE + 'Transfer-Encoding: chunked\r\n', size + '\r\n' + BODY + '\r\n0\r\nContent-Length: 7\r\nHost: z\r\n\r\n'), 200],
];

test('what is a request is answered', async () => {
  const different = [];
  for (const [what, bytes, status] of TAKEN) {
    const got = await answers(bytes + NEXT);
    if (got.length !== 1 || got[0] !== status) different.push([what, got, status]);
  }
  assert.deepStrictEqual(different, []);
});

test('a body of single bytes in chunks is no flood of framing', async () => {
  const body = '[' + ' '.repeat(20000) + ']';
  const raw = await server.raw();
  raw.write('POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-API-Sign: ' + sign(body) + '\r\nTransfer-Encoding: chunked\r\n\r\n');
  raw.write([...body].map((c) => '1\r\n' + c + '\r\n').join('') + '0\r\n\r\n');
  await raw.waitText('HTTP/1.1 200 OK');
  raw.end();
});

/* ---- requests in a row ---- */

test('requests in a row are answered in their order, before an expectation and an upgrade behind them', async () => {
  const raw = await server.raw();
  raw.write(get('Host: x\r\n').repeat(3) + post('Expect: 100-continue\r\nContent-Length: ' + BODY.length + '\r\n', ''));
  await raw.waitText('100 Continue');
  assert.deepStrictEqual(statuses(raw.text()), [404, 404, 404, 100]);
  raw.write(BODY + get('Host: x\r\n') + 'GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  await raw.waitText('101 ');
  assert.deepStrictEqual(statuses(raw.text()), [404, 404, 404, 100, 200, 404, 101]);
  raw.end();
});

test('who sends requests without reading gets every answer once he reads, those to requests that came in parts, too', async () => {
  const COUNT = 30000;
  const raw = await server.raw();
  raw.socket.removeAllListeners('data');
  raw.socket.pause();
  const asked = post('Content-Length: ' + BODY.length + '\r\n', BODY) + get('Host: x\r\n');
  raw.write(asked.repeat(COUNT / 2) + 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let left = -1;
  const stands = () => left === (left = raw.socket.writableLength);
  await until(stands, 'the server to take no more');
  const parts = [];
  raw.socket.on('data', (part) => parts.push(part));
  raw.socket.resume();
  await raw.waitClosed();
  const seen = statuses(Buffer.concat(parts).toString('latin1'));
  assert.strictEqual(seen.length, COUNT + 1);
  assert.ok(seen.every((status, i) => status === (i % 2 === 0 && i < COUNT ? 200 : 404)));
});

/* ---- HTTP/1.0 ---- */

test('who asks for another request with HTTP/1.0 is told that it may come, and is served', async () => {
  const raw = await server.raw();
  raw.write('GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n');
  await raw.waitText('404 page not found');
  assert.match(raw.text(), /\r\nConnection: keep-alive\r\n/);
  raw.write('GET /b HTTP/1.0\r\n\r\n');
  await raw.waitClosed();
  assert.deepStrictEqual(statuses(raw.text()), [404, 404]);
  assert.match(raw.text().slice(raw.text().lastIndexOf('HTTP/1.1')), /\r\nConnection: close\r\n/);
});

test('close counts more than keep-alive', async () => {
  assert.deepStrictEqual(await answers('GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n' + NEXT), [404]);
  assert.deepStrictEqual(await answers('GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n' + NEXT), [404]);
});

test('an expectation of HTTP/1.0 is ignored', async () => {
  const raw = await server.raw();
  raw.write('POST /api/ HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  raw.write('[]');
  await raw.waitClosed();
  assert.deepStrictEqual(statuses(raw.text()).filter((status) => status === 100), []);
  assert.strictEqual(statuses(raw.text()).length, 1);
});

/* ---- bodies ---- */

test('a body is not read where nobody takes one: the answer comes at once, and is the last', async () => {
  for (const [line, status] of [['POST /nowhere', 404], ['POST /connection/', 405], ['POST /api', 301], ['GET /connection/websocket', 400]]) {
    for (const framing of ['Content-Length: 50000\r\n', 'Content-Length: 99999999999\r\n', 'Transfer-Encoding: chunked\r\n', 'Content-Length: 5\r\nExpect: 100-continue\r\n']) {
      const raw = await server.raw();
      raw.write(line + ' HTTP/1.1\r\nHost: x\r\n' + framing + '\r\n'); // never the body
      await raw.waitClosed();
      assert.deepStrictEqual(statuses(raw.text()), [status], line + ' ' + framing);
      assert.match(raw.text(), /\r\nConnection: close\r\n/);
    }
  }
});

test('an upgrade with a body is refused', async () => {
  const raw = await server.raw();
  raw.write('GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 5\r\n\r\nhello');
  await raw.waitClosed();
  assert.deepStrictEqual(statuses(raw.text()), [400]);
});

test('HTTP/1.0 upgrades nothing, and the log says why', async () => {
  const old = await Server.start(); // with a line of this kind still to write
  try {
    const raw = await old.raw();
    raw.write('GET /connection/websocket HTTP/1.0\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    await raw.waitClosed();
    assert.deepStrictEqual(statuses(raw.text()), [400]);
    await until(() => old.logged().includes('HTTP/1.0 has no upgrade: is the proxy set up for HTTP/1.1?'), 'the reason');
  } finally {
    await old.stop();
  }
});

test('what is too large is refused before it is asked for', async () => {
  assert.deepStrictEqual(await answers(post('Expect: 100-continue\r\nContent-Length: 100001\r\n', '')), [413]);
});

test('bodies that never end cost whoever sends them, not who comes', async () => {
  const free = await freePort();
  const busy = await Server.start({ api_port: free });
  try {
    await until(() => busy.logged().includes('endpoints on 127.0.0.1:' + free), 'the second port');
    busy.apiPort = free;
    const size = 10 * 1024 * 1024;
    const holders = [];
    const hold = async (port) => {
      const raw = await Raw.open(busy.connect({ port }));
      raw.write('POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: ' + size + '\r\n\r\n');
      raw.write(Buffer.alloc(size - 1, 32)); // never the last byte
      return raw;
    };
    const stranger = await hold(busy.port); // where there is no API
    await stranger.waitText('HTTP/1.1 404 ');
    for (let i = 0; i < 25; i++) holders.push(await hold(busy.apiPort));
    await until(() => busy.memory() > 25 * size, 'the server to hold them');
    assert.deepStrictEqual(await busy.api('[' + ' '.repeat(size - 2) + ']'), []);
    assert.ok(holders.some((raw) => statuses(raw.text())[0] === 503));
    assert.strictEqual(holders.filter((raw) => raw.text() === '').length, holders.length - 1);
    for (const raw of [stranger].concat(holders)) raw.end();
  } finally {
    await busy.stop();
  }
});

/* ---- kept connections ---- */

test('a kept connection is closed without a word after http_idle_timeout', async () => {
  const quick = await Server.start({ http_idle_timeout: 1 });
  try {
    const raw = await quick.raw();
    raw.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await raw.waitClosed();
    assert.deepStrictEqual(statuses(raw.text()), [404]);
    assert.doesNotMatch(raw.text(), /Connection: close/);
  } finally {
    await quick.stop();
  }
});

test('http_idle_timeout 0: every answer is the last', async () => {
  const quick = await Server.start({ http_idle_timeout: 0 });
  try {
    const raw = await quick.raw();
    raw.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n' + NEXT);
    await raw.waitClosed();
    assert.deepStrictEqual(statuses(raw.text()), [404]);
    assert.match(raw.text(), /Connection: close/);
  } finally {
    await quick.stop();
  }
});
