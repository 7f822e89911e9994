'use strict';
/*
 * What the published tests of the SockJS protocol (0.3.3) ask of a server, against sockjs-echo-server: greeting, page, info,
 * paths, and each transport byte by byte. The services with the real client are in sockjs-echo.test.js.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const crypto = require('node:crypto');
const http = require('node:http');
const { EchoServer, WebSocket, until } = require('./lib');

let echo;

before(async () => { echo = await EchoServer.start(); });
after(() => echo.stop());

function ask(method, path, body, headers) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: echo.port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (data) => { text += data; });
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

const get = (path, headers) => ask('GET', path, undefined, headers);
const post = (path, body, headers) => ask('POST', path, body || '', headers);
const session = (service) => '/' + service + '/000/' + crypto.randomUUID();

function isPublic(answer, origin) {
  assert.strictEqual(answer.headers['access-control-allow-origin'], origin || '*');
  assert.strictEqual(answer.headers['access-control-allow-credentials'], 'true');
}

function isFresh(answer) {
  assert.strictEqual(answer.headers['cache-control'], 'no-store, no-cache, must-revalidate, max-age=0');
  assert.strictEqual(answer.headers.expires, undefined);
  assert.strictEqual(answer.headers['last-modified'], undefined);
}

function isKept(answer) {
  assert.strictEqual(answer.headers['cache-control'], 'public, max-age=31536000');
  assert.ok(Date.parse(answer.headers.expires) > Date.now() + 300 * 86400000);
  assert.ok(Number(answer.headers['access-control-max-age']) >= 1000000);
  assert.strictEqual(answer.headers['last-modified'], undefined);
}

/* ---- greeting, page, info ---- */

test('the greeting, and nothing where there is nothing', async () => {
  for (const end of ['', '/']) {
    const answer = await get('/echo' + end);
    assert.deepStrictEqual([answer.status, answer.text, answer.headers['set-cookie']], [200, 'Welcome to SockJS!\n', undefined]);
    assert.match(answer.headers['content-type'], /^text\/plain; ?charset=UTF-8$/);
  }
  for (const end of ['/a', '/a.html', '//', '///', '/a/a', '/a/a/', '/a/', '/0/0/rawwebsocket'])
    assert.strictEqual((await get('/echo' + end)).status, 404, end);
});

test('the page has many names, is kept, and is not sent again', async () => {
  let tag;
  for (const name of ['', '-a', '-', '-0.1.2', '-0.1.2abc-dirty.2144']) {
    const answer = await get('/echo/iframe' + name + '.html');
    assert.strictEqual(answer.status, 200, name);
    assert.strictEqual(answer.headers['content-type'], 'text/html; charset=UTF-8');
    assert.ok(tag === undefined || tag === answer.headers.etag);
    tag = answer.headers.etag;
    isKept(answer);
  }
  const again = await get('/echo/iframe.html', { 'If-None-Match': tag });
  assert.deepStrictEqual([again.status, again.text, again.headers['content-type']], [304, '', undefined]);
  for (const name of ['iframe.htm', 'iframe', 'IFRAME.HTML', 'IFRAME', 'iframe.HTML', 'iframe.xml', 'iframe-/.html'])
    assert.strictEqual((await get('/echo/' + name)).status, 404, name);
});

test('info says what there is, is never the same, and may be asked for by every page', async () => {
  const answers = await Promise.all([get('/echo/info'), get('/echo/info'), get('/echo/info', { Origin: 'null' })]);
  for (const answer of answers) {
    const info = JSON.parse(answer.text);
    assert.deepStrictEqual([answer.status, answer.headers['content-type']], [200, 'application/json; charset=UTF-8']);
    assert.deepStrictEqual([info.websocket, info.cookie_needed, info.origins], [true, false, ['*:*']]);
    assert.ok(Number.isInteger(info.entropy) && info.entropy >= 0 && info.entropy < 2 ** 32);
    isFresh(answer);
  }
  isPublic(answers[0]);
  isPublic(answers[2], 'null');
  assert.strictEqual(new Set(answers.map((answer) => JSON.parse(answer.text).entropy)).size, 3);
});

