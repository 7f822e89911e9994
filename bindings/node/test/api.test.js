'use strict';
/* Names and values: what the conformance scenarios do not ask. */
const assert = require('node:assert');
const http = require('node:http');
const path = require('node:path');
const test = require('node:test');
const { start } = require('./server');

if (process.env.CENTRIFUGE_BUILD) process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
const Centrifuge = require('..');

const told = (emitter, name) => new Promise((resolve) => { emitter.once(name, resolve); });

async function withServer(on, use) {
  const server = await start(on);
  try {
    await use(server.url);
  } finally {
    server.stop();
  }
}

test('options can come later; undefined leaves a value, null replaces it', () => withServer(null, async (url) => {
  const client = new Centrifuge();
  assert.throws(() => client.connect(), (thrown) => /configure/.test(thrown));
  assert.throws(() => client.configure({ insecure: true }), (thrown) => /'url'/.test(thrown));
  client.configure({ url, insecure: undefined });
  assert.throws(() => client.configure({ insecure: null }), (thrown) => /'user'/.test(thrown));
  client.configure({ insecure: true });
  client.connect();
  await told(client, 'connect');
  client.disconnect();
}));

test('a bad option is named', () => {
  for (const [options, text] of [[{ connectTimeout: -1 }, "invalid option: 'connectTimeout'"], [{ url: 'x' }, /http/], [{ callsMax: 0 }, /'callsMax'/],
    [{ url: 'ws://localhost\0.example' }, "invalid option: 'url'"], [{ tlsCaFile: 'a\0b' }, "invalid option: 'tlsCaFile'"],
    [{ headers: { a: 'b\0c' } }, "invalid option: 'headers'"]]) {
    assert.throws(() => new Centrifuge(Object.assign({ url: 'ws://localhost', insecure: true }, options)),
      (thrown) => (typeof text === 'string' ? thrown === text : text.test(thrown)));
  }
});

test('Infinity is no limit, and nothing else is', () => {
  const limits = ['messageSizeMax', 'queueSizeMax', 'callsMax', 'subscriptionsMax', 'channelLengthMax', 'recoverySizeMax', 'frameSizeMax'];
  for (const name of ['timeout', 'maxRetry']) assert.doesNotThrow(() => new Centrifuge({ url: 'ws://localhost', insecure: true, [name]: Infinity }), name);
  for (const name of limits) {
    assert.doesNotThrow(() => new Centrifuge({ url: 'ws://localhost', insecure: true, [name]: Infinity }), name);
    for (const value of [0, -1, -Infinity, NaN]) {
      assert.throws(() => new Centrifuge({ url: 'ws://localhost', insecure: true, [name]: value }), (thrown) => thrown === `invalid option: '${name}'`, `${name} ${value}`);
    }
  }
});

test('a limit that is nearly used up is told', async () => {
  const client = new Centrifuge({ url: 'ws://127.0.0.1:9', insecure: true, subscriptionsMax: 4 });
  const notes = [];
  client.on('highWater', (context) => notes.push(context));
  for (const channel of ['a', 'b', 'c']) client.subscribe(channel);
  assert.deepStrictEqual(notes, [{ limit: 'LIMIT_SUBSCRIPTIONS', used: 3, max: 4 }]);
});

test('credentials that are no text are noted where the server welcomes, or refuses', async (t) => {
  const info = t.mock.method(console, 'info', () => {});
  const odd = { insecure: false, user: 1, timestamp: 2, token: 't', info: null };
  const all = ['user', 'info', 'timestamp'].map((name) => name + ' expected to be string');
  const noted = () => {
    const texts = info.mock.calls.map(({ arguments: [text] }) => text);
    info.mock.resetCalls();
    return texts;
  };
  const lost = async (on, options) => withServer(on, async (url) => {
    const client = new Centrifuge({ url, ...options, retry: 100000, maxRetry: 100000 });
    client.on('connect', () => client.disconnect());
    client.connect();
    await told(client, 'disconnect');
    client.disconnect();
  });
  await lost(null, odd);
  assert.deepStrictEqual(noted(), all);
  await lost((command, socket) => { socket.close(3000, 'invalid message'); return true; }, odd);
  assert.deepStrictEqual(noted(), all);
  await lost(null, { insecure: true, user: '' });
  await lost((command, socket) => { socket.terminate(); return true; }, odd);
  assert.deepStrictEqual(noted(), []);
});

