'use strict';
/*
 * Several workers are one server: what clients and backends see over all of them. Which worker takes a connection is not told, so
 * each test has more clients than workers by far.
 */
const test = require('node:test');
const assert = require('node:assert');
const { Server, until } = require('./lib.js');

const WORKERS = 4;
const CLIENTS = 24;
const CHANNELS = ['a', 'b', 'c', 'd', 'e', 'f'];

async function withServer(config, work) {
  const server = await Server.start(Object.assign({ workers: WORKERS, insecure: true, node_ping_interval: 1 }, config));
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

async function connect(server, users) {
  const clients = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await server.client('user' + i % users));
  return clients;
}

async function subscribeAll(clients, channels) {
  for (const client of clients) for (const channel of channels) await client.command('subscribe', { channel });
}

const messagesOf = (client, channel) => client.messages.filter((m) => m.method === 'message' && m.body.channel === channel).map((m) => m.body.data);

test('messages come to clients of every worker, each channel in one order', () => withServer({}, async (server) => {
  const clients = await connect(server, CLIENTS);
  await subscribeAll(clients, CHANNELS);
  const publishers = CHANNELS.flatMap((channel) => ['x', 'y'].map((from) => (async () => {
    for (let number = 0; number < 20; number++) await server.publish(channel, { from, number });
  })()));
  await Promise.all(publishers);
  for (const channel of CHANNELS) {
    await until(() => clients.every((client) => messagesOf(client, channel).length === 40), 'all messages of ' + channel);
    const seen = messagesOf(clients[0], channel);
    for (const from of ['x', 'y']) assert.deepStrictEqual(seen.filter((m) => m.from === from).map((m) => m.number), [...Array(20).keys()]);
    for (const client of clients) assert.deepStrictEqual(messagesOf(client, channel), seen);
  }
}));

test('stats show one node with all clients, users and channels', () => withServer({}, async (server) => {
  const clients = await connect(server, 5);
  await subscribeAll(clients, CHANNELS);
  const nodes = async () => (await server.api({ method: 'stats', params: {} }))[0].body.data.nodes;
  const shows = ({ metrics: m }) => m.node_num_clients === CLIENTS && m.node_num_unique_clients === 5 && m.node_num_channels === CHANNELS.length;
  await until(async () => shows((await nodes())[0]), 'the counts');
  assert.strictEqual((await nodes()).length, 1);
  const channels = (await server.api({ method: 'channels', params: {} }))[0].body.data;
  assert.deepStrictEqual(channels.sort(), CHANNELS);
}));

test('user_connection_limit is one for all workers', () => withServer({ user_connection_limit: 7 }, async (server) => {
  const clients = [];
  for (let i = 0; i < CLIENTS; i++) clients.push(await server.client());
  for (const client of clients) client.send({ uid: '1', method: 'connect', params: { user: 'ann', timestamp: '1', info: '', token: '' } });
  await until(() => clients.every((client) => client.closed || client.messages.length > 0), 'an answer for each');
  assert.strictEqual(clients.filter((client) => client.messages.length > 0).length, 7);
}));

test('a reload reaches every worker', () => withServer({ publish: true }, async (server) => {
  const clients = await connect(server, CLIENTS);
  await subscribeAll(clients, ['a']);
  server.writeConfig({ workers: WORKERS, insecure: false, node_ping_interval: 1, publish: false, namespaces: [{ name: 'new' }] });
  server.signal('SIGHUP');
  await until(() => /successfully reloaded/.test(server.logged()), 'the reload');
  for (const client of clients) {
    client.send({ uid: 'p', method: 'publish', params: { channel: 'a', data: 1 } });
    assert.strictEqual((await client.take((m) => m.uid === 'p', 'the answer')).error, 'permission denied');
  }
}));

test('a user is unsubscribed, then disconnected, at every worker', () => withServer({}, async (server) => {
  const clients = await connect(server, 2);
  await subscribeAll(clients, ['a']);
  const [his, others] = [0, 1].map((user) => clients.filter((client, i) => i % 2 === user));
  await server.api({ method: 'unsubscribe', params: { user: 'user0', channel: 'a' } });
  for (const client of his) await client.take((m) => m.method === 'unsubscribe', 'the unsubscribe');
  await server.api({ method: 'disconnect', params: { user: 'user0' } });
  await until(() => his.every((client) => client.closed), 'the disconnect');
  await server.publish('a', 1);
  for (const client of others) await client.take((m) => m.method === 'message', 'the message');
}));

test('SIGTERM tells the clients of all workers', () => withServer({}, async (server) => {
  const clients = await connect(server, CLIENTS);
  server.signal('SIGTERM');
  for (const client of clients) await client.waitClosed();
  for (const client of clients) assert.match(client.closed.reason, /"shutting down"/);
}));

/* On one connection after the other requests; a session of each, and nobody ever connects in it. */
async function openSessions(server, from, count) {
  const socket = await server.connect();
  let text = '';
  let answers = 0;
  socket.on('data', (data) => {
    text += data.toString('latin1');
    answers += text.split('o\n').length - 1;
    text = text.slice(-1) === 'o' ? 'o' : '';
  });
  for (let i = from; i < from + count; i++) socket.write('POST /connection/000/session' + i + '/xhr HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
  await until(() => answers === count, 'sessions by SockJS');
  socket.destroy();
}

test('strangers have one number of SockJS sessions, however many workers there are', () => withServer({}, async (server) => {
  const each = 2125; // 17,000 of 16,384
  await Promise.all(Array.from({ length: 8 }, (none, i) => openSessions(server, i * each, each)));
  await until(() => /have not connected are more than 16384/.test(server.logged()), 'the line of the log');
}));

/* Pairs of an answer that takes room and a first poll, which mostly belongs to another worker: sent without reading until the server stands still. */
test('a poll that stands behind answers which are not read waits for them', () => withServer({
  sockjs_url: 'http://h/' + 'x'.repeat(9000), prometheus: true,
}, async (server) => {
  const PAIRS = 500;
  const CONNECTIONS = 8; // where the room ends is chance
  const page = 'GET /connection/iframe.html HTTP/1.1\r\nHost: h\r\n\r\n';
  const poll = (name) => 'POST /connection/0/' + name + '/xhr HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n';
  const sockets = [...Array(CONNECTIONS).keys()].map((from) => {
    const socket = server.connect();
    socket.pause();
    socket.write([...Array(PAIRS).keys()].map((number) => page + poll(from + 's' + number)).join(''));
    return socket;
  });
  let before;
  await until(async () => {
    const { text: metrics } = await server.request({ method: 'GET', path: '/metrics' });
    const sessions = Number(/^centrifuged_http_requests_total\{endpoint="sockjs"\} (\d+)/m.exec(metrics)[1]);
    const still = sessions === before && sessions > 10;
    before = sessions;
    await new Promise((resolve) => setTimeout(resolve, 20));
    return still;
  }, 'the server to stand still');
  await Promise.all(sockets.map(async (socket) => {
    let text = '';
    socket.on('data', (d) => { text += d; }).resume();
    await until(() => (text.match(/HTTP\/1\.1 /g) || []).length === 2 * PAIRS, 'all answers');
    assert.strictEqual((text.match(/HTTP\/1\.1 200/g) || []).length, 2 * PAIRS);
    assert.strictEqual((text.match(/\r\n\r\no\n/g) || []).length, PAIRS);
    socket.destroy();
  }));
}));
