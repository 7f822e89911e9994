'use strict';
/*
 * What the conformance suites do not show of centrifuge.js: its way between a page and the core.
 */
const assert = require('node:assert');
const http = require('node:http');
const test = require('node:test');
const { Centrifuge, Socket, page, make, connected, subscribed, message } = require('./peer');

const pause = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

test.afterEach(() => {
  globalThis.WebSocket = Socket;
  assert.deepStrictEqual(page.reported.splice(0), []);
});

/* ---- texts ------------------------------------------------------------------------------- */

const texts = {
  empty: '',
  ascii: 'hello "quoted" \\ back\n\u0000',
  'long ascii': 'x'.repeat(70000),
  cyrillic: 'привет',
  'long cyrillic': 'ж'.repeat(70000),
  mixed: 'aж☃😀'.repeat(100),
  'half characters': '\ud83d \ude00 \ud83d',
};

for (const [name, text] of Object.entries(texts)) {
  test(`text comes through as it is: ${name}`, async () => {
    const { client, socket, subscription, messages } = subscribed('news', { frameSizeMax: Infinity });
    const call = subscription.publish({ text });
    assert.deepStrictEqual(socket.answer('publish').params, { channel: 'news', data: { text } });
    await call;
    socket.push(message('news', { text }));
    assert.deepStrictEqual(messages[0].data, { text });
    client.disconnect();
  });
}

test('a frame that is not ASCII: every member is cut out where it stands', () => {
  const { client, socket, messages } = subscribed('нов\u00e4\u4e16😀сти');
  const other = { method: 'message', body: { uid: 'ж', channel: 'another', data: '世' } };
  socket.push(other, message('нов\u00e4\u4e16😀сти', 'привет 😀', 'a'), other, message('нов\u00e4\u4e16😀сти', { b: ['ж'] }, 'b'));
  assert.deepStrictEqual(messages.map((each) => [each.uid, each.data]), [['a', 'привет 😀'], ['b', { b: ['ж'] }]]);
  client.disconnect();
});

test('a frame above messageSizeMax is an error and a new connection, not memory', () => {
  const { client, socket, messages } = subscribed('news', { messageSizeMax: 1000 });
  socket.push(message('news', 'x'.repeat(2000)));
  assert.deepStrictEqual(messages, []);
  assert.deepStrictEqual(client.events.slice(1), [
    ['error', { message: { error: 'message too large', advice: 'fix' } }],
    ['disconnect', { reason: 'message too large', reconnect: true }],
  ]);
  client.disconnect();
});

/* ---- both ways in ---------------------------------------------------------------------------- */

/* What is pushed is mostly read by JSON.parse; the core reads what does not begin as an object, which a space is enough for. */
function bothWays(channel, frame) {
  return ['', ' '].map((before) => {
    const { client, socket, subscription, messages } = subscribed(channel);
    const others = [];
    for (const name of ['join', 'leave']) subscription.on(name, (body) => { others.push([name, body]); });
    socket.onmessage({ data: before + frame });
    socket.lose();
    client.connect();
    const again = page.sockets.at(-1);
    again.open();
    again.answer('connect');
    const { recover = false, last = '' } = again.sent[0].params;
    client.disconnect();
    return { messages, others, recover, last };
  });
}

const push = (body) => `{"method":"message","body":${body}}`;
const deep = (depth) => push(`{"uid":"1","channel":"news","data":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}`);

