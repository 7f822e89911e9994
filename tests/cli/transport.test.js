'use strict';
/* How a connection travels: each transport of SockJS against the real server, and what is found out where something is in the way. */
const test = require('node:test');
const assert = require('node:assert');
const http = require('node:http');
const net = require('node:net');
const { PassThrough } = require('node:stream');
const { cli, running, server, freePort } = require('./lib');

const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'];
const OPEN = { insecure: true, insecure_api: true };

let real;
test.before(async () => { real = await server(OPEN); });
test.after(() => real.stop());

const at = (url, ...args) => [...args, '--url', url];
const publish = (to, data) => cli(at(to.url, 'pub', '--api', 'chat:news', JSON.stringify(data)));

/* Everything of a connection is passed on, until it is cut; `first` may take what is said first. */
async function relay(to, first = () => false) {
  const sockets = new Set();
  const self = { firsts: [], open: true };
  const listener = net.createServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    if (!self.open) return socket.destroy();
    return socket.once('data', (data) => {
      self.firsts.push(String(data));
      if (first(socket, String(data))) return;
      const other = net.connect(to.port, '127.0.0.1').on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.on('close', () => other.destroy());
      other.write(data);
      socket.pipe(other).pipe(socket);
    });
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  self.port = listener.address().port;
  self.url = 'http://127.0.0.1:' + self.port;
  self.cut = () => { for (const socket of sockets) socket.destroy(); };
  self.stop = () => new Promise((resolve) => { listener.close(resolve); self.cut(); });
  self.upgrades = () => self.firsts.filter((text) => /^upgrade:/im.test(text)).length;
  return self;
}

for (const transport of TRANSPORTS) {
  const way = ['--transport', transport];

  test(`${transport}: a thousand messages come in order`, async () => {
    const sub = running(at(real.url + '/connection', 'sub', 'chat:news', '-n', '1000', ...way));
    assert.strictEqual((await sub.event('connect')).transport, transport);
    await sub.event('subscribe');
    const numbers = Array.from({ length: 1000 }, (none, i) => i);
    const pub = await cli(at(real.url + '/connection', 'pub', 'chat:news', '--lines', ...way), { input: numbers.join('\n') });
    assert.deepStrictEqual(pub, { code: 0, stdout: '', stderr: '' });
    for (const number of numbers) assert.strictEqual((await sub.event('message')).data, number);
    assert.strictEqual(await sub.code, 0);
  });

  test(`${transport}: what was missed while the connection was gone is recovered`, async () => {
    const between = await relay(real);
    const sub = running(at(between.url + '/connection/', 'sub', 'chat:lost', ...way));
    await sub.event('subscribe');
    await cli(at(real.url, 'pub', '--api', 'chat:lost', '1'));
    assert.strictEqual((await sub.event('message')).data, 1);
    between.open = false;
    between.cut();
    await sub.event('disconnect');
    await cli(at(real.url, 'pub', '--api', 'chat:lost', '2'));
    between.open = true;
    assert.strictEqual((await sub.event('message')).data, 2);
    assert.deepStrictEqual(await sub.event('subscribe'), { event: 'subscribe', channel: 'chat:lost', isResubscribe: true, recovered: true });
    assert.strictEqual(await sub.stop(), 0);
    await between.stop();
  });

  test(`${transport}: a server that is started again is found again`, async () => {
    const port = await freePort();
    const first = await server(OPEN, port);
    const sub = running(at(first.url + '/connection', 'sub', 'chat:news', ...way));
    await sub.event('subscribe');
    await first.stop();
    assert.strictEqual((await sub.event('disconnect')).reconnect, true);
    const second = await server(OPEN, port);
    assert.strictEqual((await sub.event('connect')).transport, transport);
    await sub.event('subscribe');
    await publish(second, 'again');
    assert.strictEqual((await sub.event('message')).data, 'again');
    assert.strictEqual(await sub.stop(), 0);
    await second.stop();
  });

  test(`${transport}: who disconnects is gone from the server at once`, async () => {
    const watch = running(at(real.url, 'sub', 'chat:room'));
    await watch.event('subscribe');
    const sub = running(at(real.url + '/connection', 'sub', 'chat:room', ...way));
    const { client } = await sub.event('connect');
    await sub.event('subscribe');
    await sub.stop();
    while ((await watch.event('leave')).data.client !== client) continue;
    assert.strictEqual(await watch.stop(), 0);
  });
}

