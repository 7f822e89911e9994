'use strict';
/* The JavaScript client 1.5.0 as its users install it, against centrifuged. */
const { test } = require('node:test');
const assert = require('node:assert');
const net = require('node:net');
const Centrifuge = require('../conformance/node_modules/centrifuge');
const { Server, WebSocket, credentials, until, soon } = require('../server/lib');

const NAMESPACES = [{ name: 'all', publish: true, presence: true, join_leave: true, history_size: 20, history_lifetime: 60, recover: true }];

function makeClient(url, user, options) {
  const c = credentials(user, JSON.stringify({ name: user }));
  return new Centrifuge(Object.assign({ url, user, timestamp: c.timestamp, info: c.info, token: c.token, sockJS: null,
    retry: 10, maxRetry: 50, ping: false }, options));
}

/* Everything that happens, to look at later. */
function record(emitter, names) {
  const events = [];
  for (const name of names) emitter.on(name, (context) => events.push({ name, context }));
  events.wait = (name, count) => until(() => events.filter((e) => e.name === name).length >= (count || 1) &&
    events.filter((e) => e.name === name), name + ', ' + (count || 1) + ' times');
  return events;
}

async function connected(client) {
  const events = record(client, ['connect', 'disconnect', 'error']);
  client.connect();
  await events.wait('connect');
  return events;
}

async function withServer(work) {
  global.WebSocket = WebSocket;
  const server = await Server.start({ namespaces: NAMESPACES });
  const clients = [];
  try {
    await work(server, (user, options, url) => {
      const client = makeClient(url || server.url, user, options);
      clients.push(client);
      return client;
    });
  } finally {
    for (const client of clients) client.disconnect();
    await server.stop();
  }
}

test('it connects, subscribes, publishes, and asks for presence and history', () => withServer(async (server, make) => {
  const client = make('ann');
  const [connect] = await (await connected(client)).wait('connect');
  assert.match(connect.context.client, /^[0-9a-f-]{36}$/);
  const subscription = client.subscribe('all:room');
  const events = record(subscription, ['subscribe', 'message', 'join', 'leave', 'error']);
  await events.wait('subscribe');
  await events.wait('join');
  await soon(subscription.publish({ text: 'h\u00e9llo <&>', n: 1.5 }), 'publish');
  await server.publish('all:room', { from: 'api' });
  const messages = await events.wait('message', 2);
  assert.deepStrictEqual(messages.map((m) => m.context.data), [{ text: 'h\u00e9llo <&>', n: 1.5 }, { from: 'api' }]);
  assert.strictEqual(messages[0].context.info.user, 'ann');
  const presence = await soon(subscription.presence(), 'presence');
  const entries = Object.values(presence.data);
  assert.strictEqual(entries.length, 1);
  assert.strictEqual(entries[0].user, 'ann');
  assert.deepStrictEqual(entries[0].default_info, { name: 'ann' });
  const history = await soon(subscription.history(), 'history');
  assert.deepStrictEqual(history.data.map((m) => m.data), [{ from: 'api' }, { text: 'h\u00e9llo <&>', n: 1.5 }]);
  const other = make('bob');
  await connected(other);
  other.subscribe('all:room');
  await events.wait('join', 2);
  other.disconnect();
  const [leave] = await events.wait('leave');
  assert.strictEqual(leave.context.data.user, 'bob');
}));

test('it is refused where the rules say so', () => withServer(async (server, make) => {
  const client = make('ann');
  await connected(client);
  for (const [channel, error] of [['nowhere:x', 'namespace not found'], ['room#bob', 'permission denied']]) {
    const events = record(client.subscribe(channel), ['subscribe', 'error']);
    const [refused] = await events.wait('error');
    assert.strictEqual(refused.context.error, error);
  }
  const plain = client.subscribe('plain');
  await record(plain, ['subscribe']).wait('subscribe');
  await assert.rejects(soon(plain.publish({}), 'publish'), (e) => e.error === 'permission denied' && e.advice === 'fix');
}));

test('the API takes it out of a channel, and disconnects it for good', () => withServer(async (server, make) => {
  const client = make('ann');
  const life = await connected(client);
  const events = record(client.subscribe('all:room'), ['subscribe', 'unsubscribe']);
  await events.wait('subscribe');
  await server.api({ method: 'unsubscribe', params: { user: 'ann', channel: 'all:room' } });
  await events.wait('unsubscribe');
  assert.deepStrictEqual((await server.api({ method: 'channels' }))[0].body.data, []);
  await server.api({ method: 'disconnect', params: { user: 'ann' } });
  const [gone] = await life.wait('disconnect');
  assert.strictEqual(gone.context.reason, 'disconnect');
  assert.strictEqual(gone.context.reconnect, false);
  assert.strictEqual(client.isConnected(), false);
}));

/* A line between client and server that the test can cut. */
async function makeProxy(port) {
  const proxy = { sockets: new Set(), open: true, accepted: 0 };
  proxy.server = net.createServer((down) => {
    proxy.accepted++;
    if (!proxy.open) {
      down.destroy();
      return;
    }
    const up = net.connect(port, '127.0.0.1');
    for (const [from, to] of [[down, up], [up, down]]) {
      proxy.sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => { proxy.sockets.delete(from); to.destroy(); });
      from.pipe(to);
    }
  });
  await new Promise((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
  proxy.url = 'ws://127.0.0.1:' + proxy.server.address().port + '/connection/websocket';
  proxy.cut = () => {
    proxy.open = false;
    for (const socket of proxy.sockets) socket.destroy();
  };
  return proxy;
}

test('it recovers what it missed while its connection was broken', () => withServer(async (server, make) => {
  const proxy = await makeProxy(server.port);
  try {
    const client = make('ann', {}, proxy.url);
    const life = await connected(client);
    const events = record(client.subscribe('all:room'), ['subscribe', 'message']);
    await events.wait('subscribe');
    await server.publish('all:room', 1);
    await events.wait('message');
    proxy.cut();
    await life.wait('disconnect');
    for (const n of [2, 3, 4]) await server.publish('all:room', n);
    const before = proxy.accepted;
    await until(() => proxy.accepted > before, 'another attempt');
    proxy.open = true;
    await life.wait('connect', 2);
    await server.publish('all:room', 5);
    const messages = await events.wait('message', 5);
    assert.deepStrictEqual(messages.map((m) => m.context.data), [1, 2, 3, 4, 5]);
    const subscribed = await events.wait('subscribe', 2);
    assert.strictEqual(subscribed[1].context.recovered, true);
  } finally {
    proxy.cut();
    proxy.server.close();
  }
}));
