'use strict';
/* Several nodes on one real Redis, and what happens when it is lost, slow, full or changed. */
const test = require('node:test');
const assert = require('node:assert');
const { Server, until, runProgram } = require('./lib');
const { startRedis, redisConfig, withCluster, freePort, Proxy } = require('./redis');
const { Sentinel } = require('../conformance/cluster/redis');

const HISTORY = { history_size: 100, history_lifetime: 60, recover: true };

const pushed = (data) => (m) => m.method === 'message' && m.body.data === data;

async function subscribe(client, channel, more) {
  const reply = await client.command('subscribe', Object.assign({ channel }, more));
  assert.strictEqual(reply.body.status, true, JSON.stringify(reply));
  return reply.body;
}

async function publish(node, channel, data) {
  const [reply] = await node.publish(channel, data);
  assert.strictEqual(reply.error, null);
}

/* All that a node can say of others: it has heard of them. */
async function nodesKnown(node, count) {
  await until(async () => (await node.api({ method: 'stats' }))[0].body.data.nodes.length === count, count + ' nodes');
}

test('two nodes deliver to each other, and the publisher has its message before the answer', () => withCluster(2, { publish: true }, async ({ nodes }) => {
  const ann = await nodes[0].client('ann');
  const bob = await nodes[1].client('bob');
  for (const client of [ann, bob]) await subscribe(client, 'news');
  await publish(nodes[0], 'news', 'one');
  for (const client of [ann, bob]) await client.take(pushed('one'), 'the message');
  for (let i = 0; i < 100; i++) {
    ann.send({ uid: 'p' + i, method: 'publish', params: { channel: 'news', data: i } });
  }
  await until(() => ann.messages.length === 200, 'all messages and answers');
  for (let i = 0; i < 100; i++) {
    const message = ann.messages.findIndex((m) => m.method === 'message' && m.body.data === i);
    const answer = ann.messages.findIndex((m) => m.uid === 'p' + i);
    assert.ok(message >= 0 && message < answer, 'message ' + i + ' at ' + message + ', its answer at ' + answer);
  }
  await until(() => bob.messages.length === 100, 'all messages at the other node');
  assert.deepStrictEqual(bob.messages.map((m) => m.body.data), [...Array(100).keys()]);
}));

test('operators watch what is published at any node, and only on nodes that have them', () => withCluster(2, { watch: true, admin: true, insecure_admin: true }, async ({ redis, nodes }) => {
  const admin = await nodes[1].admin();
  await admin.command('connect', { watch: true });
  await publish(nodes[0], 'news', { n: 1 });
  const { body } = await admin.take((m) => m.method === 'message', 'the message');
  assert.deepStrictEqual([body.channel, body.data], ['news', { n: 1 }]);
  const other = await Server.start(redisConfig(redis));
  const subscribed = await redis.cmd('PUBSUB', 'NUMSUB', 'centrifugo.admin');
  await other.stop();
  assert.deepStrictEqual(subscribed.map(String), ['centrifugo.admin', '2']);
}));

test('nodes know of each other, and a backend reaches users on any of them', () => withCluster(2, { node_ping_interval: 1 }, async ({ nodes }) => {
  await nodesKnown(nodes[0], 2);
  await nodesKnown(nodes[1], 2);
  const ann = await nodes[1].client('ann');
  await subscribe(ann, 'news');
  assert.deepStrictEqual((await nodes[0].api({ method: 'channels' }))[0].body.data, ['news']);
  await nodes[0].api({ method: 'unsubscribe', params: { user: 'ann', channel: 'news' } });
  await ann.take((m) => m.method === 'unsubscribe', 'the unsubscribe');
  await nodes[0].api({ method: 'disconnect', params: { user: 'ann' } });
  await until(() => ann.closed, 'the disconnect');
  assert.match(ann.closed.reason, /"reconnect":false/);
}));

test('a client that comes to another node gets what it missed', () => withCluster(2, HISTORY, async ({ nodes }) => {
  const ann = await nodes[0].client('ann');
  await subscribe(ann, 'news');
  await publish(nodes[0], 'news', 1);
  const { body } = await ann.take(pushed(1), 'the message');
  ann.end();
  await publish(nodes[0], 'news', 2);
  await publish(nodes[1], 'news', 3);
  const again = await nodes[1].client('ann');
  const reply = await subscribe(again, 'news', { recover: true, last: body.uid });
  assert.strictEqual(reply.recovered, true);
  assert.deepStrictEqual(reply.messages.map((m) => m.data), [3, 2]);
}));