const frames = {
  plain: push('{"uid":"1","channel":"news","data":{"a":1}}'),
  'white space': push(' { "uid" : "1" ,\n"channel":"news", "data":null } ') + '\n',
  'members in another order': '{"body":{"data":[],"channel":"news","uid":"1","info":{"user":"u"},"client":"c"},"method":"message"}',
  'a member twice: the last one counts': '{"method":"join","method":"message","body":{"uid":"1","uid":"2","channel":"other","channel":"news","data":0,"data":1}}',
  'escaped names and values': '{"m\\u0065thod":"m\\u0065ssage","body":{"u\\u0069d":"\\u0031","ch\\u0061nnel":"n\\u0065ws","data":"\\ud83d\\ude00"}}',
  'half characters': push('{"uid":"1","channel":"news","data":["\ud83d","\\ud83d","\\ude00x"]}'),
  'not ASCII': push('{"uid":"ж😀","channel":"news","data":"aж☃😀"}'),
  'half a character in the uid': push('{"uid":"\ud83d","channel":"news","data":1}'),
  'a long uid': push(`{"uid":"${'u'.repeat(1000)}","channel":"news","data":1}`),
  'a long uid that is not ASCII': push(`{"uid":"${'ж'.repeat(128)}","channel":"news","data":1}`),
  'a uid that is a number': push('{"uid":7,"channel":"news","data":1}'),
  'an empty uid': push('{"uid":"","channel":"news","data":1}'),
  'no uid': push('{"channel":"news","data":1}'),
  'no data': push('{"uid":"1","channel":"news"}'),
  'an error beside it': '{"method":"message","error":"no","uid":"9","body":{"uid":"1","channel":"news","data":1}}',
  '__proto__': push('{"uid":"1","channel":"news","data":{"__proto__":{"a":1}},"__proto__":2}'),
  'a megabyte': push(`{"uid":"1","channel":"news","data":"${'x'.repeat(1 << 20)}"}`),
  'a megabyte that is not ASCII': push(`{"uid":"1","channel":"news","data":"${'ж😀'.repeat(1 << 18)}"}`),
  'a thousand objects': push(`{"uid":"1","channel":"news","data":[${'{"a":[1]},'.repeat(1000)}0]}`),
  'a thousand brackets in a text': push(`{"uid":"1","channel":"news","data":"${'['.repeat(1000)}"}`),
  'as deep as it may be': deep(512),
  'too deep': deep(513),
  'too deep, in the middle of much': deep(513).replace('[]', `[],"${'x'.repeat(5000)}"`),
  'another channel': push('{"uid":"1","channel":"new","data":1}'),
  'no channel': push('{"uid":"1","data":1}'),
  'a channel that is none': push('{"uid":"1","channel":["news"],"data":1}'),
  'no body': '{"method":"message"}',
  'a body that is none': push('"news"'),
  'a body that is null': push('null'),
  'bodies in an array': push('[{"uid":"1","channel":"news","data":1}]'),
  'another method': '{"method":"Message","body":{"uid":"1","channel":"news","data":1}}',
  'no method': '{"body":{"uid":"1","channel":"news","data":1}}',
  'something behind it': push('{"uid":"1","channel":"news","data":1}') + 'x',
  'no end': push('{"uid":"1","channel":"news","data":1').slice(0, -1),
  'a control character': push('{"uid":"1","channel":"news","data":"\u0001"}'),
  'nothing': '',
  'an empty object': '{}',
  'a join': '{"method":"join","body":{"channel":"news","data":{"user":"ж","client":"c"}}}',
  'a leave': '{"method":"leave","body":{"channel":"news","data":{"user":"u","client":"c"}}}',
  'a join with a uid': '{"method":"join","body":{"uid":"7","channel":"news","data":null}}',
  'a leave of another channel': '{"method":"leave","body":{"channel":"new","data":{}}}',
};

const others = ['a join', 'a leave', 'a join with a uid'];

const unheard = ['too deep', 'too deep, in the middle of much', 'another channel', 'no channel', 'a channel that is none', 'no body', 'a body that is none', 'a body that is null',
  'bodies in an array', 'another method', 'no method', 'something behind it', 'no end', 'a control character', 'nothing', 'an empty object', 'a leave of another channel'];

for (const [name, frame] of Object.entries(frames)) {
  test(`it is the same, whoever reads a message: ${name}`, () => {
    const [byPage, byCore] = bothWays('news', frame);
    assert.deepStrictEqual(byPage, byCore);
    assert.strictEqual(byPage.messages.length, unheard.includes(name) || others.includes(name) ? 0 : 1);
    assert.strictEqual(byPage.others.length, others.includes(name) ? 1 : 0);
  });
}

