'use strict';
/* The requests of SockJS as bytes: in pieces, half, slow, several on a connection, too large; and of strangers. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const http = require('node:http');
const net = require('node:net');
const { Server, WebSocket, until } = require('./lib');

const CONNECT = JSON.stringify({ uid: '1', method: 'connect', params: { user: 'u', timestamp: '1', token: '' } });
const SUBSCRIBE = JSON.stringify({ uid: '2', method: 'subscribe', params: { channel: 'news' } });
const BEGIN = JSON.stringify([CONNECT, SUBSCRIBE]);
const MESSAGE_MAX = 200; // client_request_max_size of the small server
const BODY_MAX = 16 * MESSAGE_MAX;

let server;
let small;

before(async () => {
  server = await Server.start({ insecure: true });
  small = await Server.start({ insecure: true, client_request_max_size: MESSAGE_MAX, api_request_max_size: 1000000 });
});
after(async () => {
  await server.stop();
  await small.stop();
});

function request(session, end, body, headers) {
  return `POST /connection/000/${session}/${end} HTTP/1.1\r\nHost: x\r\n${headers || ''}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function post(of, session, end, body, options) {
  return of.request(Object.assign({ port: of.port, path: '/connection/000/' + session + '/' + end }, options), body);
}

/* What the polls of a session of `server` bring, until something is among it. */
async function polled(session, last) {
  let all = '';
  await until(async () => { all += (await post(server, session, 'xhr')).text; return all.includes(last); }, last);
  return all;
}

async function open(of, session) {
  assert.strictEqual((await post(of, session, 'xhr')).text, 'o\n');
  assert.strictEqual((await post(of, session, 'xhr_send', BEGIN)).status, 204);
  await until(async () => /subscribe/.test((await post(of, session, 'xhr')).text), 'the subscription');
}

const statuses = (raw) => [...raw.text().matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => Number(match[1]));

/* ---- in pieces ---- */

test('requests that come byte for byte are requests', async () => {
  const raw = await server.raw();
  const form = 'd=' + encodeURIComponent(JSON.stringify([SUBSCRIBE]));
  const all = request('bytes', 'xhr', '') + request('bytes', 'xhr_send', JSON.stringify([CONNECT])) +
    request('bytes', 'jsonp_send', form, 'Content-Type: application/x-www-form-urlencoded\r\n');
  for (const byte of all) raw.write(byte);
  await until(() => /ok$/.test(raw.text()), 'three answers');
  assert.deepStrictEqual(statuses(raw), [200, 204, 200]);
  assert.match(raw.text(), /\r\n\r\no\n/);
  assert.match(await polled('bytes', 'subscribe'), /connect.*subscribe/s);
  raw.end();
});

test('half a body is no message, and takes nothing from its session', async () => {
  await open(server, 'half');
  const publish = JSON.stringify({ uid: '3', method: 'publish', params: { channel: 'news', data: 'of a half body' } });
  const whole = request('half', 'xhr_send', JSON.stringify([publish]));
  const raw = await server.raw();
  raw.write(whole.slice(0, -1));
  raw.socket.destroy();
  await server.publish('news', 'behind it');
  const got = (await post(server, 'half', 'xhr')).text;
  assert.match(got, /behind it/);
  assert.doesNotMatch(got, /of a half body/);
  assert.strictEqual((await post(server, 'half', 'xhr_send', JSON.stringify([publish]))).status, 204);
});

test('who is slow with a request is told, and costs his session nothing', async () => {
  await open(server, 'slow');
  const head = await server.raw();
  head.write(request('slow', 'xhr', '').slice(0, -3));
  const silent = await server.raw();
  await until(() => head.closed && silent.closed, 'the end of both');
  assert.match(head.text(), /^HTTP\/1\.1 408 /);
  assert.strictEqual(silent.text(), '');
  /* it was forgotten meanwhile, as of any poller who does not come back; the id opens a new one, which nobody has connected */
  assert.strictEqual((await post(server, 'slow', 'xhr')).text, 'o\n');
});

/* ---- several on a connection ---- */

