'use strict';
/* What docs/scaling.md sets up, with the addresses of this machine: its configurations, and nginx in front of three nodes. */
const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { Server, until, temporaryFolder, makeCertificate } = require('./lib');
const { startRedis, redisConfig, withCluster, freePort } = require('./redis');
const { Nginx } = require('./nginx');
const { Sentinel, shardOf } = require('../conformance/cluster/redis');

const PAGE = fs.readFileSync(path.join(__dirname, '../../docs/scaling.md'), 'utf8');

/* The first configuration that stands below a heading. */
function configOf(heading) {
  const section = PAGE.split(/^#+ /m).find((text) => text.startsWith(heading + '\n'));
  return JSON.parse(/```json\n([^]*?)```/.exec(section)[1]);
}

const delivers = async (node, channel) => {
  const ann = await node.client('ann');
  await until(async () => (await ann.command('subscribe', { channel })).body.status, 'the subscription');
  const [reply] = await node.publish(channel, 'hello');
  assert.strictEqual(reply.error, null);
  assert.strictEqual((await ann.push('message')).body.data, 'hello');
  ann.end();
};

async function withNode(config, body) {
  const node = await Server.start(Object.assign(config, { insecure: true, secret: 'secret' }));
  try {
    await until(async () => (await node.request({ method: 'GET', path: '/health' })).status === 200, 'Redis');
    await body(node);
  } finally {
    await node.stop();
  }
}

test('workers', () => withNode(configOf('More cores: workers'), (node) => delivers(node, 'news')));

test('one Redis', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.dispose());
  const config = configOf('More machines: nodes on Redis');
  assert.strictEqual(config.redis_host, '10.0.0.5');
  await withNode(Object.assign(config, { redis_host: '127.0.0.1', redis_port: String(redis.port) }), (node) => delivers(node, 'news'));
});

test('several Redis: each channel is at its own', async (t) => {
  const servers = [];
  t.after(() => Promise.all(servers.map((redis) => redis.dispose())));
  for (let i = 0; i < 3; i++) servers.push(await startRedis());
  const config = configOf('Several Redis');
  assert.strictEqual(config.redis_host.split(',').length, 3);
  await withNode(Object.assign(config, { redis_host: '127.0.0.1', redis_port: servers.map((redis) => redis.port).join(',') }), async (node) => {
    const channels = Array.from({ length: 9 }, (unused, i) => 'news-' + i);
    for (const channel of channels) await delivers(node, channel);
    const ann = await node.client('ann');
    for (const channel of channels) await ann.command('subscribe', { channel });
    for (const [i, redis] of servers.entries()) {
      const there = (await redis.cmd('PUBSUB', 'CHANNELS', 'centrifugo.message.*')).map(String).sort();
      assert.deepStrictEqual(there, channels.filter((channel) => shardOf(channel, 3) === i).map((channel) => 'centrifugo.message.' + channel));
      assert.notStrictEqual(there.length, 0);
    }
    ann.end();
  });
});

test('Sentinel', async (t) => {
  const redis = await startRedis();
  const sentinels = [];
  t.after(() => Promise.all([...sentinels, redis].map((one) => one.dispose())));
  for (let i = 0; i < 3; i++) sentinels.push(await new Sentinel(await freePort(), 'mymaster', redis.port).start());
  const config = configOf('Sentinel');
  assert.strictEqual(config.redis_sentinels.split(',').length, 3);
  config.redis_sentinels = sentinels.map((sentinel) => '127.0.0.1:' + sentinel.port).join(',');
  await withNode(config, (node) => delivers(node, 'news'));
});

test('TLS', async (t) => {
  const folder = temporaryFolder();
  const mine = makeCertificate(folder, 'node');
  const its = makeCertificate(folder, 'redis');
  const port = await freePort();
  const redis = await startRedis({ config: ['--tls-port', String(port), '--tls-cert-file', its.ssl_cert, '--tls-key-file', its.ssl_key,
    '--tls-ca-cert-file', mine.ssl_cert] });
  t.after(() => redis.dispose().then(() => fs.rmSync(folder, { recursive: true, force: true })));
  await withNode(Object.assign(configOf('TLS'), { redis_host: 'localhost', redis_port: String(port), redis_tls_ca: its.ssl_cert,
    redis_tls_cert: mine.ssl_cert, redis_tls_key: mine.ssl_key }), (node) => delivers(node, 'news'));
});