for (const channel of ['нов\u00e4\u4e16😀сти', 'c'.repeat(200), 'ж'.repeat(300), 'half \ud83d', '"\\\n', '__proto__', 'constructor', '1']) {
  test(`it is the same, whoever reads a message, in ${channel.slice(0, 20)}`, () => {
    const [byPage, byCore] = bothWays(channel, JSON.stringify(message(channel, { text: 'x' }, 'm1')));
    assert.deepStrictEqual(byPage, byCore);
    assert.deepStrictEqual([byPage.messages.length, byPage.recover, byPage.last], [1, true, 'm1']);
  });
}

test('what the core holds back or drops comes in order, whoever reads it', () => {
  const { client, socket, subscription, messages } = subscribed();
  const send = (to, uid) => to.push(message('news', 0, uid));
  const uids = () => messages.splice(0).map(({ uid }) => uid);
  send(socket, '1');
  socket.lose();
  client.connect();
  const again = page.sockets.at(-1);
  again.open();
  again.answer('connect');
  send(again, '4');
  assert.deepStrictEqual(uids(), ['1']);
  again.answer('subscribe', { recovered: true, messages: ['3', '2'].map((uid) => message('news', 0, uid).body) });
  send(again, '3');
  send(again, '5');
  assert.deepStrictEqual(uids(), ['2', '3', '4', '5']);
  subscription.unsubscribe();
  send(again, '6');
  again.answer('unsubscribe');
  assert.deepStrictEqual(uids(), []);
  client.disconnect();
});

test('a handler calls the client while a message is told: nothing is told inside of it', () => {
  const { client, socket, subscription, messages } = subscribed();
  const order = [];
  subscription.on('unsubscribe', () => { order.push('unsubscribe'); });
  subscription.on('message', () => {
    subscription.unsubscribe();
    socket.push(message('news', 'late', '2'));
    order.push('end of the handler');
  });
  socket.push(message('news', 'first', '1'));
  assert.deepStrictEqual(order, ['end of the handler', 'unsubscribe']);
  assert.deepStrictEqual(messages.map(({ data }) => data), ['first']);
  client.disconnect();
});

/* ---- transports ------------------------------------------------------------------------------ */

test('a WebSocket that cannot be made is an error, and connect() may be called again', () => {
  globalThis.WebSocket = class { constructor() { throw new SyntaxError('no'); } };
  const client = make();
  client.connect();
  assert.deepStrictEqual(client.events, [
    ['error', { message: { error: 'transport could not be opened', advice: 'fix' } }],
    ['disconnect', { reason: 'connection closed', reconnect: false }],
  ]);
  assert.ok(client.isDisconnected());
  globalThis.WebSocket = Socket;
  client.connect();
  page.sockets.at(-1).open();
  page.sockets.at(-1).answer('connect');
  assert.ok(client.isConnected());
  client.disconnect();
});

test('without any WebSocket it is the same', () => {
  delete globalThis.WebSocket;
  const client = make();
  client.connect();
  assert.deepStrictEqual(client.events.map(([name]) => name), ['error', 'disconnect']);
});

test('a transport that answers inside send() and close() disturbs no order', async () => {
  class Eager extends Socket {
    send(text) {
      super.send(text);
      const { method } = this.sent.at(-1);
      this.answer(method);
    }

    close() { this.onclose({ code: 1000, reason: '' }); }
  }
  globalThis.WebSocket = Eager;
  const client = make();
  client.connect();
  const socket = page.sockets.at(-1);
  socket.open();
  const events = [];
  const subscription = client.subscribe('news', {
    subscribe() { events.push('subscribe'); },
    message(each) { events.push(each.data); },
  });
  await subscription.publish(1).then(() => { events.push('published'); });
  socket.push(message('news', 'a'), message('news', 'b'));
  client.disconnect();
  assert.deepStrictEqual(events, ['subscribe', 'published', 'a', 'b']);
  assert.deepStrictEqual(client.events.map(([name]) => name), ['connect', 'disconnect']);
});