/* ---- outages ---- */

test('a lost pub/sub connection: who can recover has to come again, nobody else', () => withCluster(1, {
  namespaces: [Object.assign({ name: 'kept' }, HISTORY), { name: 'plain' }],
}, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  const bob = await node.client('bob');
  await subscribe(ann, 'kept:a');
  await subscribe(bob, 'plain:a');
  await publish(node, 'kept:a', 1);
  const { body } = await ann.take(pushed(1), 'the message');
  assert.strictEqual(await redis.cmd('CLIENT', 'KILL', 'TYPE', 'pubsub'), node.workers);
  await until(() => ann.closed, 'the close');
  assert.match(ann.closed.reason, /"reconnect":true/);
  await publish(node, 'kept:a', 2);
  const again = await node.client('ann');
  const reply = await subscribe(again, 'kept:a', { recover: true, last: body.uid });
  assert.strictEqual(reply.recovered, true);
  assert.deepStrictEqual(reply.messages.map((m) => m.data), [2]);
  await publish(node, 'plain:a', 3);
  await bob.take(pushed(3), 'the message');
}));

test('without Redis a publish fails in a bounded time, and works when Redis is back', () => withCluster(1, { publish: true }, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  await redis.stop();
  const refused = await ann.command('publish', { channel: 'news', data: 1 });
  assert.strictEqual(refused.error, 'internal server error');
  assert.strictEqual(refused.advice, 'retry');
  await until(() => /\[E\]: .*Redis 127\.0\.0\.1:\d+ cannot be used: /.test(node.logged()), 'a line of the log');
  assert.strictEqual((await ann.command('ping', { data: 'x' })).body.data, 'x');
  await redis.start();
  await until(() => /Redis 127\.0\.0\.1:\d+ can be used again/.test(node.logged()), 'a line of the log');
  await publish(node, 'news', 2);
  await ann.take(pushed(2), 'the message');
}));

test('a Redis that is stopped and does not answer is given up, and found again', () => withCluster(1, { redis_read_timeout: 1 }, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  redis.signal('SIGSTOP');
  const [reply] = await node.publish('news', 1);
  assert.strictEqual(reply.error, 'internal server error');
  await until(() => /cannot be used: no answer in time/.test(node.logged()), 'a line of the log');
  redis.signal('SIGCONT');
  await until(async () => (await node.publish('news', 2))[0].error === null, 'a publish that succeeds');
  await ann.take(pushed(2), 'the message');
}));

test('a full Redis: what cannot be stored is not published, and the caller hears of it', () => withCluster(1, Object.assign({}, HISTORY), async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  await redis.cmd('CONFIG', 'SET', 'maxmemory', '1');
  const [reply] = await node.publish('news', 1);
  assert.strictEqual(reply.error, 'internal server error');
  await until(() => /refuses a command: OOM/.test(node.logged()), 'a line of the log');
  await redis.cmd('CONFIG', 'SET', 'maxmemory', '0');
  await publish(node, 'news', 2);
  await ann.take(pushed(2), 'the message');
  assert.ok(!ann.messages.some(pushed(1)));
}));

test('lost scripts are loaded again, and nobody notices', () => withCluster(1, Object.assign({ presence: true }, HISTORY), async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  await redis.cmd('SCRIPT', 'FLUSH');
  await Promise.all([1, 2, 3].map((n) => publish(node, 'news', n)));
  await redis.cmd('SCRIPT', 'FLUSH');
  const [presence] = await node.api({ method: 'presence', params: { channel: 'news' } });
  assert.strictEqual(Object.keys(presence.body.data).length, 1);
  const [history] = await node.api({ method: 'history', params: { channel: 'news' } });
  assert.strictEqual(history.body.data.length, 3);
  await until(() => ann.messages.length === 3, 'all messages');
}));

test('a node starts without Redis, and ends in time without it', async () => {
  const port = await freePort();
  const node = await Server.start(redisConfig({ port }, { presence: true, join_leave: true }));
  try {
    const ann = await node.client('ann');
    ann.send({ uid: '9', method: 'subscribe', params: { channel: 'news' } });
    await until(() => ann.closed, 'the close');
    assert.match(ann.closed.reason, /"reason":"internal server error","reconnect":true/);
    assert.match(node.logged(), /cannot be used: connection refused/);
  } finally {
    await node.stop();
  }
});