for (const [end, methods] of [['/info', 'OPTIONS, GET'], ['/0/0/xhr', 'OPTIONS, POST'], ['/0/0/xhr_send', 'OPTIONS, POST'],
  ['/0/0/xhr_streaming', 'OPTIONS, POST']]) {
  test('a preflight of ' + end, async () => {
    for (const origin of [undefined, 'http://a.example']) {
      const answer = await ask('OPTIONS', '/echo' + end, undefined,
        Object.assign({ 'Access-Control-Request-Headers': 'a, b, c' }, origin && { Origin: origin }));
      assert.deepStrictEqual([answer.status, answer.text, answer.headers['content-type']], [204, '', undefined]);
      assert.strictEqual(answer.headers['access-control-allow-methods'], methods);
      assert.strictEqual(answer.headers['access-control-allow-headers'], 'a, b, c');
      isPublic(answer, origin);
      isKept(answer);
    }
    const plain = await ask('OPTIONS', '/echo' + end);
    assert.strictEqual(plain.headers['access-control-allow-headers'], undefined);
  });
}

/* ---- paths ---- */

test('a session has any server and any id without a dot or a slash', async () => {
  for (const path of ['/a/a', '/_/_', '/1/1', '/abcdefgh_i-j%20/abcdefg_i-j%20'])
    assert.strictEqual((await post('/echo' + path + '/xhr')).text, 'o\n', path);
  for (const path of ['//', '/a./a', '/a/a.', '/./.', '/', '///'])
    assert.strictEqual((await post('/echo' + path + '/xhr')).status, 404, path);
});

test('the server in the path is nobody: the session is found by its id alone', async () => {
  const id = crypto.randomUUID();
  assert.strictEqual((await post('/echo/000/' + id + '/xhr')).text, 'o\n');
  assert.strictEqual((await post('/echo/999/' + id + '/xhr_send', '["a"]')).status, 204);
  assert.strictEqual((await post('/echo/555/' + id + '/xhr')).text, 'a["a"]\n');
});

/* ---- a session ---- */

test('open, send, receive, and a session that is not there', async () => {
  const path = session('echo');
  const first = await post(path + '/xhr');
  assert.deepStrictEqual([first.status, first.text], [200, 'o\n']);
  const sent = await post(path + '/xhr_send', '["a"]');
  assert.deepStrictEqual([sent.status, sent.text], [204, '']);
  assert.strictEqual((await post(path + '/xhr')).text, 'a["a"]\n');
  assert.strictEqual((await post(session('echo') + '/xhr_send', '["a"]')).status, 404);
  assert.strictEqual((await post(session('echo') + '/jsonp_send', '["a"]')).status, 404);
});

test('one receives at a time; who is closed is told so again and again', async () => {
  const path = session('echo');
  assert.strictEqual((await post(path + '/xhr')).text, 'o\n');
  const waits = post(path + '/xhr');
  await until(async () => (await post(path + '/xhr')).text === 'c[2010,"Another connection still open"]\n', 'to be turned away');
  assert.strictEqual((await post(path + '/xhr_send', '["for the first"]')).status, 204);
  assert.strictEqual((await waits).text, 'a["for the first"]\n');
  const closed = session('close');
  assert.strictEqual((await post(closed + '/xhr')).text, 'o\n');
  for (let i = 0; i < 2; i++)
    assert.strictEqual((await post(closed + '/xhr')).text, 'c[3000,"Go away!"]\n');
});

