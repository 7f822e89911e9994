'use strict';
/* What is refused leaves a line in the log, with its reason; and nobody can fill the log with them. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { Server, Client, credentials, frame, until, sign } = require('./lib');

let server;

before(async () => { server = await Server.start({ api_request_max_size: 1000, client_request_max_size: 1000, connection_lifetime: 100 }); });
after(() => server.stop());

const lines = (pattern) => server.logged().match(pattern) || [];

test('refused HTTP and WebSocket leave a line with the reason', async () => {
  const requests = [
    ['nonsense\r\n\r\n', /\[I\]: .* request from 127\.0\.0\.1 refused with 400: /],
    ['POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\nx', /\[W\]: .* refused with 413: its body is larger than api_request_max_size/],
    ['GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', /\[W\]: .* handshake from 127\.0\.0\.1 answered with 400: no Upgrade header: is the proxy set up/],
  ];
  for (const [bytes, line] of requests) {
    const raw = await server.raw();
    raw.write(bytes);
    await until(() => line.test(server.logged()), String(line));
    raw.end();
  }
  for (const [bytes, line] of [[frame(1, '{}', { masked: false }), /\[I\]: .* client at 127\.0\.0\.1 closed with 1002: /],
    [frame(1, 'x'.repeat(1001)), /\[W\]: .* client at 127\.0\.0\.1 closed with 1009: its message is too large; see client_request_max_size/]]) {
    const raw = await (await server.raw()).upgrade();
    raw.write(bytes);
    await until(() => line.test(server.logged()), String(line));
    raw.end();
  }
});

test('a client cannot fill the log', async () => {
  const client = await Client.open(server, 'ann');
  for (let i = 0; i < 500; i++) await client.command('refresh', credentials('bob'));
  client.end();
  const written = lines(/credentials of another user/g).length;
  assert.ok(written >= 1 && written < 50, written + ' lines'); // one each five seconds, however slow the machine
});

test('credentials, API requests and messages that are refused leave a line with what to look at', async () => {
  const bad = await Client.open(server);
  bad.send({ method: 'connect', params: Object.assign(credentials('ann'), { token: 'f'.repeat(64) }) });
  await bad.waitClosed();
  await until(() => lines(/\[W\]: .* client \S+: its token does not match: was it made with this server's secret\?/g).length === 1, 'the token');
  const rude = await Client.open(server, 'ann');
  rude.send('nonsense');
  await rude.waitClosed();
  await until(() => lines(/\[I\]: .* client \S+ cut off: invalid message/g).length === 1, 'the message');
  const json = { 'Content-Type': 'application/json' };
  assert.strictEqual((await server.request({ headers: Object.assign({ 'X-API-Sign': sign('else') }, json) }, '{}')).status, 401);
  await until(() => lines(/\[W\]: .* API request answered with 401: its sign does not match: was it made with/g).length === 1, 'the sign');
});

test('strangers cannot fill the log where the secret is empty', async () => {
  const open = await Server.start({ secret: '', insecure: true });
  try {
    for (let i = 0; i < 50; i++) {
      const client = await Client.open(open);
      await client.command('connect', {});
      client.send({ method: 'refresh', params: credentials('ann') });
      await client.waitClosed();
    }
    const written = (open.logged().match(/option 'secret' is empty: no credentials/g) || []).length;
    assert.ok(written >= 1 && written < 25, written + ' lines'); // one each five seconds, however slow the machine
  } finally {
    await open.stop();
  }
});

test('nobody sends a terminal codes through the log', async () => {
  const loud = await Server.start({ log_level: 'debug' });
  try {
    const good = 'caf%C3%A9%F0%9F%98%80';
    const codes = { c1: '%C2%9B31m', raw: '%9B31m', nel: '%C2%85', escape: '%1B[31m', line: '%0D%0A[F]:', long: '%C0%80', cut: '%C3' };
    for (const [name, code] of Object.entries(codes)) await loud.request({ method: 'GET', path: '/' + good + code + '-' + name });
    await until(() => Object.keys(codes).every((name) => loud.logged().includes('-' + name + ' from')), 'their lines');
    assert.doesNotMatch(loud.logged(), /[\x00-\x09\x0b-\x1f\x7f-\x9f\ufffd]/);
    assert.strictEqual(loud.logged().split('/caf\u00e9\u{1f600}').length, Object.keys(codes).length + 1);
    assert.doesNotMatch(loud.logged(), /^\[F\]/m);
  } finally {
    await loud.stop();
  }
});
