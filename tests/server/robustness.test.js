'use strict';
/* Bad input and bad behaviour: each gets what the protocol says, the server lives on and other clients notice nothing. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const net = require('node:net');
const { Server, Client, frame, credentials, until, sleep, sign } = require('./lib');

const NAMESPACES = [{ name: 'all', publish: true, presence: true, history_size: 5, history_lifetime: 60 }];
let server;
let witness; // a client that behaves, and must not notice anything

before(async () => {
  server = await Server.start({ namespaces: NAMESPACES });
  witness = await server.client('witness');
  await witness.command('subscribe', { channel: 'all:witness' });
});

after(async () => {
  await witnessIsWell();
  witness.end();
  await server.stop();
});

async function witnessIsWell() {
  await server.publish('all:witness', { well: true });
  const push = await witness.push('message');
  assert.deepStrictEqual(push.body.data, { well: true });
}

const advice = (reason, reconnect) => JSON.stringify({ reason, reconnect });

async function closes(bytes, code, reason) {
  const raw = await (await server.raw()).upgrade();
  raw.write(bytes);
  const close = await raw.closeFrame();
  assert.deepStrictEqual(close, { code, reason });
  await raw.waitClosed();
}

/* ---- frames ---- */

test('frames that break the protocol are answered with 1002 and the reason', async () => {
  await closes(frame(1, '{}', { masked: false }), 1002, 'incorrect mask flag');
  await closes(frame(1, '{}', { rsv: 0x40 }), 1002, 'unexpected reserved bits 0x40');
  await closes(frame(3, '{}'), 1002, 'unknown opcode 3');
  await closes(frame(9, Buffer.alloc(126)), 1002, 'control frame length > 125');
  await closes(frame(9, '', { fin: false }), 1002, 'control frame not final');
  await closes(frame(0, 'x'), 1002, 'continuation after final message frame');
  await closes(Buffer.concat([frame(1, '{', { fin: false }), frame(1, '}')]), 1002, 'message start before final message frame');
  await closes(frame(8, Buffer.from([0, 1])), 1002, 'invalid close code');
  await closes(frame(8, Buffer.from([3, 232, 0xff])), 1002, 'invalid utf8 payload in close frame');
  await witnessIsWell();
});

test('a message over client_request_max_size is closed with 1009 by its header alone', async () => {
  await closes(frame(1, '', { size: 65537 }), 1009, '');
  await closes(frame(1, '', { size: 2n ** 62n }), 1009, '');
  const parts = [frame(1, Buffer.alloc(65000, 32), { fin: false }), frame(0, Buffer.alloc(600, 32))];
  await closes(Buffer.concat(parts), 1009, '');
});

test('a close frame is answered with its code', async () => {
  await closes(frame(8, Buffer.concat([Buffer.from([0x0f, 0xa0]), Buffer.from('bye')])), 4000, '');
  await closes(frame(8, ''), 1005, '');
});

test('a ping is answered with its payload, between fragments too', async () => {
  const raw = await (await server.raw()).upgrade();
  const connect = JSON.stringify({ uid: '1', method: 'connect', params: credentials('ann') });
  raw.write(Buffer.concat([frame(1, connect.slice(0, 30), { fin: false }), frame(9, 'are you there'), frame(0, connect.slice(30))]));
  const pong = await raw.frame();
  assert.deepStrictEqual([pong.opcode, pong.payload.toString()], [10, 'are you there']);
  const reply = JSON.parse((await raw.frame()).payload.toString());
  assert.strictEqual(reply.uid, '1');
  raw.end();
});

test('thousands of pings at once are answered in order, and the close behind them too', async () => {
  const raw = await (await server.raw()).upgrade();
  const count = 10000;
  raw.write(Buffer.concat([...Array.from({ length: count }, (unused, i) => frame(9, String(i))), frame(8, '')]));
  for (let i = 0; i < count; i++) {
    const pong = await raw.frame();
    assert.deepStrictEqual([pong.opcode, pong.payload.toString()], [10, String(i)]);
  }
  assert.strictEqual((await raw.closeFrame()).code, 1005);
  raw.end();
});