test('who breaks a stream off has ended his session', async () => {
  const path = session('echo');
  const raw = await echo.raw();
  raw.write(`POST ${path}/xhr_streaming HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  await raw.waitText('\no\n');
  assert.match((await post(path + '/xhr_streaming')).text, /^h{2048}\nc\[2010,"Another connection still open"\]\n$/);
  raw.socket.destroy();
  await until(async () => (await post(path + '/xhr_send', '["a"]')).status === 404, 'the end of the session');
  assert.strictEqual((await post(path + '/xhr')).text, 'o\n');
});

test('strangers have so many sessions, and then lose the oldest', async () => {
  const oldest = session('echo');
  for (const path of [oldest].concat(Array.from({ length: 100 }, () => session('echo'))))
    assert.strictEqual((await post(path + '/xhr')).text, 'o\n');
  const newest = session('echo');
  assert.strictEqual((await post(newest + '/xhr')).text, 'o\n');
  assert.strictEqual((await post(oldest + '/xhr_send', '["a"]')).status, 404);
  assert.strictEqual((await post(newest + '/xhr_send', '["a"]')).status, 204);
});

/* ---- bodies ---- */

const TYPES = ['text/plain', 'T', 'application/json', 'application/xml', '', 'application/json; charset=utf-8', 'text/xml'];

test('xhr_send takes an array of any type, and says what is wrong with another', async () => {
  const path = session('echo');
  assert.strictEqual((await post(path + '/xhr')).text, 'o\n');
  for (const [body, text] of [['["x', 'Broken JSON encoding.'], ['', 'Payload expected.']]) {
    const answer = await post(path + '/xhr_send', body);
    assert.deepStrictEqual([answer.status, answer.text], [500, text]);
    isPublic(answer);
  }
  for (const type of TYPES) {
    const answer = await post(path + '/xhr_send', '["a"]', { 'Content-Type': type });
    assert.deepStrictEqual([answer.status, answer.text, answer.headers['content-type']], [204, '', 'text/plain; charset=UTF-8'], type);
    isPublic(answer);
    isFresh(answer);
  }
  assert.strictEqual((await post(path + '/xhr')).text, 'a[' + TYPES.map(() => '"a"').join() + ']\n');
});

test('jsonp_send takes a form or a body, and says what is wrong with another', async () => {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
  const path = session('echo');
  assert.strictEqual((await get(path + '/jsonp?c=x')).text, 'x("o");\r\n');
  for (const [body, text] of [['d=%5B%22x', 'Broken JSON encoding.\n'], ['', 'Payload expected.\n'], ['d=', 'Payload expected.\n'],
    ['p=p', 'Payload expected.\n']]) {
    const answer = await post(path + '/jsonp_send', body, form);
    assert.deepStrictEqual([answer.status, answer.text], [500, text], body);
  }
  for (const [body, headers] of [['d=%5B%22abc%22%5D', form], ['["%61bc"]', { 'Content-Type': 'text/plain' }]]) {
    const answer = await post(path + '/jsonp_send', body, headers);
    assert.deepStrictEqual([answer.status, answer.text, answer.headers['content-type']], [200, 'ok', 'text/plain; charset=UTF-8']);
    isFresh(answer);
  }
  assert.strictEqual((await get(path + '/jsonp?c=x')).text, 'x("a[\\"abc\\",\\"\\\\u002561bc\\"]");\r\n');
});

test('a body may come long after its head', async () => {
  const path = session('echo');
  assert.strictEqual((await post(path + '/xhr')).text, 'o\n');
  const raw = await echo.raw();
  raw.write(`POST ${path}/xhr_send HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n`);
  assert.strictEqual((await post(path + '/xhr_send', '["b"]')).status, 204);
  assert.strictEqual(raw.text(), '');
  raw.write('["a"]');
  await raw.waitText('HTTP/1.1 204 No Content\r\n');
  assert.strictEqual((await post(path + '/xhr')).text, 'a["b","a"]\n');
  raw.end();
});

/* ---- transports ---- */

/* name, method, what is before the frames, a frame, the type. */
const PAGE = `<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.callback;
    c.start();
    function p(d) {c.message(d);};
    window.onload = function() {c.stop();};
  </script>
`;
const HEAD = new RegExp('^(?=[^]{1025})' + PAGE.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') + ' +\\r\\n\\r\\n$');
const STREAMS = [
  ['xhr_streaming', 'POST', /^h{2048}\n$/, (frame) => frame + '\n', 'application/javascript; charset=UTF-8'],
  ['eventsource', 'GET', /^\r\n$/, (frame) => 'data: ' + frame + '\r\n\r\n', 'text/event-stream; charset=UTF-8'],
  ['htmlfile?c=%63allback', 'GET', HEAD, (frame) => '<script>\np(' + JSON.stringify(frame) + ');\n</script>\r\n', 'text/html; charset=UTF-8'],
];

/* The chunks of a stream: each write of the server is one. */
function chunks(raw) {
  let rest = raw.text().slice(raw.text().indexOf('\r\n\r\n') + 4);
  const all = [];
  for (let match; (match = /^([0-9a-f]+)\r\n/.exec(rest)) !== null;) {
    const start = match[0].length;
    const size = parseInt(match[1], 16);
    if (rest.length < start + size + 2) break;
    all.push(rest.slice(start, start + size));
    rest = rest.slice(start + size + 2);
  }
  return all;
}

async function stream(path, name, method) {
  const raw = await echo.raw();
  raw.write(`${method} ${path}/${name} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
  await until(() => chunks(raw).length >= 2, 'the first frame');
  return raw;
}

for (const [name, method, before, frame, type] of STREAMS) {
  test(name + ': a chunk for each frame, up to the close', async () => {
    const raw = await stream(session('close'), name, method);
    await until(() => chunks(raw).length === 4, 'the end');
    const [prelude, ...frames] = chunks(raw);
    assert.match(prelude, before);
    assert.deepStrictEqual(frames, [frame('o'), frame('c[3000,"Go away!"]'), '']);
    assert.match(raw.text(), new RegExp('^HTTP/1.1 200 OK\r\n[^]*Content-Type: ' + type + '\r\n[^]*Transfer-Encoding: chunked\r\n', 'i'));
    raw.end();
  });

  test(name + ': a second receiver gets its frames in chunks, too, and the first goes on', async () => {
    const path = session('echo');
    const first = await stream(path, name, method);
    const second = await stream(path, name, method);
    await until(() => chunks(second).at(-1) === '', 'the end');
    const [prelude, ...frames] = chunks(second);
    assert.match(prelude, before);
    assert.deepStrictEqual(frames, [frame('c[2010,"Another connection still open"]'), '']);
    assert.strictEqual((await post(path + '/xhr_send', '["a"]')).status, 204);
    await until(() => chunks(first).length === 3, 'the answer');
    assert.strictEqual(chunks(first)[2], frame('a["a"]'));
    first.end();
    second.end();
  });

  test(name + ': an answer ends after 4096 bytes of frames, and the next one goes on', async () => {
    const path = session('echo');
    const raw = await stream(path, name, method);
    const message = 'x'.repeat(1000);
    let sent = 0;
    const size = () => chunks(raw).slice(1).join('').length;
    for (; chunks(raw).at(-1) !== ''; sent++) {
      const last = size() + frame(`a["${message}"]`).length;
      assert.strictEqual((await post(path + '/xhr_send', JSON.stringify([message]))).status, 204);
      await until(() => size() >= last && (last < 4096 || chunks(raw).at(-1) === ''), 'the message');
    }
    assert.strictEqual(sent, Math.ceil((4096 - frame('o').length) / frame(`a["${message}"]`).length));
    raw.end();
    assert.strictEqual((await post(path + '/xhr_send', '["b"]')).status, 204);
    const next = await stream(path, name, method);
    assert.strictEqual(chunks(next)[1], frame('a["b"]'));
    next.end();
  });
}

test('htmlfile and jsonp ask for a callback, which is a name', async () => {
  for (const name of ['htmlfile', 'jsonp']) {
    const none = await get(session('echo') + '/' + name);
    assert.deepStrictEqual([none.status, none.text], [500, '"callback" parameter required\n']);
    const bad = await get(session('echo') + '/' + name + '?c=%2f%2f%3cscript%3e');
    assert.deepStrictEqual([bad.status, bad.text], [500, 'invalid "callback" parameter\n']);
    assert.strictEqual(none.headers['content-type'], 'text/plain; charset=UTF-8');
  }
  const answer = await get(session('echo') + '/jsonp?c=%63allback');
  assert.deepStrictEqual([answer.status, answer.text], [200, 'callback("o");\r\n']);
  assert.strictEqual(answer.headers['content-type'], 'application/javascript; charset=UTF-8');
  isFresh(answer);
});

test('each answer of a session has the cookie where one is needed, and info says that it is', async () => {
  const info = await get('/cookie_needed_echo/info');
  assert.deepStrictEqual([JSON.parse(info.text).cookie_needed, info.headers['set-cookie']], [true, undefined]);
  for (const [end, method] of [['xhr', 'POST'], ['jsonp?c=x', 'GET']]) {
    const plain = await ask(method, session('cookie_needed_echo') + '/' + end);
    assert.deepStrictEqual(plain.headers['set-cookie'], ['JSESSIONID=dummy; Path=/']);
    for (const cookie of ['JSESSIONID=abcdef', 'a=b; JSESSIONID=abcdef; c', 'MYJSESSIONID=other;  JSESSIONID=abcdef', 'a="JSESSIONID=other";JSESSIONID=abcdef']) {
      const own = await ask(method, session('cookie_needed_echo') + '/' + end, undefined, { Cookie: cookie });
      assert.deepStrictEqual(own.headers['set-cookie'], ['JSESSIONID=abcdef; Path=/'], cookie);
    }
  }
  for (const [name, method] of STREAMS) {
    const raw = await stream(session('cookie_needed_echo'), name, method);
    assert.match(raw.text(), /\r\nSet-Cookie: JSESSIONID=dummy; Path=\/\r\n/i);
    raw.end();
  }
});

/* ---- WebSocket ---- */

test('what is no WebSocket handshake is told so', async () => {
  const plain = await get('/echo/0/0/websocket');
  assert.deepStrictEqual([plain.status, plain.text.trim()], [400, 'Can "Upgrade" only to "WebSocket".']);
  const other = await get('/echo/0/0/websocket', { Upgrade: 'WebSocket', Connection: 'close' });
  assert.strictEqual(other.status, 400);
  const wrong = await post('/echo/0/0/websocket');
  assert.deepStrictEqual([wrong.status, wrong.text, wrong.headers['content-type'], wrong.headers.allow], [405, '', undefined, 'GET']);
});

/* Its texts, and how it ended. */
function websocket(path) {
  const socket = new WebSocket('ws://127.0.0.1:' + echo.port + path);
  const self = { socket, texts: [], end: null };
  socket.on('message', (data) => self.texts.push(data.toString()));
  socket.on('close', (code, reason) => { self.end = [code, reason.toString()]; });
  return self;
}

test('a WebSocket is a session, whoever else has its id', async () => {
  const path = session('echo') + '/websocket';
  for (let i = 0; i < 2; i++) {
    const client = websocket(path);
    await until(() => client.texts.length === 1, 'the first frame');
    for (const text of ['[]', '["a"]', '["b","c"]']) client.socket.send(text);
    await until(() => client.texts.join().endsWith('"c"]'), 'the answers');
    assert.strictEqual(client.texts.join('\n').replace(/\]\na\[/g, ','), 'o\na["a","b","c"]');
    if (i === 0) client.socket.close();
    else client.socket.terminate();
    await until(() => client.end !== null, 'the end');
  }
  const closed = websocket(session('close') + '/websocket');
  await until(() => closed.end !== null, 'the end');
  assert.deepStrictEqual(closed.texts, ['o', 'c[3000,"Go away!"]']);
});

test('a WebSocket without frames of SockJS', async () => {
  const client = websocket('/echo/websocket');
  await until(() => client.socket.readyState === WebSocket.OPEN, 'the connection');
  client.socket.send('Hello world!\uffff');
  await until(() => client.texts.length === 1, 'the answer');
  assert.deepStrictEqual(client.texts, ['Hello world!\uffff']);
  client.socket.close();
  await until(() => client.end !== null, 'the end');
  const closed = websocket('/close/websocket');
  await until(() => closed.end !== null, 'the end');
  assert.deepStrictEqual([closed.texts, closed.end], [[], [3000, 'Go away!']]);
  assert.strictEqual((await get('/disabled_websocket_echo/websocket')).status, 404);
});

/* ---- HTTP ---- */

test('HTTP/1.1: a connection stays for the next request', async () => {
  const raw = await echo.raw();
  for (let i = 1; i <= 2; i++) {
    raw.write('GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n');
    await until(() => raw.text().match(/Welcome to SockJS!\n/g)?.length === i, 'the greeting');
  }
  assert.doesNotMatch(raw.text(), /connection: close|transfer-encoding/i);
  raw.end();
});

test('HTTP/1.0 has no chunks: a stream ends with its connection, an answer has its size', async () => {
  const raw = await echo.raw();
  raw.write(`POST ${session('close')}/xhr_streaming HTTP/1.0\r\nContent-Length: 0\r\n\r\n`);
  await raw.waitClosed();
  assert.match(raw.text(), /\r\n\r\nh{2048}\no\nc\[3000,"Go away!"\]\n$/);
  assert.doesNotMatch(raw.text(), /transfer-encoding|connection: keep-alive/i);
  const kept = await echo.raw();
  kept.write('GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  await kept.waitText('Welcome to SockJS!\n');
  assert.match(kept.text(), /\r\nContent-Length: 19\r\n/i);
  kept.end();
});