test('a message that comes inside a handler waits for its end', () => {
  const { client, socket, subscription, messages } = subscribed();
  subscription.once('message', () => { socket.push(message('news', 3)); });
  socket.push(message('news', 1), message('news', 2));
  assert.deepStrictEqual(messages.map((each) => each.data), [1, 2, 3]);
  client.disconnect();
});

test('two clients, one inside the other\'s handler', () => {
  const first = subscribed('a');
  const second = subscribed('b');
  first.subscription.on('message', (each) => { second.socket.push(message('b', each.data + '!')); });
  first.socket.push(message('a', 'x'), message('a', 'y'));
  assert.deepStrictEqual(second.messages.map((each) => each.data), ['x!', 'y!']);
  assert.deepStrictEqual(first.messages.map((each) => each.data), ['x', 'y']);
  first.client.disconnect();
  second.client.disconnect();
});

test('frames that are no text are ignored', () => {
  const { client, socket, messages } = subscribed();
  socket.onmessage({ data: new ArrayBuffer(4) });
  socket.onmessage({ data: undefined });
  assert.deepStrictEqual(messages, []);
  assert.ok(client.isConnected());
  client.disconnect();
});

test('an address without scheme is relative to the page', (t) => {
  globalThis.location = new URL('https://example.org:8443/app/page.html');
  t.after(() => { delete globalThis.location; });
  const opened = [];
  const SockJS = function (address) { opened.push(address); this.close = () => {}; };
  for (const [url, sockJS] of [['/connection', SockJS], ['//host', SockJS], ['/', SockJS], ['/connection/websocket'], ['//host/connection/websocket']]) {
    const client = make({ url, sockJS });
    client.connect();
    if (!sockJS) opened.push(page.sockets.at(-1).address);
    client.disconnect();
  }
  assert.deepStrictEqual(opened, ['https://example.org:8443/connection', 'https://host/connection', 'https://example.org:8443/connection',
    'wss://example.org:8443/connection/websocket', 'wss://host/connection/websocket']);
});

test('what is no address is refused, with a page and without', (t) => {
  const refused = (url) => assert.throws(() => make({ url }), (text) => /address is not one of a server.*url/.test(text));
  for (const url of [5, true, {}, () => {}, 'localhost:8000', 'ftp://host']) refused(url);
  globalThis.location = new URL('https://example.org/');
  t.after(() => { delete globalThis.location; });
  for (const url of [5, true, {}, () => {}, 'localhost:8000', 'ftp://host', '//']) refused(url);
  globalThis.location = new URL('data:text/html,');
  refused('/connection');
});

test('a transport that closes without saying anything is a lost connection', () => {
  const { client, socket } = connected();
  socket.onclose();
  assert.deepStrictEqual(client.events.at(-1), ['disconnect', { reason: 'connection closed', reconnect: true }]);
  client.disconnect();
});

test('an attempt that ends with an error and no close, as in Node 22, is followed by the next one', async () => {
  const client = make({ retry: 1, maxRetry: 1 });
  const before = page.sockets.length;
  client.connect();
  page.sockets.at(-1).onerror({});
  while (page.sockets.length === before + 1) await pause();
  page.sockets.at(-1).open();
  page.sockets.at(-1).onerror({});
  page.sockets.at(-1).answer('connect');
  await pause();
  assert.ok(client.isConnected());
  assert.deepStrictEqual(client.events.map(([name]) => name), ['disconnect', 'connect']);
  client.disconnect();
});

test('limits that are none are refused, and a limit of nothing is none', () => {
  for (const messageSizeMax of [-1, 0, NaN]) assert.throws(() => make({ messageSizeMax }), (text) => /messageSizeMax/.test(text));
  const { client } = connected({ messageSizeMax: Infinity });
  assert.ok(client.isConnected());
  client.disconnect();
});

test('data that no server takes is refused at the call', async () => {
  const { client, subscription } = subscribed();
  let deep = 1;
  for (let i = 0; i < 600; i++) deep = [deep];
  await assert.rejects(subscription.publish(deep), (reason) => reason.error === 'the data is not valid JSON' && reason.advice === 'fix');
  client.disconnect();
});