test('frames may arrive byte by byte, or many at once behind the handshake', async () => {
  const connect = frame(1, JSON.stringify({ uid: '1', method: 'connect', params: credentials('ann') }));
  const slow = await (await server.raw()).upgrade();
  for (const byte of connect) slow.write(Buffer.from([byte]));
  assert.strictEqual(JSON.parse((await slow.frame()).payload.toString()).method, 'connect');
  slow.end();
  const early = await server.raw();
  const head = 'GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  early.write(Buffer.concat([Buffer.from(head), connect, frame(1, '{"uid":"2","method":"ping"}'), frame(9, 'x')]));
  await early.waitText('\r\n\r\n');
  early.bytes = early.bytes.subarray(early.bytes.indexOf('\r\n\r\n') + 4);
  const kinds = [await early.frame(), await early.frame(), await early.frame()].map((f) => f.opcode).sort((a, b) => a - b);
  assert.deepStrictEqual(kinds, [1, 1, 10]);
  early.end();
});

test('a truncated frame and a lost connection leave nothing behind', async () => {
  const gone = await (await server.raw()).upgrade();
  gone.write(frame(1, '{"method":"ping"}', { size: 60000 }));
  gone.end();
  await witnessIsWell();
});

/* ---- messages ---- */

test('malformed messages close with `invalid message`', async () => {
  const deep = '['.repeat(30000) + ']'.repeat(30000);
  const bad = ['', 'abc', ' {"method":"ping"}', '[]', '{', '{"method":"connect"}x', '[{"method":"ping"}', 'null', '"ping"', '{"uid":1,"method":"ping"}',
    '{"method":["ping"]}', deep, '{"method":"connect","params":' + deep.slice(0, 60000) + '}', '{"method":"connect","params":[]}',
    '{"method":"connect","params":{"user":7}}', '{"method":"connect"}', '\ufeff{"method":"ping"}', '[{"method":"ping"},3]'];
  for (const text of bad) {
    const client = await server.client();
    client.send(text);
    const close = await client.waitClosed();
    assert.deepStrictEqual(close, { code: 3000, reason: advice('invalid message', false) }, text.slice(0, 60));
  }
});

test('invalid UTF-8 is refused', async () => {
  const client = await server.client('ann');
  await client.command('subscribe', { channel: 'all:utf8' });
  client.ws.send(Buffer.concat([Buffer.from('{"method":"publish","params":{"channel":"all:utf8","data":"'), Buffer.from([0xff, 0xc0]), Buffer.from('"}}')]), { binary: false });
  assert.deepStrictEqual(await client.waitClosed(), { code: 3000, reason: advice('invalid message', false) });
});

test('of duplicate keys the last one counts, whatever their case', async () => {
  const client = await server.client('ann');
  client.send('{"uid":"7","uid":"7b","method":"zz","Method":"ping","extra":{"a":[1,{"b":null}]}}');
  const reply = await client.take((m) => m.uid === '7b', 'the reply');
  assert.deepStrictEqual(reply, { uid: '7b', method: 'ping' });
  client.end();
});

test('commands before connect, unknown ones and a second connect are fatal', async () => {
  const early = await server.client();
  early.send({ method: 'ping' });
  assert.deepStrictEqual(await early.waitClosed(), { code: 3000, reason: advice('unauthorized', false) });
  const unknown = await server.client('ann');
  unknown.send({ method: 'Ping' });
  assert.deepStrictEqual(await unknown.waitClosed(), { code: 3000, reason: advice('method not found', false) });
  const twice = await server.client('ann');
  twice.send({ method: 'connect', params: credentials('ann') });
  assert.deepStrictEqual(await twice.waitClosed(), { code: 3000, reason: advice('invalid message', false) });
});

test('a message with as many commands as fit is answered in one', async () => {
  const client = await server.client('ann');
  const commands = Array.from({ length: 2000 }, (unused, i) => ({ uid: 'x' + i, method: 'ping' }));
  client.send(commands);
  const reply = await client.take(Array.isArray, 'the replies');
  assert.strictEqual(reply.length, commands.length);
  reply.forEach((r, i) => assert.deepStrictEqual(r, { uid: 'x' + i, method: 'ping' }));
  client.end();
});

