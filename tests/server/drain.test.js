'use strict';
/* The end of a server whose clients are told one after the other (shutdown_spread), and what is left of it meanwhile. */
const { test } = require('node:test');
const assert = require('node:assert');
const { Server, credentials, soon, until } = require('./lib');

const TOLD = { code: 3000, reason: '{"reason":"shutting down","reconnect":true}' };
const TOLD_SOCKJS = 'c[3000,"{\\"reason\\":\\"shutting down\\",\\"reconnect\\":true}"]\n';

/* A client of SockJS that polls. */
class Poller {
  constructor(server, id) { Object.assign(this, { server, path: '/connection/000/' + id, lines: [] }); }

  post(what, body) { return this.server.request({ path: this.path + '/' + what, port: this.server.port }, body); }

  poll() { return this.post('xhr').then((answer) => answer.text); }

  async connect() {
    assert.strictEqual(await this.poll(), 'o\n');
    await this.send('connect', credentials('poller'));
    assert.match(await this.poll(), /^a\[.*connect/);
    return this;
  }

  async send(method, params) {
    const answer = await this.post('xhr_send', JSON.stringify([JSON.stringify({ uid: '1', method, params })]));
    assert.strictEqual(answer.status, 204);
  }
}

/* A server that has ended when the test has: `work` sees to it. */
async function withServer(config, work) {
  const server = await Server.start(config);
  try {
    await work(server);
    await soon(server.done, 'the end');
  } finally {
    if (!server.ended) server.signal('SIGKILL');
    await server.stop();
  }
}

async function shutDown(server) {
  server.signal('SIGTERM');
  await until(() => /clients are told within 3600 seconds/.test(server.logged()), 'the end to begin');
}

/*
 * Nobody is told by the clock in such a test: a client of 3 is due in twenty minutes. One worker tells them in the order of their
 * coming.
 */
const SLOW = { shutdown_spread: 3600, publish: true, workers: 1 };

test('who is not told yet is served as before, and who comes is refused', () => withServer(SLOW, async (server) => {
  const [first, second] = [await server.client('1'), await server.client('2')];
  const poller = await new Poller(server, 'one').connect();
  await second.command('subscribe', { channel: 'news' });
  await poller.send('subscribe', { channel: 'news' });
  assert.match(await poller.poll(), /^a\[.*subscribe/);
  await shutDown(server);
  await first.waitClosed();
  assert.deepStrictEqual(first.closed, TOLD);
  await poller.send('publish', { channel: 'news', data: 1 });
  assert.strictEqual((await second.push('message')).body.data, 1);
  assert.match(await poller.poll(), /^a\[.*publish/);
  for (const path of ['/connection/websocket', '/health', '/connection/000/two/xhr']) {
    assert.strictEqual((await server.request({ method: path.endsWith('xhr') ? 'POST' : 'GET', path, port: server.port })).status, 503, path);
  }
  server.signal('SIGTERM');
  await second.waitClosed();
  assert.deepStrictEqual(second.closed, TOLD);
}));

test('a second signal tells them all, also who polls', () => withServer(SLOW, async (server) => {
  const first = await server.client('1');
  const poller = await new Poller(server, 'one').connect();
  await shutDown(server);
  await first.waitClosed();
  const polls = [poller.poll(), poller.poll()];
  assert.match(await Promise.race(polls), /2010/); // so the other one waits
  server.signal('SIGINT');
  assert.ok((await Promise.all(polls)).includes(TOLD_SOCKJS));
  assert.match(server.logged(), /Signal received: interrupt/);
}));

test('every worker tells its clients, and the second signal is for all of them', () => withServer({ ...SLOW, workers: 3 }, async (server) => {
  const clients = [];
  for (let i = 0; i < 12; i++) clients.push(await server.client(String(i)));
  await shutDown(server);
  await until(() => clients.some((client) => client.closed), 'the first to be told');
  for (const client of clients.filter((one) => !one.closed)) await client.command('ping');
  assert.strictEqual(clients.filter((client) => client.closed).length, 1);
  server.signal('SIGTERM');
  for (const client of clients) {
    await client.waitClosed();
    assert.deepStrictEqual(client.closed, TOLD);
  }
}));

test('the last client that goes ends it', () => withServer(SLOW, async (server) => {
  const clients = [await server.client('1'), await server.client('2'), await server.client('3')];
  await shutDown(server);
  await clients[0].waitClosed();
  for (const client of clients) client.end();
}));

test('every client is told within the time', () => withServer({ shutdown_spread: 1 }, async (server) => {
  const clients = [];
  for (let i = 0; i < 20; i++) clients.push(await server.client(String(i)));
  server.signal('SIGTERM');
  await soon(server.done, 'the end');
  for (const client of clients) {
    await client.waitClosed();
    assert.deepStrictEqual(client.closed, TOLD);
  }
}));
