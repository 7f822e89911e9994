'use strict';
/* What operators have: the login, the WebSocket, and what they may not see. */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
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

const get = (server, where, headers) => server.request({ method: 'GET', path: where, headers });

test('the page is known again by its tag, and lets in nothing from elsewhere', () => withAdmin({}, async (server) => {
  const page = await get(server, '/');
  assert.strictEqual(page.status, 200);
  assert.match(page.headers['content-type'], /^text\/html/);
  assert.match(page.headers['content-security-policy'], /default-src 'none'; script-src 'self'; .*frame-ancestors 'none'/);
  assert.ok(!/<script>|<style|\sstyle=|\son\w+=/.test(page.text), 'nothing is inline');
  assert.strictEqual((await get(server, '/', { 'If-None-Match': page.headers.etag })).status, 304);
  for (const [, name] of page.text.matchAll(/(?:src|href)="(\w+\.\w+)"/g)) assert.strictEqual((await get(server, '/' + name)).status, 200, name);
  assert.strictEqual((await get(server, '/nosuch.js')).status, 404);
}));

test('a folder serves its files and nothing outside of it', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuged-web-'));
  const file = (name, text) => fs.writeFileSync(path.join(folder, name), text);
  fs.mkdirSync(path.join(folder, 'site/sub'), { recursive: true });
  file('site/index.html', 'the index');
  file('site/sub/app.js', 'var a;');
  file('site-secret.txt', 'outside');
  fs.symlinkSync('../site-secret.txt', path.join(folder, 'site/link.txt'));
  fs.symlinkSync('/etc', path.join(folder, 'site/etc'));
  return withAdmin({ web_path: path.join(folder, 'site') }, async (server) => {
    const index = await get(server, '/');
    assert.deepStrictEqual([index.status, index.text], [200, 'the index']);
    assert.match(index.headers['content-security-policy'], /default-src 'none'/);
    const script = await get(server, '/sub/app.js');
    assert.deepStrictEqual([script.text, script.headers['content-type']], ['var a;', 'text/javascript; charset=utf-8']);
    assert.strictEqual((await get(server, '/sub')).headers.location, './sub/');
    for (const where of ['/sub/', '/link.txt', '/etc/passwd', '/nosuch', '/a%00b', '/app.js/x', '/sub/app.js/']) {
      assert.strictEqual((await get(server, where)).status, 404, where);
    }
    for (const where of ['/../site-secret.txt', '/%2e%2e/site-secret.txt', '/sub/..%2f..%2fsite-secret.txt']) {
      const answer = await get(server, where);
      assert.ok(answer.status === 301 && !answer.text.includes('outside'), where);
    }
    await Promise.all(Array.from({ length: 50 }, async () => assert.strictEqual((await get(server, '/sub/app.js')).text, 'var a;')));
  }).finally(() => fs.rmSync(folder, { recursive: true }));
});