test('100,000 commands in one array: by WebSocket, where the limit allows it, and by the API', async () => {
  const large = await Server.start({ namespaces: NAMESPACES, client_request_max_size: 8 * 1024 * 1024 });
  try {
    const client = await large.client('ann');
    const count = 100000;
    client.send('[' + '{"uid":"1","method":"ping"},'.repeat(count).slice(0, -1) + ']');
    assert.strictEqual((await client.take(Array.isArray, 'the replies')).length, count);
    client.end();
    const replies = await large.api('[' + '{"method":"publish","params":{"channel":"all:x","data":1}},'.repeat(count).slice(0, -1) + ']');
    assert.strictEqual(replies.length, count);
    assert.ok(replies.every((r) => r.error === null));
  } finally {
    await large.stop();
  }
});

test('a long answer reaches a slow reader whole, also at the end of a connection', async () => {
  const count = 60000;
  const command = '{"uid":"' + 'u'.repeat(100) + '","method":"channels"},';
  const body = '[' + command.repeat(count).slice(0, -1) + ']';
  const socket = server.connect({ highWaterMark: 16384 });
  socket.write('POST /api/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-API-Sign: ' +
    sign(body) + '\r\nContent-Length: ' + body.length + '\r\n\r\n' + body);
  socket.pause();
  await new Promise((resolve) => setTimeout(resolve, 2500));
  let text = '';
  for await (const piece of socket) text += piece;
  const [head, json] = text.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1.1 200 /);
  assert.strictEqual(JSON.parse(json).length, count);
});

/* ---- HTTP ---- */

test('bad HTTP is refused with a status', async () => {
  const cases = [['nonsense\r\n\r\n', '400'], ['GET / HTTP/1.1\r\n\r\n', '400'], ['GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n', '400'],
    ['GET / HTTP/1.1\r\nHost: x\r\nA: ' + 'x'.repeat(20000), '431'],
    ['POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n', '413'],
    ['POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello', '400'],
    ['POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', '400']];
  for (const [bytes, status] of cases) {
    const raw = await server.raw();
    raw.write(bytes);
    await raw.waitText('HTTP/1.1 ' + status + ' ');
    await raw.waitClosed();
    raw.end();
  }
});