test('a node whose Redis is lost ends in time, with clients on it', () => withCluster(1, { presence: true, join_leave: true }, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  await redis.stop();
  await until(() => /cannot be used/.test(node.logged()), 'a line of the log');
}));

test('a node whose Redis does not answer ends in time', () => withCluster(1, { presence: true }, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  redis.signal('SIGSTOP');
  await node.stop();
  assert.match(ann.closed.reason, /"reason":"shutting down","reconnect":true/);
}));

test('a wrong password is named in the log, without the password', async () => {
  const redis = await startRedis({ password: 'right' });
  const node = await Server.start(redisConfig(redis, { redis_password: 'hidden-one' }));
  try {
    await until(() => /cannot be used: WRONGPASS/.test(node.logged()), 'a line of the log');
    assert.ok(!node.logged().includes('hidden-one'));
  } finally {
    await node.stop();
    await redis.dispose();
  }
});

test('what others write into Redis reaches no client unless it is a message', () => withCluster(1, HISTORY, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  await redis.cmd('LPUSH', 'centrifugo.history.list.centrifugo.message.news', 'no message');
  for (const text of ['', '\xff\xff', '{"data":1}', '\x22\x04null']) await redis.cmd('PUBLISH', 'centrifugo.message.news', text);
  await publish(node, 'news', 1);
  await ann.take(pushed(1), 'the message');
  assert.strictEqual(ann.messages.length, 0);
  const [history] = await node.api({ method: 'history', params: { channel: 'news' } });
  assert.deepStrictEqual(history.body.data.map((m) => m.data), [1]);
}));

test('a node that has lost one of several Redis servers says that it is not well', async () => {
  const servers = [await startRedis(), await startRedis()];
  const node = await Server.start({ engine: 'redis', redis_port: servers.map((redis) => redis.port).join(','), insecure: true });
  const health = async () => (await node.request({ method: 'GET', path: '/health' })).status;
  try {
    await until(async () => await health() === 200, 'both servers');
    await servers[1].stop();
    await until(async () => await health() === 503, 'the loss of one');
    assert.strictEqual((await node.publish('chat', 1))[0].error, null);
    assert.strictEqual((await node.publish('news', 1))[0].error, 'internal server error');
    await servers[1].start();
    await until(async () => await health() === 200, 'both servers');
    await publish(node, 'news', 2);
  } finally {
    await node.stop();
    for (const redis of servers) await redis.dispose();
  }
});

test('a node that Redis has cut off for reading too slowly makes its clients recover', () => withCluster(2, Object.assign({}, HISTORY, {
  history_size: 1000,
}), async ({ redis, nodes }) => {
  const ann = await nodes[0].client('ann');
  await subscribe(ann, 'news');
  await publish(nodes[1], 'news', 'first');
  const { body } = await ann.take(pushed('first'), 'the message');
  await redis.cmd('CONFIG', 'SET', 'client-output-buffer-limit', 'pubsub 1mb 1mb 1');
  nodes[0].signal('SIGSTOP');
  const text = 'x'.repeat(50000);
  const left = async () => (await redis.cmd('PUBSUB', 'NUMSUB', 'centrifugo.message.news'))[1];
  let count = 0;
  while (await left() > 0) await publish(nodes[1], 'news', text + count++);
  nodes[0].signal('SIGCONT');
  await until(() => ann.closed, 'the close');
  const again = await nodes[1].client('ann');
  const reply = await subscribe(again, 'news', { recover: true, last: body.uid });
  assert.strictEqual(reply.recovered, true);
  assert.deepStrictEqual(reply.messages.reverse().map((m) => m.data), Array.from({ length: count }, (unused, i) => text + i));
}));

/* A client with recovery that comes to the next node whenever it is closed. `heard`: the numbers that it was told. */
async function hop(nodes, heard, ended) {
  let last = '';
  for (let i = 0; !ended(); i++) {
    const client = await nodes[i % nodes.length].client('ann').catch(() => null);
    if (client === null) continue;
    const reply = await client.command('subscribe', { channel: 'news', recover: last !== '', last }).catch(() => null);
    if (reply === null) continue;
    if (last !== '') assert.strictEqual(reply.body.recovered, true);
    const take = (message) => { heard.push(message.data); last = message.uid; };
    for (const message of (reply.body.messages || []).reverse()) take(message);
    await until(() => {
      for (const message of client.messages.splice(0)) take(message.body);
      return client.closed || ended() || Math.random() < 0.002;
    }, 'the next node');
    client.end();
  }
}