test('what a page keeps in the library\'s objects stands in nobody\'s way', () => {
  const { client, socket, subscription, messages } = subscribed();
  for (const object of [client, subscription]) for (const name of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') object[name] = name;
  socket.push(message('news', 1));
  assert.strictEqual(messages.length, 1);
  client.disconnect();
  assert.ok(client.isDisconnected());
});

/* ---- what the user throws -------------------------------------------------------------------- */

test('exceptions of every kind of callback are reported and break nothing', () => {
  const options = {};
  for (const name of ['onTransportClose', 'onPrivateChannelAuth', 'onRefresh', 'refreshFailed']) options[name] = () => { throw name; };
  const { client, socket } = connected(options);
  for (const name of ['message', 'subscribe', 'unsubscribe']) client.subscribe('news').on(name, () => { throw name; });
  client.on('disconnect', () => { throw 'disconnect'; });
  socket.answer('subscribe');
  client.subscribe('$private');
  socket.push(message('news', 1));
  socket.lose();
  client.disconnect();
  assert.deepStrictEqual(page.reported.splice(0), ['subscribe', 'onPrivateChannelAuth', 'message', 'onTransportClose', 'unsubscribe', 'disconnect', 'disconnect']);
  client.connect();
  page.sockets.at(-1).open();
  page.sockets.at(-1).answer('connect');
  assert.ok(client.isConnected());
  client.disconnect();
  assert.deepStrictEqual(page.reported.splice(0), ['disconnect', 'onTransportClose']);
});

test('once a client is subscribed again inside unsubscribe, what follows finds it', () => {
  const { client, subscription } = subscribed();
  let again = true;
  subscription.on('unsubscribe', () => { if (again) client.subscribe('news'); });
  client.disconnect();
  again = false;
  client.connect();
  const socket = page.sockets.at(-1);
  socket.open();
  socket.answer('connect');
  socket.answer('subscribe');
  const got = [];
  client.subscribe('news', (each) => { got.push(each.data); });
  socket.push(message('news', 'x'));
  assert.deepStrictEqual(got, ['x']);
  client.disconnect();
});

test('half a character in a channel name', () => {
  const { client, socket, subscription, messages } = subscribed('emoji \ud83d');
  assert.strictEqual(subscription.channel, 'emoji \ufffd');
  assert.strictEqual(client.subscribe('emoji \ud83d'), subscription);
  socket.push(message('emoji \ufffd', 'x'));
  assert.deepStrictEqual(messages.map((each) => each.data), ['x']);
  client.disconnect();
});

test('remove() makes room for other channels', () => {
  const { client, socket } = connected({ subscriptionsMax: 2 });
  const first = client.subscribe('1');
  client.subscribe('2');
  assert.throws(() => client.subscribe('3'), (text) => /subscriptions/.test(text));
  socket.sent.length = 0;
  first.remove();
  assert.deepStrictEqual(socket.sent.map((each) => [each.method, each.params.channel]), [['unsubscribe', '1']]);
  assert.strictEqual(client.subscribe('3').channel, '3');
  assert.notStrictEqual(client.subscribe('3'), first);
  client.disconnect();
});

/* ---- notes ---------------------------------------------------------------------------------------- */

test('credentials that are no texts are noted once for each transport', (t) => {
  const info = t.mock.method(console, 'info', () => {});
  const { client } = connected({ user: 5, timestamp: 1, info: { a: 1 } });
  assert.deepStrictEqual(info.mock.calls.map((call) => call.arguments.join(' ')), ['user expected to be string', 'info expected to be string', 'timestamp expected to be string']);
  client.disconnect();
});

test('debug writes what happens', (t) => {
  const debug = t.mock.method(console, 'debug', () => {});
  const { client } = connected({ debug: true });
  client.disconnect();
  const lines = debug.mock.calls.map((each) => each.arguments[0]);
  assert.ok(lines.some((each) => each.startsWith('> {"method":"connect"')) && lines.some((each) => each.startsWith('< {"uid":"1"')), lines.join('\n'));
});

/* ---- the network ----------------------------------------------------------------------------------- */

test('offline and online: no attempt without a network, one at once when it is back', () => {
  const listeners = {};
  const before = globalThis.addEventListener;
  globalThis.addEventListener = (name, listener) => { listeners[name] = listener; };
  delete require.cache[require.resolve(require('./peer').file)];
  const Fresh = require(require('./peer').file);
  globalThis.addEventListener = before;
  const client = new Fresh({ url: 'ws://localhost', insecure: true, retry: 1000000 });
  globalThis.addEventListener = (name, listener) => { listeners[name] = listener; };
  client.connect();
  globalThis.addEventListener = before;
  const count = page.sockets.length;
  page.sockets.at(-1).lose();
  listeners.offline();
  assert.strictEqual(page.sockets.length, count);
  listeners.online();
  assert.strictEqual(page.sockets.length, count + 1);
  client.disconnect();
  listeners.online();
  assert.strictEqual(page.sockets.length, count + 1);
});

/* ---- requests: fetch, in Node; the suites have XMLHttpRequest and script tags -------------------------- */

async function backend(answer) {
  const requests = [];
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (part) => { body += part; });
    request.on('end', () => {
      requests.push({ method: request.method, url: request.url, headers: request.headers, body });
      answer(response, JSON.parse(body));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { requests, url: `http://127.0.0.1:${server.address().port}/auth/?a=b`, stop: () => server.closeAllConnections ? (server.closeAllConnections(), server.close()) : server.close() };
}

test('without XMLHttpRequest an endpoint is asked by fetch', async () => {
  const { requests, url, stop } = await backend((response) => response.end(JSON.stringify({ $p: { sign: 's', info: '' } })));
  const { client, socket } = connected({ authEndpoint: url, authParams: { c: 'd e' }, authHeaders: { 'X-One': '1' } });
  client.subscribe('$p');
  while (!socket.sent.length) await pause(5);
  assert.strictEqual(socket.answer('subscribe').params.sign, 's');
  const [{ method, url: path, headers, body }] = requests;
  assert.deepStrictEqual([method, path, body], ['POST', '/auth/?a=b&c=d%20e', '{"client":"id","channels":["$p"]}']);
  assert.deepStrictEqual([headers['x-requested-with'], headers['content-type'], headers['x-one']], ['XMLHttpRequest', 'application/json', '1']);
  client.disconnect();
  stop();
});

test('the fragment of an endpoint is not sent, and parameters stand before it', async () => {
  const { requests, url, stop } = await backend((response) => response.end(JSON.stringify({ $p: { sign: 's', info: '' } })));
  const { client, socket } = connected({ authEndpoint: url + '#part?x', authParams: { c: 'd' } });
  client.subscribe('$p');
  while (!socket.sent.length) await pause(5);
  assert.strictEqual(requests[0].url, '/auth/?a=b&c=d');
  client.disconnect();
  stop();
});

test('endpoints may be URL objects, and refreshData is read when it is sent', async () => {
  const { requests, url, stop } = await backend((response) => response.end('{"user":"u","timestamp":"2","token":"t"}'));
  const refreshData = { page: 1 };
  const client = make({ refreshEndpoint: new URL(url), refreshParams: { n: 1 }, refreshData });
  refreshData.page = 2;
  client.connect();
  const socket = page.sockets.at(-1);
  socket.open();
  socket.answer('connect', { expires: true, expired: true });
  while (!requests.length) await pause(5);
  assert.deepStrictEqual([requests[0].url, requests[0].body], ['/auth/?a=b&n=1', '{"page":2}']);
  client.disconnect();
  stop();
});

test('another status is noted and refuses the subscription', async (t) => {
  const info = t.mock.method(console, 'info', () => {});
  const { url, stop } = await backend((response) => { response.statusCode = 403; response.end('no'); });
  const { client } = connected({ authEndpoint: url });
  const refused = await new Promise((resolve) => client.subscribe('$p').on('error', resolve));
  assert.deepStrictEqual(refused, { error: 'authorization request failed', advice: 'fix', channel: '$p', isResubscribe: false });
  assert.deepStrictEqual(info.mock.calls[0].arguments, ["Couldn't get auth info from application", 403]);
  client.disconnect();
  stop();
});

test('an address that cannot be asked refuses the subscription and is noted', async (t) => {
  const info = t.mock.method(console, 'info', () => {});
  const { client } = connected({ authEndpoint: 'http://', authHeaders: { 'bad name': 'x' } });
  const refused = await new Promise((resolve) => client.subscribe('$p').on('error', resolve));
  assert.strictEqual(refused.error, 'authorization request failed');
  assert.strictEqual(info.mock.callCount(), 1);
  client.disconnect();
});

/* ---- jsonp ------------------------------------------------------------------------------------------------ */

function pageWithScripts(t) {
  const scripts = [];
  const head = {
    firstChild: null,
    insertBefore(script) { scripts.push(script); script.parentNode = head; },
    removeChild(script) { scripts.splice(scripts.indexOf(script), 1); },
  };
  globalThis.document = { head, createElement: () => ({ remove() { head.removeChild(this); } }) };
  globalThis.Centrifuge = Centrifuge;
  t.after(() => { delete globalThis.document; delete globalThis.Centrifuge; });
  return scripts;
}

const calledBy = (script) => decodeURIComponent(/callback=([^&]*)/.exec(script.src)[1]);

test('jsonp: the answer, and nothing of it stays', (t) => {
  const scripts = pageWithScripts(t);
  const { client, socket } = connected({ authTransport: 'JSONP', authEndpoint: '/auth/' });
  client.subscribe('$p');
  const [script] = scripts;
  const name = calledBy(script);
  assert.match(name, /^Centrifuge\._jsonpCallbacks\['centrifuge_jsonp_\d+'\]$/);
  (0, eval)(name)({ $p: { sign: 's', info: '' } });
  script.onload();
  assert.strictEqual(socket.answer('subscribe').params.sign, 's');
  assert.deepStrictEqual([scripts, Object.keys(Centrifuge._jsonpCallbacks)], [[], []]);
  client.disconnect();
});

test('jsonp: a script that fails is a failure at once; one that calls late or twice does nothing', (t) => {
  const scripts = pageWithScripts(t);
  const { client, socket } = connected({ authTransport: 'jsonp', authEndpoint: '/auth/' });
  const refused = [];
  client.subscribe('$p').on('error', (error) => { refused.push(error.error); });
  const [script] = scripts;
  const call = (0, eval)(calledBy(script));
  script.onerror();
  call({ $p: { sign: 's' } });
  assert.deepStrictEqual(refused, ['authorization request failed']);
  assert.deepStrictEqual(socket.sent, []);
  client.disconnect();
});

/* ---- a hostile server ------------------------------------------------------------------------------------------ */

test('no frame of a server gets out of the library as an exception', () => {
  const { client, socket, subscription } = subscribed();
  let seed = 7;
  const random = (n) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
  const parts = ['{', '}', '[', ']', '"', ':', ',', 'null', 'true', '1e999', '-', '"method"', '"message"', '"body"', '"uid"', '"channel"', '"news"', '"data"',
    '"subscribe"', '"connect"', '"error"', '"disconnect"', '"__proto__"', '\\u', '\ud83d', 'ж', '\u0000', '"reconnect"', '"messages"', '"last"', '"refresh"'];
  subscription.on('message', () => {});
  for (let i = 0; i < 20000; i++) {
    socket.onmessage({ data: Array.from({ length: random(24) }, () => parts[random(parts.length)]).join('') });
  }
  assert.deepStrictEqual(page.reported, []);
  const got = [];
  subscription.on('message', (each) => { got.push(each.data); });
  if (client.isConnected()) socket.push(message('news', 'still here'));
  client.disconnect();
  assert.deepStrictEqual(got, ['still here']);
});

test('nesting that JSON.parse could not take is refused', () => {
  const { client, socket, messages } = subscribed();
  socket.onmessage({ data: '{"method":"message","body":{"channel":"news","uid":"1","data":' + '['.repeat(100000) + ']'.repeat(100000) + '}}' });
  assert.deepStrictEqual(messages, []);
  client.disconnect();
});