/* ---- what is in the way ---- */

const answer = (status) => (socket, head) => /^upgrade:/im.test(head) && socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nno`);

for (const [what, first] of Object.entries({
  'answers the upgrade with 200': answer('200 OK'),
  'answers the upgrade with 403': answer('403 Forbidden'),
  'answers the upgrade with 502': answer('502 Bad Gateway'),
  'does not answer the upgrade': (socket, head) => /^upgrade:/im.test(head),
  'closes at the upgrade': (socket, head) => /^upgrade:/im.test(head) && socket.destroy(),
})) {
  test(`behind a proxy that ${what}, SockJS is found, and remembered`, async () => {
    const proxy = await relay(real, first);
    const sub = running(at(proxy.url, 'sub', 'chat:news', '-v'));
    assert.strictEqual((await sub.event('connect')).transport, 'xhr-streaming');
    await sub.event('subscribe');
    assert.match(sub.stderr(), /no WebSocket comes through, SockJS is tried: /);
    await publish(real, 'hello');
    assert.strictEqual((await sub.event('message')).data, 'hello');
    assert.strictEqual(proxy.upgrades(), 1);
    proxy.cut();
    assert.strictEqual((await sub.event('connect')).transport, 'xhr-streaming');
    assert.strictEqual(proxy.upgrades(), 1);
    assert.strictEqual(await sub.stop(), 0);
    await proxy.stop();
  });
}

test('behind a proxy that lets WebSockets open and nothing through them, the next attempt is one of SockJS', async () => {
  const proxy = await relay(real, (socket, head) => {
    if (!/^upgrade:/im.test(head)) return false;
    const other = net.connect(real.port, '127.0.0.1').on('error', () => {});
    other.write(head);
    other.once('data', (data) => { socket.write(data); socket.end(); other.destroy(); });
    return true;
  });
  const sub = running(at(proxy.url, 'sub', 'chat:news'));
  assert.strictEqual((await sub.event('connect')).transport, 'xhr-streaming');
  assert.strictEqual(await sub.stop(), 0);
  await proxy.stop();
});

/* What `args` say on standard error until `told` is among it. */
async function complaint(args, told) {
  const program = running([...args, '-v'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const stopped = program.code.then(() => true);
  while (!told.test(program.stderr()) && !(await Promise.race([stopped, new Promise((resolve) => { setTimeout(resolve, 10); })]))) continue;
  await program.stop();
  assert.match(program.stderr(), told);
  return program.stderr();
}

/* As a proxy does it for requests that are not tunnelled. */
function passOn(request, response) {
  const { pathname, search } = new URL(request.url, real.url);
  const onward = http.request({ host: '127.0.0.1', port: real.port, method: request.method, path: pathname + search, headers: request.headers });
  onward.on('response', (from) => { response.writeHead(from.statusCode, from.headers); response.flushHeaders(); from.pipe(response); });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

async function listening(proxy) {
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxy.url = 'http://127.0.0.1:' + proxy.address().port;
  proxy.stop = () => new Promise((resolve) => { proxy.close(resolve); proxy.closeAllConnections(); });
  return proxy;
}

test('a proxy that tunnels nothing is asked for each request', async () => {
  const proxy = await listening(http.createServer(passOn).on('connect', (request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')));
  const sub = running(at('http://localhost:' + real.port, 'sub', 'chat:news', '--proxy', proxy.url.replace('//', '//user:secret@'), '-v'));
  assert.strictEqual((await sub.event('connect')).transport, 'xhr-streaming');
  await sub.event('subscribe');
  await publish(real, 'by proxy');
  assert.strictEqual((await sub.event('message')).data, 'by proxy');
  assert.strictEqual(await sub.stop(), 0);
  assert.doesNotMatch(sub.stderr(), /secret/);
  await proxy.stop();
});

/*
 * Passes requests on, and takes one answer away: where `fits` likes both, and the connection was there before. `after`: what is
 * asked for then has been answered.
 */
function losing(fits) {
  const used = new WeakSet();
  const self = { lost: false };
  self.after = new Promise((resolve) => { self.settle = resolve; });
  const rob = (request, response, sent) => {
    const late = self.lost && /info|xhr/.test(request.url);
    const again = used.has(request.socket);
    used.add(request.socket);
    const onward = http.request({ host: '127.0.0.1', port: real.port, method: request.method, path: request.url, headers: request.headers });
    onward.on('response', async (from) => {
      const answer = Buffer.concat(await from.toArray());
      if (late) self.settle();
      if (!self.lost && again && fits(sent, String(answer))) { self.lost = true; return request.socket.destroy(); }
      response.writeHead(from.statusCode, from.headers);
      return response.end(answer);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end(sent);
  };
  return listening(Object.assign(http.createServer(async (request, response) => {
    if (/xhr_streaming|eventsource/.test(request.url)) return passOn(request, response);
    return rob(request, response, Buffer.concat(await request.toArray()));
  }), { robber: self }));
}

for (const transport of ['xhr-streaming', 'eventsource', 'xhr-polling']) {
  test(`${transport}: what was sent is not sent again when its answer is lost`, async () => {
    const sub = running(at(real.url, 'sub', 'chat:once'));
    await sub.event('subscribe');
    const proxy = await losing((sent) => sent.includes('line'));
    const pub = running(at(proxy.url + '/connection', 'pub', 'chat:once', '--lines', '--transport', transport));
    const lines = [];
    const got = [];
    // The first may go by a new connection, which takes no answer away. The input has no end: pub goes on after the loss.
    while (!proxy.robber.lost) {
      lines.push('line ' + lines.length);
      pub.child.stdin.write(JSON.stringify(lines.at(-1)) + '\n');
      got.push((await sub.event('message')).data);
    }
    await proxy.robber.after;
    await cli(at(real.url, 'pub', '--api', 'chat:once', '"last"'));
    while (got.at(-1) !== 'last') got.push((await sub.event('message')).data);
    assert.deepStrictEqual(got, [...lines, 'last']);
    await pub.stop();
    assert.strictEqual(await sub.stop(), 0);
    await proxy.stop();
  });
}

test('xhr-polling: an answer that is lost is told, and what was in it recovered', async () => {
  const proxy = await losing((sent, answer) => answer.includes('robbed'));
  const sub = running(at(proxy.url + '/connection', 'sub', 'chat:robbed', '--transport', 'xhr-polling', '-v'));
  await sub.event('subscribe');
  for (const data of ['first', 'robbed']) await cli(at(real.url, 'pub', '--api', 'chat:robbed', JSON.stringify(data)));
  await proxy.robber.after;
  await cli(at(real.url, 'pub', '--api', 'chat:robbed', '"third"'));
  for (const data of ['first', 'robbed', 'third']) assert.strictEqual((await sub.event('message')).data, data);
  assert.match(sub.stderr(), /the connection ended before the answer: it is not known whether the server got the request/);
  assert.strictEqual(await sub.stop(), 0);
  await proxy.stop();
});

test('a proxy that keeps streams for ever is got past by polling, with one receiver at a time', async () => {
  const receivers = new Set();
  const asked = [];
  let most = 0;
  const proxy = await listening(http.createServer((request, response) => {
    const name = request.url.replace(/.*\//, '');
    asked.push(name);
    if (!/^(info|xhr_send)$/.test(name)) {
      receivers.add(response);
      most = Math.max(most, receivers.size);
      response.on('close', () => receivers.delete(response));
    }
    if (!/xhr_streaming|eventsource/.test(name)) return passOn(request, response);
    const kept = Object.assign(new PassThrough(), { writeHead() {}, flushHeaders() {} }).resume();
    response.on('close', () => kept.destroy());
    return passOn(request, kept);
  }).on('upgrade', (request, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')));
  const sub = running(at(proxy.url + '/connection', 'sub', 'chat:news'));
  assert.strictEqual((await sub.event('connect')).transport, 'xhr-polling');
  await sub.event('subscribe');
  await publish(real, 'hello');
  assert.strictEqual((await sub.event('message')).data, 'hello');
  assert.deepStrictEqual(asked.slice(0, 4), ['info', 'xhr_streaming', 'eventsource', 'xhr']);
  assert.strictEqual(most, 1);
  assert.strictEqual(await sub.stop(), 0);
  await proxy.stop();
});

test('a list is tried in its order; what does not come through is followed by the next', async () => {
  const asked = [];
  const proxy = await listening(http.createServer((request, response) => {
    asked.push(request.url.replace(/.*\//, ''));
    if (!/xhr_streaming|eventsource/.test(request.url)) return passOn(request, response);
    request.resume();
    response.statusCode = 403;
    return response.end('no');
  }));
  const sub = running(at(proxy.url, 'sub', 'chat:news', '-v', '--transport', 'xhr-streaming,eventsource,xhr-polling,websocket'));
  assert.strictEqual((await sub.event('connect')).transport, 'xhr-polling');
  assert.match(sub.stderr(), /the SockJS transport xhr-streaming is not possible: the server answered with HTTP status 403/);
  assert.deepStrictEqual(asked.slice(0, 4), ['info', 'xhr_streaming', 'eventsource', 'xhr']);
  assert.strictEqual(await sub.stop(), 0);
  await proxy.stop();
});

test('nobody is asked twice where nobody is, nor where only a raw WebSocket is meant', async () => {
  const gone = await complaint(at('http://127.0.0.1:' + (await freePort()), 'sub', 'chat:news'), /refused/);
  assert.doesNotMatch(gone, /SockJS/);
  const proxy = await relay(real, answer('403 Forbidden'));
  await complaint(at(proxy.url + '/connection/websocket', 'sub', 'chat:news'), /HTTP status 403/);
  assert.ok(proxy.firsts.every((text) => /^upgrade:/im.test(text)));
  await proxy.stop();
});

test('a list that is none is refused, with the name of the option', async () => {
  for (const list of ['carrier-pigeon', 'websocket,', 'websocket,websocket', ',']) {
    const { code, stderr } = await cli(at(real.url, 'sub', 'chat:news', '--transport', list));
    assert.strictEqual(code, 2);
    assert.match(stderr, /--transport is '.*': give a list of websocket, xhr-streaming, eventsource and xhr-polling/);
  }
});

/* ---- strangers ---- */

const INFO = '{"websocket":true,"cookie_needed":false,"origins":["*:*"],"entropy":1}';

/* Answers the info, and everything else as `say` does. */
async function stranger(say, info = INFO) {
  const self = await listening(http.createServer((request, response) => (/info$/.test(request.url) ? response.end(info) : say(response, request))));
  self.url += '/connection';
  return self;
}

/* As much as the other side takes, for ever. */
function endless(response, text) {
  response.on('drain', () => response.write(text));
  response.write(text);
}

const hostile = {
  'a page for a stream': ['xhr-streaming', (response) => response.end('<html>Hello</html>\n'), /no frame/],
  'a page for events': ['eventsource', (response) => { response.setHeader('Content-Type', 'text/html'); response.end('data: o\n\n'); }, /no text\/event-stream/],
  'garbage behind the first frame': ['xhr-streaming', (response) => response.end('o\n\x00\xff{"\n'), /no frame/],
  'a frame that is cut': ['xhr-streaming', (response) => { response.write('o\na["x'); setTimeout(() => response.destroy(), 10); }, /transfer closed|no connection/i],
  'a line without an end': ['xhr-streaming', (response) => { response.write('o\n'); endless(response, 'a'.repeat(1 << 16)); }, /more than message_size_max/],
  'an event without an end': ['eventsource', (response) => {
    response.setHeader('Content-Type', 'text/event-stream');
    response.write('data: o\r\n\r\n');
    endless(response, 'data: ' + 'a'.repeat(1 << 16) + '\r\n');
  }, /more than message_size_max/],
  'an error without an end': ['xhr-polling', (response) => { response.statusCode = 404; endless(response, 'x'.repeat(1 << 16)); }, /HTTP status 404/],
  'polls without a frame': ['xhr-polling', (response, request) => { request.resume(); response.end('\n'); }, /not possible|has ended|did not open/],
  'a redirect': ['xhr-polling', (response) => { response.writeHead(302, { Location: 'http://user:pw@elsewhere.example/x?secret' }); response.end(); },
    /redirects to another address.*http:\/\/[^ ]*elsewhere.example\/x$/m],
};
for (const [what, [transport, say, told]] of Object.entries(hostile)) {
  test(`${what} is told as what it is`, async () => {
    const server = await stranger(say);
    const stderr = await complaint(at(server.url, 'sub', 'chat:news', '--transport', transport), told);
    assert.doesNotMatch(stderr, /pw|secret/);
    await server.stop();
  });
}

test('an info that is none is told', async () => {
  for (const info of ['<html>', '[]', 'x'.repeat(2 << 20)]) {
    const server = await stranger((response) => response.end(), info);
    await complaint(at(server.url, 'sub', 'chat:news'), /no SockJS server|larger than it may be/);
    await server.stop();
  }
});