test('clients that go from node to node hear all, in order, once, while connections to Redis are cut', () => withCluster(2, Object.assign({}, HISTORY, {
  history_size: 1000,
}), async ({ redis, nodes }) => {
  const heard = [];
  const sure = [];
  let over = false;
  const client = hop(nodes, heard, () => over).catch((error) => error);
  await until(() => nodes[0].api({ method: 'channels' }).then(([reply]) => reply.body.data.length === 1, () => false), 'the client');
  for (let n = 0; n < 600; n++) {
    if (n % 60 === 59) await redis.cmd('CLIENT', 'KILL', 'TYPE', n % 120 === 59 ? 'pubsub' : 'normal', 'SKIPME', 'yes');
    if ((await nodes[n % 2].publish('news', n))[0].error === null) sure.push(n);
  }
  await until(() => heard.includes(sure[sure.length - 1]), 'the last message');
  over = true;
  assert.strictEqual(await client, undefined);
  assert.deepStrictEqual(heard, [...new Set(heard)].sort((a, b) => a - b), 'in order, once');
  assert.deepStrictEqual(sure.filter((n) => n >= heard[0] && !heard.includes(n)), [], 'all of them');
}));

/* ---- commands in queues ---- */

const command = (n) => JSON.stringify({ method: 'publish', params: { channel: 'news', data: n } });

test('commands from all queues are carried out, in the order of each', () => withCluster(1, { redis_api: true, redis_api_num_shards: 2 }, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  const queues = ['centrifugo.api', 'centrifugo.api.0', 'centrifugo.api.1'];
  for (const [i, queue] of queues.entries()) await redis.cmd('RPUSH', queue, ...Array.from({ length: 200 }, (unused, n) => command([i, n])));
  await until(() => ann.messages.length === 600, 'all messages');
  for (let i = 0; i < queues.length; i++) {
    const numbers = ann.messages.map((m) => m.body.data).filter((data) => data[0] === i).map((data) => data[1]);
    assert.deepStrictEqual(numbers, [...Array(200).keys()]);
  }
}));

test('a queue goes on after Redis was lost', () => withCluster(1, { redis_api: true }, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  await redis.stop();
  await until(() => /cannot be used/.test(node.logged()), 'a line of the log');
  await redis.start();
  await redis.cmd('RPUSH', 'centrifugo.api', command('later'));
  await ann.take(pushed('later'), 'the message');
}));

/* ---- Sentinel ---- */

/* A master, its replica and a Sentinel that knows both; a first Sentinel is named that is not there. */
async function withSentinel(config, body) {
  const master = await startRedis();
  const replica = await startRedis({ replicaOf: master.port });
  const sentinel = await new Sentinel(await freePort(), 'mymaster', master.port).start();
  await until(async () => (await sentinel.cmd('SENTINEL', 'replicas', 'mymaster')).length === 1, 'the replica');
  const node = await Server.start(Object.assign({
    engine: 'redis', insecure: true, redis_master_name: 'mymaster', redis_sentinels: '127.0.0.1:1,127.0.0.1:' + sentinel.port,
  }, config));
  try {
    await body({ master, replica, sentinel, node });
  } finally {
    await Promise.allSettled([node.stop()]);
    for (const redis of [sentinel, replica, master]) await redis.dispose();
  }
}

test('after a failover that the old master survives nobody is deaf, and who can recover comes again', () => withSentinel({
  namespaces: [Object.assign({ name: 'kept' }, HISTORY), { name: 'plain' }],
}, async ({ master, replica, sentinel, node }) => {
  const ann = await node.client('ann');
  const bob = await node.client('bob');
  await subscribe(ann, 'plain:a');
  await subscribe(bob, 'kept:a');
  /* A Sentinel ends the connections of those it commands, the test's too. */
  const asked = (redis, ...command) => redis.cmd(...command).catch(() => []);
  await until(async () => String(await asked(sentinel, 'SENTINEL', 'FAILOVER', 'mymaster')) === 'OK', 'the failover');
  await until(async () => String((await asked(master, 'ROLE'))[0]) === 'slave', 'the old master to obey');
  await until(async () => (await asked(replica, 'PUBSUB', 'NUMSUB', 'centrifugo.message.plain:a'))[1] === 1, 'the node at the new master');
  await until(async () => (await node.publish('plain:a', 'after'))[0].error === null, 'a publish that succeeds');
  await ann.take(pushed('after'), 'the message');
  await until(() => bob.closed, 'the close');
  assert.match(bob.closed.reason, /"reconnect":true/);
  const again = await node.client('bob');
  await subscribe(again, 'kept:a');
  await publish(node, 'kept:a', 1);
  await again.take(pushed(1), 'the message');
}));