test('a turn may be small', () => withServer((command, socket) => {
  if (command.method !== 'ping') return false;
  socket.send(JSON.stringify([...Array(50).keys()].map((data) => ({ method: 'message', body: { uid: String(data), channel: 'news', data } }))));
  return true;
}, async (url) => {
  const client = new Centrifuge({ url, insecure: true, eventsPerTurn: 3 });
  const seen = [];
  const all = new Promise((resolve) => { client.subscribe('news', ({ data }) => { if (seen.push(data) === 50) resolve(); }).on('subscribe', () => client.ping()); });
  client.connect();
  await all;
  assert.deepStrictEqual(seen, [...Array(50).keys()]);
  client.disconnect();
}));

test('channels are text as it is', () => withServer((command, socket) => {
  if (command.method === 'subscribe') socket.send(JSON.stringify({ method: 'message', body: { uid: '1', channel: command.params.channel, data: 1 } }));
  return false;
}, async (url) => {
  const client = new Centrifuge({ url, insecure: true });
  assert.throws(() => client.subscribe('a\0b'), (thrown) => thrown === 'invalid argument');
  assert.throws(() => client.subscribe(''), (thrown) => thrown === 'invalid argument');
  client.connect();
  for (const channel of ['Straße 😀', '__proto__', '7', 'news'.repeat(100)]) {
    const message = await new Promise((resolve) => { client.subscribe(channel, resolve); });
    assert.strictEqual(message.channel, channel);
  }
  client.disconnect();
}));

test('what a call causes at once is told before it returns', () => withServer(null, async (url) => {
  const notes = [];
  const client = new Centrifuge({ url, insecure: true });
  const subscription = client.subscribe('news', { unsubscribe: () => notes.push('unsubscribe') });
  client.on('disconnect', () => notes.push('disconnect'));
  client.connect();
  await told(subscription, 'subscribe');
  assert.strictEqual(subscription.unsubscribe(), subscription);
  notes.push('unsubscribed');
  client.disconnect();
  notes.push('disconnected');
  assert.deepStrictEqual(notes, ['unsubscribe', 'unsubscribed', 'disconnect', 'disconnected']);
}));

test('after disconnect() a channel is a new subscription', () => withServer(null, async (url) => {
  const notes = [];
  const client = new Centrifuge({ url, insecure: true });
  const old = client.subscribe('news', { subscribe: () => notes.push('old') });
  client.connect();
  await told(old, 'subscribe');
  client.disconnect();
  await assert.rejects(old.publish(1), (error) => error.error === 'subscription unsubscribed' && error.advice === 'fix');
  client.connect();
  await told(client, 'connect');
  const fresh = client.subscribe('news', { subscribe: () => notes.push('new') });
  assert.notStrictEqual(fresh, old);
  await told(fresh, 'subscribe');
  assert.deepStrictEqual(await fresh.publish({}), { channel: 'news', status: true });
  await assert.rejects(old.publish(1));
  client.disconnect();
  assert.deepStrictEqual(notes, ['old', 'new']);
}));

test('ready tells at once what is known, else never', () => withServer(null, async (url) => {
  const notes = [];
  const client = new Centrifuge({ url, insecure: true });
  const subscription = client.subscribe('news');
  const ready = () => subscription.ready((context) => notes.push(context), () => notes.push('error'));
  ready();
  client.connect();
  await told(subscription, 'subscribe');
  assert.deepStrictEqual(notes, []);
  ready();
  subscription.unsubscribe();
  ready();
  client.disconnect();
  assert.deepStrictEqual(notes, [{ channel: 'news', isResubscribe: false, recovered: false }]);
}));

test('the status of a refused upgrade is told', async () => {
  const server = http.createServer();
  server.on('upgrade', (request, socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = 'ws://127.0.0.1:' + server.address().port;
  const event = await new Promise((resolve) => {
    const client = new Centrifuge({ url, insecure: true, retry: 100000, maxRetry: 100000,
      onTransportClose: (context) => { client.disconnect(); resolve(context.event); } });
    client.connect();
  });
  server.close();
  assert.deepStrictEqual([event.error, event.httpStatus], ['HTTP_STATUS', 503]);
  assert.match(event.detail, /503/);
});

test('closed transports are told first', () => withServer(null, async (url) => {
  const notes = [];
  const onTransportClose = ({ event, reason, reconnect }) => notes.push([event.type, event.code, event.wasClean, reason, reconnect]);
  const client = new Centrifuge({ url: url.replace(/\d+$/, '1'), insecure: true, retry: 100000, maxRetry: 100000, onTransportClose });
  client.on('disconnect', (context) => notes.push(context));
  client.connect();
  await told(client, 'disconnect');
  client.disconnect();
  assert.deepStrictEqual(notes, [['close', 1006, false, 'connection closed', true], { reason: 'connection closed', reconnect: true },
    { reason: 'client', reconnect: false }]);
}));