/* ---- nginx ---- */

/* Requests of a session of SockJS, each on a connection of its own, as a proxy may see them. */
class Session {
  constructor(nginx, node, id) {
    Object.assign(this, { nginx, node, id });
  }

  post(transport, body) {
    return this.node.request({ port: this.nginx.port, path: '/connection/000/' + this.id + '/' + transport }, body);
  }

  async say(command) {
    const sent = await this.post('xhr_send', JSON.stringify([JSON.stringify(command)]));
    assert.strictEqual(sent.status, 204);
  }

  /* The messages of the next poll. */
  async poll() {
    const { text } = await this.post('xhr');
    return text.startsWith('a') ? JSON.parse(text.slice(1)).flatMap((message) => JSON.parse(message)) : text;
  }

  async take(fits) {
    for (;;) {
      const messages = await this.poll();
      assert.notStrictEqual(messages[0], 'c', String(messages));
      const found = Array.isArray(messages) && messages.find(fits);
      if (found) return found;
    }
  }

  async open() {
    assert.strictEqual(await this.poll(), 'o\n');
    await this.say({ uid: '1', method: 'connect', params: { user: 'ann' } });
    await this.take((m) => m.uid === '1' && m.body.client);
    await this.say({ uid: '2', method: 'subscribe', params: { channel: 'news' } });
    await this.take((m) => m.uid === '2' && m.body.status);
    return this;
  }
}

async function withNginx(body) {
  await withCluster(3, { node_metrics_interval: 1 }, async ({ nodes }) => {
    const addresses = Object.fromEntries(nodes.map((node, i) => ['10.0.0.' + (i + 1) + ':8000', '127.0.0.1:' + node.port]));
    const nginx = await Nginx.start('scaling.md', await freePort(), addresses);
    try {
      await body(nginx, nodes);
    } finally {
      await nginx.stop();
    }
  });
}

const loads = (nodes) => Promise.all(nodes.map((node) => node.api({ method: 'node' }).then(([reply]) => reply.body.data.metrics.node_num_clients)));

/* Opens ten, and ten more, until each node has one. Nodes count their clients each second. */
async function fill(nodes, open) {
  for (let opened = 10; ; opened += 10) {
    for (let i = 0; i < 10; i++) await open();
    const counts = await until(async () => {
      const now = await loads(nodes);
      return now.reduce((sum, n) => sum + n) === opened && now;
    }, 'all clients to be counted');
    if (!counts.includes(0)) return;
  }
}

test('nginx divides WebSockets among three nodes, and who was on a lost one comes again', () => withNginx(async (nginx, nodes) => {
  const clients = [];
  const url = 'ws://127.0.0.1:' + nginx.port + '/connection/websocket';
  await fill(nodes, async () => clients.push(await nodes[0].client('ann', url)));
  for (const client of clients) await client.command('subscribe', { channel: 'news' });
  await nodes[0].publish('news', 1);
  for (const client of clients) assert.strictEqual((await client.push('message')).body.data, 1);
  await nodes[1].stop();
  await until(() => clients.some((client) => client.closed), 'the clients of the lost node to be closed');
  for (let i = 0; i < 10; i++) {
    const again = await nodes[0].client('ann', url);
    await again.command('subscribe', { channel: 'news' });
    clients.push(again);
  }
  await nodes[2].publish('news', 2);
  const has = (client) => client.messages.some((m) => m.method === 'message' && m.body.data === 2);
  for (const client of clients) await until(() => client.closed || has(client), 'the message');
  assert.ok(clients.filter(has).length > 10, 'the others stay');
}));

test('every request of a session of SockJS comes to its node', () => withNginx(async (nginx, nodes) => {
  const sessions = [];
  await fill(nodes, async () => sessions.push(await new Session(nginx, nodes[0], 'session-' + sessions.length).open()));
  await nodes[0].publish('news', 1);
  for (const session of sessions) {
    const message = await session.take((m) => m.method === 'message');
    assert.strictEqual(message.body.data, 1);
  }
}));