test('a chunked body over the limit is refused', async () => {
  const small = await Server.start({ api_request_max_size: 1000 });
  try {
    const raw = await small.raw();
    raw.write('POST /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + '64\r\n' + 'x'.repeat(100) + '\r\n');
    for (let i = 0; i < 20; i++) raw.write('64\r\n' + 'x'.repeat(100) + '\r\n');
    await raw.waitText('HTTP/1.1 413 ');
    await raw.waitClosed();
  } finally {
    await small.stop();
  }
});

test('many large bodies at one time have a limit', async () => {
  const busy = await Server.start({});
  try {
    const size = 10 * 1024 * 1024;
    const senders = [];
    for (let i = 0; i < 27; i++) {
      const raw = await busy.raw();
      raw.write('POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: ' + size + '\r\n\r\n');
      raw.write(Buffer.alloc(size - 1, 32)); // never the last byte
      senders.push(raw);
    }
    await until(() => senders.some((raw) => raw.text().startsWith('HTTP/1.1 503 ')), 'a refusal');
    assert.ok(busy.memory() < 2 * 27 * size);
    for (const raw of senders) raw.end();
    await until(async () => (await busy.api([])).length === 0, 'the server to be free again');
  } finally {
    await busy.stop();
  }
});

test('answers that nobody reads have a limit, and small ones are given meanwhile', async () => {
  const big = await Server.start({ history_size: 1000, history_lifetime: 1000 });
  try {
    const data = 'x'.repeat(1000);
    await big.api(Array.from({ length: 1000 }, () => ({ method: 'publish', params: { channel: 'big', data } })));
    const body = JSON.stringify(Array.from({ length: 55 }, () => ({ method: 'history', params: { channel: 'big' } })));
    const holders = [];
    for (let i = 0; i < 8; i++) {
      const raw = await big.raw();
      raw.socket.pause();
      raw.write('POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-API-Sign: ' + sign(body) + '\r\nContent-Length: ' + body.length + '\r\n\r\n' + body);
      holders.push(raw);
    }
    await until(() => / with 503: too (many|large)/.test(big.logged()), 'a refusal');
    assert.strictEqual((await big.api({ method: 'channels' }))[0].error, null);
    for (const raw of holders) raw.end();
    const again = await until(async () => {
      const response = await big.request({ headers: { 'Content-Type': 'application/json', 'X-API-Sign': sign(body) } }, body);
      return response.status === 200 && response;
    }, 'room for a large answer');
    assert.ok(again.text.length > 50 * 1000 * data.length);
  } finally {
    await big.stop();
  }
});

test('requests in a row on one connection are answered in order', async () => {
  const raw = await server.raw();
  const body = '{"method":"channels"}';
  const request = 'POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-API-Sign: ' + sign(body) + '\r\nContent-Length: ' +
    body.length + '\r\n\r\n' + body;
  raw.write(request + 'GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n' + request + 'GET /last HTTP/1.0\r\n\r\n');
  await raw.waitClosed();
  assert.deepStrictEqual(raw.text().match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200', 'HTTP/1.1 404']);
  assert.match(raw.text(), /Connection: close/);
});

test('as many requests in a row as one likes are answered, and the end behind them is heard', async () => {
  const raw = await server.raw({ allowHalfOpen: true });
  const count = 3000;
  raw.socket.end(Array.from({ length: count }, (unused, i) => (i % 3 === 0 ? 'GET /connection/ ' : 'GET / ') + 'HTTP/1.1\r\nHost: x\r\n\r\n').join(''));
  await raw.waitClosed();
  const statuses = [...raw.text().matchAll(/HTTP\/1\.1 (\d+) /g)].map((m) => m[1]);
  assert.deepStrictEqual(statuses, Array.from({ length: count }, (unused, i) => (i % 3 === 0 ? '200' : '404')));
  raw.end();
});

test('a handshake and its first message may come behind many requests in a row', async () => {
  const raw = await server.raw();
  const handshake = 'GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
  raw.write(Buffer.concat([Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(50) + handshake), frame(1, JSON.stringify({ method: 'connect', params: credentials('ann') }))]));
  await raw.waitText('"method":"connect"');
  assert.strictEqual(raw.text().match(/HTTP\/1\.1 404 /g).length, 50);
  raw.end();
});

test('who asks for `100 Continue` gets it before the body is sent', async () => {
  const raw = await server.raw();
  raw.write('POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-API-Sign: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  await raw.waitText('HTTP/1.1 100 Continue\r\n\r\n');
  raw.write('[]');
  await raw.waitText('HTTP/1.1 401 Unauthorized');
  raw.end();
});

test('a client that sends a byte a second, or nothing, loses its connection', async () => {
  const silent = await server.raw();
  const slow = await server.raw();
  const request = 'GET / HTTP/1.1\r\nHost: slow.example\r\nX: ' + 'y'.repeat(200);
  let sent = 0;
  const timer = setInterval(() => slow.write(request[sent++]), 300);
  try {
    await until(() => slow.closed && silent.closed, 'both to be closed');
    assert.match(slow.text(), /^HTTP\/1\.1 408 /);
    assert.ok(sent < request.length);
    assert.strictEqual(silent.text(), '');
  } finally {
    clearInterval(timer);
  }
});

/* ---- behaviour ---- */

test('one that upgrades and stays silent is closed as stale', async () => {
  const quick = await Server.start({ stale_connection_close_delay: 1 });
  try {
    const raw = await (await quick.raw()).upgrade();
    assert.deepStrictEqual(await raw.closeFrame(), { code: 3000, reason: advice('stale', false) });
    await raw.waitClosed();
  } finally {
    await quick.stop();
  }
});

test('one that does not answer pings is dropped, one that does stays', async () => {
  const quick = await Server.start({ ping_interval: 9 }); // who has said nothing for 10 seconds is dropped: one is left to answer
  try {
    const client = await quick.client('ann');
    const raw = await (await quick.raw()).upgrade();
    raw.write(frame(1, JSON.stringify({ method: 'connect', params: credentials('bob') })));
    await raw.frame();
    const ping = await raw.frame();
    assert.deepStrictEqual([ping.opcode, ping.payload.toString()], [9, 'ping']);
    await raw.waitClosed();
    assert.strictEqual(raw.bytes.length, 0); /* without a close frame */
    assert.strictEqual(client.closed, null);
    await client.command('ping');
    client.end();
  } finally {
    await quick.stop();
  }
});

test('a client that never reads is closed as slow, and costs nobody else anything', async () => {
  const limit = 1024 * 1024;
  const small = await Server.start({ namespaces: NAMESPACES, client_queue_max_size: limit, log_level: 'debug' });
  try {
    const reader = await small.client('reader');
    await reader.command('subscribe', { channel: 'all:flood' });
    const idlers = [];
    for (let i = 0; i < 5; i++) {
      const idler = await (await small.raw()).upgrade();
      const uids = JSON.stringify([{ method: 'connect', params: credentials('idler') }, { method: 'subscribe', params: { channel: 'all:flood' } }]);
      idler.write(frame(1, uids));
      await idler.frame();
      idler.socket.pause();
      idlers.push(idler);
    }
    const start = small.memory();
    const data = 'x'.repeat(1000);
    const total = 40000;
    const batch = 200;
    let most = start;
    for (let sent = 0; sent < total; sent += batch) {
      await small.api(Array.from({ length: batch }, (unused, i) => ({ method: 'publish', params: { channel: 'all:flood', data: { n: sent + i, data } } })));
      most = Math.max(most, small.memory());
    }
    const seen = await until(() => reader.messages.length === total && reader.messages, 'every message at the reader');
    seen.forEach((m, i) => assert.strictEqual(m.body.data.n, i));
    await until(async () => Object.keys((await small.api({ method: 'presence', params: { channel: 'all:flood' } }))[0].body.data).length === 1,
      'the idlers to be gone');
    assert.strictEqual(small.output.match(/closed: slow/g).length, idlers.length);
    /* 40 MB went by; what waited at one time may not be more than the limit and a turn for each, however it is allocated */
    assert.ok(most - start < 5 * limit * 4, 'memory grew by ' + (most - start));
    for (const idler of idlers) idler.end();
    reader.end();
  } finally {
    await small.stop();
  }
});

test('a client that does not take its messages in client_message_write_timeout is closed', async () => {
  const quick = await Server.start({ namespaces: NAMESPACES, client_message_write_timeout: 1 });
  try {
    const idler = await (await quick.raw()).upgrade();
    idler.write(frame(1, JSON.stringify([{ method: 'connect', params: credentials('idler') }, { method: 'subscribe', params: { channel: 'all:flood' } }])));
    await idler.frame();
    idler.socket.pause();
    const data = 'x'.repeat(60000);
    for (let i = 0; i < 130; i++) await quick.publish('all:flood', data); /* below client_queue_max_size */
    await until(async () => Object.keys((await quick.api({ method: 'presence', params: { channel: 'all:flood' } }))[0].body.data).length === 0,
      'the idler to be gone');
    idler.end();
  } finally {
    await quick.stop();
  }
});

test('a publisher that floods does not keep others waiting', async () => {
  const flood = await server.client('flooder');
  await flood.command('subscribe', { channel: 'all:mine' });
  const commands = '[' + '{"method":"publish","params":{"channel":"all:mine","data":1}},'.repeat(900).slice(0, -1) + ']';
  for (let i = 0; i < 40; i++) flood.send(commands); // what comes back stays below client_queue_max_size
  await witnessIsWell();
  await until(() => flood.messages.filter(Array.isArray).length === 40, 'all replies');
  flood.end();
});

test('many connections come and go', async () => {
  for (let round = 0; round < 10; round++) {
    const clients = await Promise.all(Array.from({ length: 50 }, (unused, i) => server.client('u' + i)));
    await Promise.all(clients.map((c, i) => c.command('subscribe', { channel: 'all:c' + (i % 7) })));
    clients.forEach((c) => c.end());
  }
  await until(async () => (await server.api({ method: 'channels' }))[0].body.data.length === 1, 'all to be gone');
});
