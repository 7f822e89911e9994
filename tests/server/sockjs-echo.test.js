'use strict';
/* sockjs-echo-server serves what the SockJS protocol's own tests want: the real client against each of its services. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const SockJS = require('../conformance/node_modules/sockjs-client');
const { DOUBTFUL_TEXT, EchoServer, WebSocket, soon } = require('./lib');

const TEXTS = ['a', '', '100 % <b>\u2028"é😀\\', 'x'.repeat(10000), DOUBTFUL_TEXT];

let echo;
let origin;

before(async () => {
  echo = await EchoServer.start();
  origin = echo.origin;
});

after(() => echo.stop());

async function open(service, transport) {
  const client = new SockJS(origin + service, null, { transports: [transport] });
  await soon(new Promise((resolve, reject) => { client.onopen = resolve; client.onclose = reject; }), 'the connection');
  return client;
}

async function answers(client, texts, count) {
  const got = [];
  const all = new Promise((resolve, reject) => {
    client.onmessage = (event) => { if (got.push(event.data) === count) resolve(); };
    client.onclose = reject;
  });
  for (const text of texts) client.send(text);
  await soon(all, 'the answers');
  client.close();
  return got;
}

for (const transport of ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']) {
  test('echo by ' + transport, async () => {
    const sent = TEXTS.filter((text) => text !== '');
    assert.deepStrictEqual(await answers(await open('/echo', transport), TEXTS, sent.length), sent);
  });

  test('close by ' + transport, async () => {
    const client = await open('/close', transport);
    const end = await soon(new Promise((resolve) => { client.onclose = resolve; }), 'the close');
    assert.deepStrictEqual([end.code, end.reason], [3000, 'Go away!']);
  });
}

test('amplify answers with as many letters as was asked for', async () => {
  const got = await answers(await open('/amplify', 'websocket'), ['3', '10', '18', '19'], 4);
  assert.deepStrictEqual(got.map((text) => text.length), [8, 1024, 262144, 2]);
});

test('the page for iframes is the one that the protocol prints', async () => {
  const page = await (await fetch(origin + '/echo/iframe-1.6.1.html')).text();
  assert.strictEqual(page.trim(), `<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script>
    document.domain = document.domain;
    _sockjs_onload = function(){SockJS.bootstrap_iframe();};
  </script>
  <script src="/sockjs.js"></script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>`);
});

test('without a WebSocket, info says so and there is none', async () => {
  assert.strictEqual((await (await fetch(origin + '/disabled_websocket_echo/info')).json()).websocket, false);
  assert.strictEqual((await fetch(origin + '/disabled_websocket_echo/0/0/websocket')).status, 404);
  assert.deepStrictEqual(await answers(await open('/disabled_websocket_echo', 'xhr-streaming'), ['a'], 1), ['a']);
});

test('cookies are those of the client, where they are needed', async () => {
  const cookie = async (headers) => (await fetch(origin + '/cookie_needed_echo/0/' + Math.random().toString(36).slice(2) + '/xhr', { method: 'POST', headers })).headers.get('set-cookie');
  assert.strictEqual((await (await fetch(origin + '/cookie_needed_echo/info')).json()).cookie_needed, true);
  assert.strictEqual(await cookie({}), 'JSESSIONID=dummy; Path=/');
  assert.strictEqual(await cookie({ cookie: 'a=b; JSESSIONID=abc; c=d' }), 'JSESSIONID=abc; Path=/');
  assert.strictEqual((await fetch(origin + '/echo/0/none/xhr', { method: 'POST' })).headers.get('set-cookie'), null);
});

test('a malformed WebSocket message ends the connection without a frame', async () => {
  const socket = new WebSocket(origin.replace('http', 'ws') + '/echo/0/0/websocket');
  const texts = [];
  socket.on('message', (data) => texts.push(data.toString()));
  await soon(new Promise((resolve) => socket.once('message', resolve)), 'the first frame');
  socket.send('["a');
  await soon(new Promise((resolve) => socket.once('close', resolve)), 'the end');
  assert.deepStrictEqual(texts, ['o']);
});
