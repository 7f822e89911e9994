'use strict';
/* What Redis does to a service while it is flushed, slow, takes no writes, publishes into the void, or moves to another machine. */
const test = require('node:test');
const assert = require('node:assert');
const { Server, until } = require('./lib');
const { startRedis, redisConfig, withCluster, freePort, Proxy } = require('./redis');
const { Sentinel } = require('../conformance/cluster/redis');

const HISTORY = { history_size: 2000, history_lifetime: 600, recover: true };

const pushed = (data) => (m) => m.method === 'message' && m.body.data === data;
const publish = (node, data) => node.publish('news', data).then(([reply]) => reply.error, () => 'no answer');
const health = (node) => node.request({ method: 'GET', path: '/health' }).then(({ status }) => status);

async function subscribe(client, more) {
  const { body } = await client.command('subscribe', Object.assign({ channel: 'news' }, more));
  assert.strictEqual(body.status, true);
  return body;
}

/* A node whose Redis is behind a proxy. */
async function withProxy(config, body) {
  const redis = await startRedis();
  const way = await new Proxy(redis.port).start();
  const node = await Server.start(redisConfig({ port: way.port }, config));
  try {
    await until(async () => await health(node) === 200, 'Redis');
    await body({ redis, way, node });
  } finally {
    await node.stop().finally(() => way.stop()).finally(() => redis.dispose());
  }
}

test('a flushed Redis: clients stay, who recovers is told that he cannot, and presence comes back', () => withCluster(2, Object.assign({
  presence: true, presence_ping_interval: 1 }, HISTORY), async ({ redis, nodes }) => {
  const ann = await nodes[0].client('ann');
  await subscribe(ann);
  assert.strictEqual(await publish(nodes[1], 1), null);
  const { body: { uid } } = await ann.take(pushed(1), 'the message');
  await redis.cmd('FLUSHALL');
  const bob = await nodes[1].client('bob');
  assert.strictEqual((await subscribe(bob, { recover: true, last: uid })).recovered, false);
  assert.strictEqual(await publish(nodes[1], 2), null);
  for (const client of [ann, bob]) await client.take(pushed(2), 'the message');
  await until(async () => {
    const [reply] = await nodes[1].api({ method: 'presence', params: { channel: 'news' } });
    return Object.keys(reply.body.data).length === 2;
  }, 'both to be present');
  assert.strictEqual(ann.closed, null);
}));

test('a slow Redis makes publishers wait, in order, and loses nothing', () => withProxy(Object.assign({ publish: true }, HISTORY), async ({ way, node }) => {
  const ann = await node.client('ann');
  await subscribe(ann);
  way.delay = 300;
  for (let i = 0; i < 50; i++) ann.send({ uid: 'p' + i, method: 'publish', params: { channel: 'news', data: i } });
  ann.send({ uid: 'h', method: 'history', params: { channel: 'news' } });
  assert.strictEqual((await ann.command('ping', { data: 'x' })).body.data, 'x');
  const numbers = ann.messages.filter((m) => m.method === 'message').map((m) => m.body.data);
  assert.deepStrictEqual(numbers, [...Array(50).keys()]);
  for (let i = 0; i < 50; i++) {
    const answer = ann.messages.findIndex((m) => m.uid === 'p' + i);
    assert.ok(ann.messages[answer].body.status && ann.messages.findIndex(pushed(i)) < answer, 'message ' + i + ' before its answer');
  }
  assert.strictEqual(ann.messages.find((m) => m.uid === 'h').body.data.length, 50);
}));

test('a Redis that is too slow is given up, and used again when it is not', () => withProxy({ redis_read_timeout: 1 }, async ({ way, node }) => {
  const ann = await node.client('ann');
  await subscribe(ann);
  way.delay = 600;
  assert.notStrictEqual(await publish(node, 1), null);
  await until(() => /cannot be used: no answer in time/.test(node.logged()), 'a line of the log');
  way.delay = 0;
  await until(async () => await publish(node, 2) === null, 'a publish that succeeds');
  await ann.take(pushed(2), 'the message');
}));

test('a node that Redis does not reach with its messages says so, and makes its clients recover', () => withProxy(Object.assign({
  redis_read_timeout: 1 }, HISTORY), async ({ way, node }) => {
  const ann = await node.client('ann');
  await subscribe(ann);
  assert.strictEqual(await publish(node, 1), null);
  const { body: { uid } } = await ann.take(pushed(1), 'the message');
  way.deaf = true;
  await until(() => /cannot be used: no answer in time/.test(node.logged()), 'a line of the log');
  await until(async () => await health(node) === 503, 'the health');
  way.deaf = false;
  await until(() => /can be used again/.test(node.logged()), 'a line of the log');
  await until(async () => await health(node) === 200, 'the health');
  await until(() => ann.closed, 'the close');
  assert.match(ann.closed.reason, /"reconnect":true/);
  assert.strictEqual((await subscribe(await node.client('ann'), { recover: true, last: uid })).recovered, true);
}));