/* A named Sentinel tells of the other one, and is lost; both want a password. */
test('Sentinels with a password, one of which is not named, lead to the master', async () => {
  const master = await startRedis();
  const replica = await startRedis({ replicaOf: master.port });
  const sentinels = [];
  for (let i = 0; i < 2; i++) sentinels.push(await new Sentinel(await freePort(), 'mymaster', master.port, 'right').start());
  const [named, other] = sentinels;
  const way = await new Proxy(named.port).start();
  const config = { engine: 'redis', insecure: true, redis_master_name: 'mymaster', redis_sentinels: '127.0.0.1:' + way.port };
  const node = await Server.start(Object.assign({ redis_sentinel_password: 'right' }, config));
  const stranger = await Server.start(Object.assign({ redis_sentinel_password: 'hidden-one' }, config));
  const nodeAt = async (redis) => (await redis.cmd('PUBSUB', 'NUMSUB', 'centrifugo.control').catch(() => []))[1] > 0;
  try {
    await until(() => /cannot be used: Sentinel 127\.0\.0\.1:\d+: WRONGPASS/.test(stranger.logged()), 'a line of the log');
    assert.ok(!stranger.logged().includes('hidden-one'));
    await until(() => nodeAt(master), 'the node at the master');
    await until(async () => (await other.cmd('SENTINEL', 'replicas', 'mymaster')).length === 1, 'the replica');
    await until(async () => (await named.cmd('SENTINEL', 'sentinels', 'mymaster')).length === 1, 'the other Sentinel');
    const told = way.answers;
    await until(() => way.answers > told + 4, 'the node to be told of it');
    await way.stop();
    await named.stop();
    await until(async () => String(await other.cmd('SENTINEL', 'FAILOVER', 'mymaster').catch(() => '')) === 'OK', 'the failover');
    await until(() => nodeAt(replica), 'the node at the new master');
    await until(async () => (await node.publish('news', 1))[0].error === null, 'a publish that succeeds');
  } finally {
    await Promise.allSettled([node.stop(), stranger.stop()]);
    await way.stop();
    for (const redis of [...sentinels, replica, master]) await redis.dispose();
  }
});

/* ---- what is configured ---- */

test('checkconfig names what cannot work with Redis', async () => {
  const fs = require('node:fs');
  const os = require('node:os');
  const path = require('node:path');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuged-test-'));
  const file = path.join(folder, 'config.json');
  const cases = [
    [{ engine: 'redis', redis_host: 'a,b,c', redis_port: '1,2' }, /'redis_port' names 2 of 3 shards: .*wrong number of redis ports/],
    [{ engine: 'redis', redis_port: 'x' }, /'redis_port' is not good for shard 1: give a number/],
    [{ engine: 'redis', redis_url: 'redis://:secretword@host' }, /'redis_url' is not good for shard 1: an address has a port/],
    [{ engine: 'redis', redis_db: 'x' }, /'redis_db' is not good for shard 1: its database is no number/],
    [{ engine: 'redis', redis_master_name: 'm' }, /'redis_master_name' needs 'redis_sentinels': Provide at least one Sentinel address/],
    [{ engine: 'redis', redis_api_num_shards: 2 }, /'redis_api_num_shards' has no effect: 'redis_api' is off/],
    [{ redis_host: 'db' }, /'redis_host' has no effect: 'engine' is 'memory'/],
    [{ engine: 'rediz' }, /Unknown engine: rediz; there are 'memory' and 'redis'/],
  ];
  for (const [config, expected] of cases) {
    fs.writeFileSync(file, JSON.stringify(Object.assign({ secret: 's' }, config)));
    const { out, err } = await runProgram(['checkconfig', '-c', file]);
    assert.match(out + err, expected);
    assert.ok(!(out + err).includes('secretword'));
  }
  fs.rmSync(folder, { recursive: true });
});
