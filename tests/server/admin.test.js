'use strict';
/* What operators have: the login, the WebSocket, and what they may not see. */
const { test } = require('node:test');
const assert = require('node:assert');
const { Server, frame, until } = require('./lib');

const WEB = { web: true, admin_password: 'open sesame', admin_secret: 'the key of tokens', watch: true };

async function withAdmin(config, body) {
  const server = await Server.start(Object.assign({}, WEB, config));
  try {
    await body(server);
  } finally {
    await server.stop();
  }
}

const logIn = (server, password) => server.request({ path: '/auth/', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } },
  'password=' + encodeURIComponent(password));

test('a password gives a token, and the token all commands and the messages', () => withAdmin({ presence: true, publish: true }, async (server) => {
  const answer = await logIn(server, 'open sesame');
  assert.strictEqual(answer.status, 200);
  assert.strictEqual(answer.headers['cache-control'], 'no-store');
  const admin = await server.admin();
  const { token } = JSON.parse(answer.text);
  assert.strictEqual((await admin.command('connect', { token, watch: true })).body, true);
  const ann = await server.client('ann');
  await ann.command('subscribe', { channel: 'news' });
  assert.deepStrictEqual((await admin.command('channels')).body.data, ['news']);
  assert.deepStrictEqual(Object.values((await admin.command('presence', { channel: 'news' })).body.data).map((who) => who.user), ['ann']);
  await ann.command('publish', { channel: 'news', data: 'hello' });
  assert.strictEqual((await admin.take((m) => m.method === 'message', 'the message')).body.info.user, 'ann');
  await admin.command('disconnect', { user: 'ann' });
  await ann.waitClosed();
}));

test('wrong passwords are counted, and the right one does not help then', () => withAdmin({}, async (server) => {
  for (let i = 0; i < 20; i++) assert.strictEqual((await logIn(server, 'wrong ' + i)).status, 400);
  const late = await logIn(server, 'open sesame');
  assert.strictEqual(late.status, 429);
  assert.strictEqual(late.headers['retry-after'], '6');
  assert.match(server.logged(), /login of an operator from 127\.0\.0\.1 refused: the password is wrong/);
}));

test('neither log nor answers have a secret', () => withAdmin({ log_level: 'trace' }, async (server) => {
  const { token } = JSON.parse((await logIn(server, 'open sesame')).text);
  await server.request({ method: 'GET', path: '/auth/?password=open%20sesame%20guessed' });
  const admin = await server.admin();
  await admin.command('connect', { token, watch: true });
  const told = server.logged() + JSON.stringify((await admin.command('info')).body) + JSON.stringify((await admin.command('node')).body);
  for (const secret of ['open sesame', 'open%20sesame', 'the key of tokens', token]) assert.ok(!told.includes(secret), secret);
  assert.match(server.logged(), /POST \/auth\/ from 127\.0\.0\.1/);
  assert.strictEqual((await admin.command('info')).body.data.config.secret, '[hidden]');
}));

test('a page of another site is not let in', () => withAdmin({ insecure_admin: true }, async (server) => {
  const own = await server.admin({ origin: 'http://127.0.0.1:' + server.apiPort });
  assert.strictEqual((await own.command('ping')).body, 'pong');
  for (const origin of ['http://elsewhere.example', 'null', 'http://127.0.0.1:1', 'http://127.0.0.1:' + server.apiPort + '.elsewhere.example']) {
    await assert.rejects(server.admin({ origin }), /403/, origin);
  }
  assert.match(server.logged(), /admin connection from a page of 'http:\/\/elsewhere\.example' refused/);
}));

test('another key ends the tokens, and an end of insecure_admin those without', () => withAdmin({ insecure_admin: true }, async (server) => {
  const [open, late] = [await server.admin(), await server.admin()];
  assert.strictEqual((await open.command('ping')).body, 'pong');
  const { token } = JSON.parse((await logIn(server, '')).text);
  assert.strictEqual(token, 'insecure');
  server.writeConfig(WEB);
  server.signal('SIGHUP');
  await until(() => /successfully reloaded/.test(server.logged()), 'the reload');
  open.send({ method: 'ping' });
  await open.waitClosed();
  assert.match(open.closed.reason, /unauthorized/);
  late.send({ method: 'connect', params: { token } });
  await late.waitClosed();
  assert.match(late.closed.reason, /unauthorized/);
}));

test('an operator who does not read is closed, and nobody waits for him', () => withAdmin({ insecure_admin: true, client_request_max_size: 1048576 }, async (server) => {
  const raw = await server.raw();
  await raw.upgrade('/socket');
  raw.socket.pause();
  raw.write(frame(1, JSON.stringify({ method: 'connect', params: { watch: true } })));
  const data = 'x'.repeat(500000);
  const admin = await server.admin();
  for (let i = 0; i < 40; i++) assert.strictEqual((await admin.command('publish', { channel: 'a', data })).error, null);
  raw.socket.resume();
  await raw.waitClosed();
  assert.strictEqual((await admin.command('ping')).body, 'pong');
}));

test('arrays of a long message do not stop others, and answers keep their order', () => withAdmin({ insecure_admin: true, client_request_max_size: 10485760 }, async (server) => {
  const admin = await server.admin();
  for (let i = 0; i < 50; i++) admin.send(Array.from({ length: 200 }, (_, n) => ({ uid: i + '.' + n, method: 'history', params: { channel: 'c' } })));
  await until(() => admin.messages.length === 10000, 'all answers');
  const wanted = Array.from({ length: 10000 }, (_, n) => Math.floor(n / 200) + '.' + (n % 200));
  assert.deepStrictEqual(admin.messages.map((m) => m.uid), wanted);
}));