test('a Redis that takes no writes: nothing is published that is not stored, and who is there stays', () => withCluster(1, HISTORY, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann);
  await redis.cmd('CONFIG', 'SET', 'min-replicas-to-write', '1');
  assert.strictEqual(await publish(node, 1), 'internal server error');
  await until(() => /refuses a command: NOREPLICAS/.test(node.logged()), 'a line of the log');
  await redis.cmd('CONFIG', 'SET', 'min-replicas-to-write', '0');
  await redis.cmd('REPLICAOF', '127.0.0.1', '1');
  assert.strictEqual(await publish(node, 2), 'internal server error');
  await redis.cmd('REPLICAOF', 'NO', 'ONE');
  await until(async () => await publish(node, 3) === null, 'a publish that succeeds');
  await ann.take(pushed(3), 'the message');
  assert.ok(!ann.messages.some((m) => m.method === 'message'));
}));

/* ---- clients that go from node to node while Redis fails over ---- */

const HOLE = 'hole';

/* Comes to the next node whenever it is closed, or likes to. `heard`: the numbers that it was told, and holes that it was told of. */
async function hop(nodes, heard, ended) {
  let last = '';
  for (let i = 0; !ended(); i++) {
    const client = await nodes[i % nodes.length].client('ann').catch(() => null);
    const reply = client && await client.command('subscribe', { channel: 'news', recover: last !== '', last }).catch(() => null);
    if (!reply) continue;
    if (last !== '' && !reply.body.recovered) heard.push(HOLE);
    const take = (message) => { heard.push(message.data); last = message.uid; };
    for (const message of (reply.body.messages || []).reverse()) take(message);
    await until(() => {
      for (const message of client.messages.splice(0)) take(message.body);
      return client.closed || ended() || Math.random() < 0.002;
    }, 'the next node');
    client.end();
  }
}

/* What was heard, between the holes. */
function pieces(heard) {
  const all = [[]];
  for (const what of heard) {
    if (what === HOLE) all.push([]);
    else all[all.length - 1].push(what);
  }
  return all;
}

/*
 * Once, in order, and without a gap where the history of the master that is left has a message. What that does not have was taken by
 * the old one: who has heard it hears nothing more before he is told of a hole.
 */
function check(heard, kept) {
  for (const piece of pieces(heard)) {
    for (let i = 1; i < piece.length; i++) assert.ok(piece[i] > piece[i - 1], piece[i] + ' behind ' + piece[i - 1]);
    const lost = piece.findIndex((n) => !kept.includes(n));
    const good = lost < 0 ? piece : piece.slice(0, lost);
    assert.deepStrictEqual(piece.slice(good.length).filter((n) => kept.includes(n)), [], 'nothing behind what was lost');
    assert.deepStrictEqual(good, kept.filter((n) => n >= good[0] && n <= good[good.length - 1]), 'no gap');
  }
}

test('clients that go from node to node hear each message once and in order, and are told of holes, while Redis fails over', async () => {
  const master = await startRedis();
  const replica = await startRedis({ replicaOf: master.port });
  const sentinel = await new Sentinel(await freePort(), 'mymaster', master.port).start();
  await until(async () => (await sentinel.cmd('SENTINEL', 'replicas', 'mymaster')).length === 1, 'the replica');
  const config = Object.assign({ engine: 'redis', insecure: true, redis_master_name: 'mymaster', redis_sentinels: '127.0.0.1:' + sentinel.port }, HISTORY);
  const nodes = [await Server.start(config), await Server.start(config)];
  const heard = [[], [], []];
  let over = false;
  const hops = heard.map((own, i) => hop(i % 2 ? nodes.slice().reverse() : nodes, own, () => over));
  const ended = Promise.allSettled(hops);
  try {
    let first = -1e6; // a publish that fails may have been taken: no number is used again
    await until(async () => await publish(nodes[0], ++first) === null, 'the master');
    for (let n = 1, sure = 0; sure < 300; n++) {
      if (n === 100) await until(async () => String(await sentinel.cmd('SENTINEL', 'FAILOVER', 'mymaster').catch(() => '')) === 'OK', 'the failover');
      sure += await publish(nodes[n % 2], n) === null && await publish(nodes[n % 2], n + 0.5) === null;
    }
    await until(async () => String((await replica.cmd('ROLE').catch(() => []))[0]) === 'master', 'the new master');
    let last = 1e6;
    await until(async () => await publish(nodes[0], ++last) === null, 'the last message');
    await until(() => heard.every((own) => own.includes(last)), 'all to hear it');
    over = true;
    for (const result of await ended) assert.ifError(result.reason);
    const [reply] = await nodes[1].api({ method: 'history', params: { channel: 'news' } });
    const kept = reply.body.data.map((m) => m.data).reverse();
    assert.ok(kept.length > 200, 'the history of the new master');
    for (const own of heard) check(own, kept);
  } finally {
    over = true;
    await Promise.allSettled(nodes.map((node) => node.stop()));
    for (const redis of [sentinel, replica, master]) await redis.dispose();
  }
});