test('a whole conversation goes over one connection, whatever is sent ahead', async () => {
  const raw = await server.raw();
  const ping = (uid) => JSON.stringify([JSON.stringify({ uid, method: 'ping' })]);
  raw.write(request('ahead', 'xhr', '') + request('ahead', 'xhr_send', BEGIN) + request('ahead', 'xhr', '') +
    request('ahead', 'xhr_send', ping('3')) + request('ahead', 'xhr_send', ping('4')) + request('ahead', 'xhr', '') +
    request('ahead', 'xhr_send', 'no array') + request('other', 'xhr_send', '[]'));
  await until(() => statuses(raw).length === 8, 'eight answers');
  assert.deepStrictEqual(statuses(raw), [200, 204, 200, 204, 204, 200, 500, 404]);
  const all = raw.text() + (raw.text().includes('\\"uid\\":\\"4\\"') ? '' : await polled('ahead', '\\"uid\\":\\"4\\"'));
  assert.deepStrictEqual(all.match(/^o$|(?<=\\"uid\\":\\")\d/gm), ['o', '1', '2', '3', '4']);
  raw.end();
});

test('a connection is kept from poll to poll, and closed for who asks for that', async () => {
  const agent = new http.Agent({ keepAlive: true });
  let made = 0;
  agent.createConnection = (...given) => { made++; return net.createConnection(...given); };
  const poll = (end, body, headers) => post(server, 'kept', end, body, { agent, headers });
  assert.strictEqual((await poll('xhr')).headers.connection, undefined);
  await poll('xhr_send', BEGIN);
  await until(async () => /subscribe/.test((await poll('xhr')).text), 'the subscription');
  for (let i = 0; i < 5; i++) {
    await server.publish('news', i);
    assert.match((await poll('xhr')).text, new RegExp('\\\\"data\\\\":' + i));
  }
  assert.strictEqual((await poll('xhr_send', '[]', { Connection: 'close' })).headers.connection, 'close');
  assert.strictEqual(made, 1);
  agent.destroy();
});

for (const end of ['xhr_streaming', 'eventsource', 'htmlfile?c=x']) {
  test('the head of ' + end + ' asks proxies once not to keep it, its frames say nothing of it', async () => {
    const raw = await server.raw();
    const session = 'proxied-' + end.replace(/\W/g, '');
    const method = end === 'xhr_streaming' ? 'POST' : 'GET';
    raw.write(`${method} /connection/000/${session}/${end} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
    await raw.waitText('o');
    assert.strictEqual((await post(server, session, 'xhr_send', BEGIN)).status, 204);
    await server.publish('news', 'one');
    await raw.waitText('one');
    await server.publish('news', 'two');
    await raw.waitText('two');
    assert.strictEqual(raw.text().match(/X-Accel-Buffering: no\r\n/gi).length, 1);
    assert.ok(raw.text().indexOf('X-Accel-Buffering') < raw.text().indexOf('\r\n\r\n'));
    raw.end();
  });
}

/* ---- too large ---- */

const LARGE = [
  ['xhr_send', request('large', 'xhr_send', 'x'.repeat(BODY_MAX + 1)).slice(0, -BODY_MAX)],
  ['jsonp_send', request('large', 'jsonp_send', 'x'.repeat(BODY_MAX + 1)).slice(0, -BODY_MAX)],
  ['xhr_send in chunks', 'POST /connection/000/large/xhr_send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' +
    (BODY_MAX + 1).toString(16) + '\r\n'],
];

for (const [name, head] of LARGE) {
  test('a body of ' + name + ' over its limit is refused before it has come, by the name of its option', async () => {
    const raw = await small.raw();
    raw.write(head);
    await raw.waitClosed();
    assert.match(raw.text(), /^HTTP\/1\.1 413 /);
    await until(() => /refused with 413: its body is larger than 16 times client_request_max_size/.test(small.output), 'the line');
  });
}

test('the largest message fits into a body however it is written, and larger ones close their session', async () => {
  await open(small, 'largest');
  const frame = JSON.stringify({ uid: '3', method: 'ping', params: {} });
  const largest = frame.slice(0, -1) + ' '.repeat(MESSAGE_MAX - frame.length) + '}';
  const escaped = '["' + [...largest].map((c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0')).join('') + '"]';
  assert.strictEqual((await post(small, 'largest', 'xhr_send', escaped)).status, 204);
  assert.match((await post(small, 'largest', 'xhr')).text, /\\"uid\\":\\"3\\",\\"method\\":\\"ping\\"/);
  assert.strictEqual((await post(small, 'largest', 'xhr_send', JSON.stringify([largest + ' ']))).status, 204);
  assert.match((await post(small, 'largest', 'xhr')).text, /^c\[3000,.*limit exceeded/);
});

test("the API's bodies have a limit of their own", async () => {
  assert.strictEqual((await small.api({ method: 'publish', params: { channel: 'news', data: 'x'.repeat(2 * BODY_MAX) } }))[0].error, null);
});

/* ---- ids of others ---- */

test('who knows an id while its client receives is turned away, and gets nothing of it', async () => {
  await open(server, 'taken');
  const polls = [post(server, 'taken', 'xhr'), post(server, 'taken', 'xhr')];
  const away = await Promise.race(polls.map(async (poll, i) => ({ i, text: (await poll).text })));
  assert.match(away.text, /2010/);
  const own = polls[1 - away.i]; // which of two connections comes first is not said
  for (const [end, expected] of [
    ['xhr', 'c[2010,"Another connection still open"]\n'],
    ['xhr_streaming', 'h'.repeat(2048) + '\nc[2010,"Another connection still open"]\n'],
  ]) assert.strictEqual((await post(server, 'taken', end)).text, expected);
  const socket = new WebSocket('ws://127.0.0.1:' + server.port + '/connection/000/taken/websocket');
  const texts = [];
  socket.on('message', (data) => texts.push(data.toString()));
  await until(() => texts.length > 0, 'the first frame');
  await server.publish('news', 'for its client');
  assert.match((await own).text, /for its client/);
  assert.deepStrictEqual(texts, ['o']);
  socket.terminate();
});

test('the id of a session that is over opens another one, which has nothing of it', async () => {
  await open(server, 'again');
  await server.api({ method: 'disconnect', params: { user: 'u' } });
  assert.match((await post(server, 'again', 'xhr')).text, /^c\[3000,/);
  await server.publish('news', 'for nobody');
  assert.match((await post(server, 'again', 'xhr')).text, /^c\[3000,/); // still the end, whoever asks
  await until(async () => (await post(server, 'again', 'xhr_send', '[]')).status === 404, 'the end of the session');
  assert.strictEqual((await post(server, 'again', 'xhr')).text, 'o\n');
  assert.strictEqual((await post(server, 'again', 'xhr_send', JSON.stringify([SUBSCRIBE]))).status, 204);
  assert.match((await post(server, 'again', 'xhr')).text, /^c\[3000,.*unauthorized/);
});
