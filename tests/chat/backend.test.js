'use strict';
/* The chat's backend over HTTP: what it answers, what it refuses. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const crypto = require('node:crypto');
const net = require('node:net');
const { Chat, SECRET } = require('./lib');

let chat;
before(async () => { chat = await Chat.start({}); });
after(() => chat.stop());

const hmac = (...parts) => crypto.createHmac('sha256', SECRET).update(parts.join('')).digest('hex');

/* {status, headers, json} */
async function post(path, body, session) {
  const headers = { 'Content-Type': 'application/json' };
  if (session !== undefined) headers.Authorization = 'Bearer ' + session;
  const answer = await chat.request('POST', path, { body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body), headers });
  return { ...answer, json: JSON.parse(answer.text) };
}

const signIn = async (name) => (await post('/session', { name })).json;

/* Sends bytes and reads until the backend closes. */
function raw(text) {
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect(chat.backend.port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (data) => { answer += data; });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

test('the page comes with a policy that allows nothing else', async () => {
  const answer = await chat.request('GET', '/');
  assert.strictEqual(answer.status, 200);
  assert.match(answer.headers['content-type'], /^text\/html/);
  assert.strictEqual(answer.headers['x-content-type-options'], 'nosniff');
  const policy = answer.headers['content-security-policy'].split('; ');
  for (const part of ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self' ws://127.0.0.1:" + chat.server.port]) {
    assert.ok(policy.includes(part), part);
  }
  const head = await chat.request('HEAD', '/chat.css');
  assert.deepStrictEqual([head.status, head.text], [200, '']);
});

test('unknown paths, and paths that climb, are not there', async () => {
  for (const path of ['/nothing', '/index.html', '/chat.js/', '/../chat.h', '/%2e%2e/chat.h', '/..%2f..%2f..%2fetc/passwd', '//etc/passwd', '/page/../main.c']) {
    const answer = await chat.request('GET', path);
    assert.strictEqual(answer.status, 404, path);
    assert.deepStrictEqual(JSON.parse(answer.text), { error: 'there is nothing here' });
  }
});

test('another method is refused with the one that is right', async () => {
  for (const [method, path, allow] of [['GET', '/session', 'POST'], ['DELETE', '/centrifuge/auth/', 'POST'], ['POST', '/', 'GET, HEAD'], ['PUT', '/chat.js', 'GET, HEAD']]) {
    const answer = await chat.request(method, path, { body: method === 'GET' ? undefined : '{}' });
    assert.deepStrictEqual([answer.status, answer.headers.allow], [405, allow], method + ' ' + path);
  }
});

test('a body that is too large is refused, or ends the connection', async () => {
  const answer = await chat.request('POST', '/session', { body: JSON.stringify({ name: 'a'.repeat(16384) }) });
  assert.strictEqual(answer.status, 413);
  // Without saying its size in advance.
  const chunk = 'a'.repeat(8000);
  const chunked = '1f40\r\n' + chunk + '\r\n';
  const got = await raw('POST /session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + chunked.repeat(4));
  assert.doesNotMatch(got, /^HTTP\/1\.1 200/);
  const fits = await post('/session', JSON.stringify({ name: 'Ada', rest: '' }).replace('""', '"' + 'a'.repeat(16000) + '"'));
  assert.strictEqual(fits.status, 200);
});

test('what is no JSON, or not what is asked for, is answered with 400 and a reason', async () => {
  const { session } = await signIn('Ada');
  for (const [path, body, reason] of [['/session', '', /./], ['/session', '{"name":', /./], ['/session', '{"name":"a"} x', /end of file/],
    ['/session', '[]', /./], ['/session', '{}', /name/], ['/session', '{"name":7}', /string/], ['/session', '{"name":"\\u0000"}', /./],
    ['/session', Buffer.from('{"name":"\xff"}', 'latin1'), /decode/], ['/session', '{"name":"  "}', /1 to 64/], ['/session', JSON.stringify({ name: 'é'.repeat(33) }), /1 to 64/],
    ['/session', '['.repeat(16000), /./],
    ['/centrifuge/auth/', '{"client":"c"}', /channels/], ['/centrifuge/auth/', '{"client":"c","channels":"$chat:members"}', /array/],
    ['/centrifuge/auth/', '{"client":7,"channels":[]}', /string/], ['/centrifuge/auth/', '{"client":"c","channels":[1]}', /string/],
    ['/centrifuge/auth/', JSON.stringify({ client: 'c', channels: Array(17).fill('$x') }), /16/], ['/session/member', '{}', /word/],
    ['/centrifuge/refresh/', 'x', /./]]) {
    const answer = await post(path, body, session);
    const what = path + ' ' + String(body).slice(0, 60);
    assert.strictEqual(answer.status, 400, what);
    assert.match(answer.json.error, reason, what);
  }
});

test('credentials are those that the server expects', async () => {
  const name = 'Zoë "the" <b>';
  const { credentials, server, member } = await signIn(name);
  assert.deepStrictEqual([server, member], ['ws://127.0.0.1:' + chat.server.port, false]);
  assert.deepStrictEqual(JSON.parse(credentials.info), { name });
  assert.ok(Math.abs(Number(credentials.timestamp) - Date.now() / 1000) < 60);
  assert.strictEqual(credentials.token, hmac(credentials.user, credentials.timestamp, credentials.info));
});

test('a refresh gives the same user new credentials', async () => {
  const { session, credentials } = await signIn('Ada');
  const answer = await post('/centrifuge/refresh/', {}, session);
  assert.strictEqual(answer.status, 200);
  assert.deepStrictEqual(Object.keys(answer.json).sort(), ['info', 'timestamp', 'token', 'user']);
  assert.strictEqual(answer.json.user, credentials.user);
  assert.strictEqual(answer.json.token, hmac(answer.json.user, answer.json.timestamp, answer.json.info));
  const again = await post('/session', { name: 'Ada L.' }, session);
  assert.strictEqual(again.json.credentials.user, credentials.user);
});

test('signs are for members, and for the one private channel there is', async () => {
  const { session } = await signIn('Ada');
  const asked = { client: 'c-1', channels: ['$chat:members', '$chat:other', 'chat:room'] };
  const before = await post('/centrifuge/auth/', asked, session);
  assert.deepStrictEqual(before.json, { '$chat:members': { status: 403 }, '$chat:other': { status: 403 }, 'chat:room': { status: 403 } });
  const wrong = await post('/session/member', { word: 'opem' }, session);
  assert.deepStrictEqual([wrong.status, wrong.json], [403, { error: 'that is not the word' }]);
  const member = await post('/session/member', { word: 'open' }, session);
  const answer = await post('/centrifuge/auth/', asked, member.json.session);
  assert.deepStrictEqual(answer.json['$chat:members'], { sign: hmac('c-1', '$chat:members') });
  assert.deepStrictEqual([answer.json['$chat:other'], answer.json['chat:room']], [{ status: 403 }, { status: 403 }]);
});

test('a session that the backend has not made is none', async () => {
  const { session } = await signIn('Ada');
  const [digits, sign] = session.split('.');
  const plain = Buffer.from(digits, 'hex').toString().replace('false', 'true');
  const forged = Buffer.from(plain).toString('hex');
  const last = sign.slice(0, -1) + (sign.endsWith('0') ? '1' : '0');
  for (const text of ['', '.', 'x', digits, digits + '.', '.' + sign, forged + '.' + sign, digits + '.' + last, session + '0',
    digits + '.' + hmac(digits), 'z'.repeat(4000) + '.' + sign]) {
    for (const path of ['/centrifuge/refresh/', '/centrifuge/auth/', '/session/member']) {
      assert.strictEqual((await post(path, { client: 'c', channels: [], word: 'open' }, text)).status, 401, text.slice(0, 80));
    }
  }
  assert.strictEqual((await post('/centrifuge/refresh/', {})).status, 401);
  assert.strictEqual((await post('/centrifuge/refresh/', {}, session)).status, 200);
});

test('many at once, and some who say nothing, leave it serving', async () => {
  const silent = Array.from({ length: 50 }, () => net.connect(chat.backend.port, '127.0.0.1'));
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => post('/session', { name: 'visitor ' + i })));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.strictEqual(new Set(answers.map(({ json }) => json.credentials.user)).size, 200);
  for (const socket of silent) socket.destroy();
});
