'use strict';
/* What else may be in Redis, or come from it: keys of other types, bytes of nobody's, a server that is no place for a node. */
const test = require('node:test');
const assert = require('node:assert');
const { Server, until } = require('./lib');
const { startRedis, redisConfig, withCluster, freePort, Proxy } = require('./redis');
const { Sentinel, pbWrite } = require('../conformance/cluster/redis');

const HISTORY = { history_size: 10, history_lifetime: 60, recover: true };
const KEY = { list: 'centrifugo.history.list.centrifugo.message.', set: 'centrifugo.presence.set.centrifugo.message.',
  hash: 'centrifugo.presence.hash.centrifugo.message.' };

const pushed = (data) => (m) => m.method === 'message' && m.body.data === data;
const publish = (node, channel, data) => node.publish(channel, data).then(([reply]) => reply.error);
const health = (node) => node.request({ method: 'GET', path: '/health' }).then(({ status }) => status);
const line = (node, expected) => until(() => expected.test(node.logged()), 'a line of the log: ' + expected);

async function subscribe(client, channel) {
  const { body } = await client.command('subscribe', { channel });
  assert.strictEqual(body.status, true);
}

/* A node that is well: it delivers. */
async function delivers(node, channel) {
  const bob = await node.client('bob');
  await subscribe(bob, channel);
  assert.strictEqual(await publish(node, channel, 'well'), null);
  await bob.take(pushed('well'), 'the message');
  bob.end();
}

/* ---- keys of another type ---- */

test('a history that is no list: what cannot be stored is not published, and other channels do not notice', () => withCluster(1, HISTORY, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'bad');
  await redis.cmd('SET', KEY.list + 'bad', 'text');
  assert.strictEqual(await publish(node, 'bad', 1), 'internal server error');
  const [history] = await node.api({ method: 'history', params: { channel: 'bad' } });
  assert.strictEqual(history.error, 'internal server error');
  await line(node, /refuses a command: .*WRONGTYPE/);
  await delivers(node, 'good');
  assert.ok(!ann.messages.some((m) => m.method === 'message'));
}));

test('a presence of another type: the client is told to come again, and a later one finds it mended', () => withCluster(1, { presence: true }, async ({ redis, nodes: [node] }) => {
  for (const key of [KEY.set, KEY.hash]) {
    await redis.cmd('SET', key + 'bad', 'text');
    const ann = await node.client('ann');
    ann.send({ uid: '9', method: 'subscribe', params: { channel: 'bad' } });
    await until(() => ann.closed, 'the close');
    assert.match(ann.closed.reason, /"reason":"internal server error","reconnect":true/);
    await redis.cmd('DEL', KEY.set + 'bad', KEY.hash + 'bad');
    await delivers(node, 'bad');
  }
}));

const command = (data) => JSON.stringify({ method: 'publish', params: { channel: 'news', data } });

test('a queue of another type does not fill the log, and the queues are served when it is mended', () => withCluster(1, { redis_api: true, redis_api_num_shards: 1 }, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  await redis.cmd('SET', 'centrifugo.api', 'text');
  await line(node, /takes no commands from its queues: WRONGTYPE/);
  const tried = async () => (await redis.cmd('INFO', 'commandstats')).toString().match(/cmdstat_blpop:calls=(\d+)/)[1];
  const before = Number(await tried());
  await until(async () => Number(await tried()) > before + 2, 'further attempts');
  assert.strictEqual(node.logged().match(/takes no commands/g).length, 1);
  await redis.cmd('DEL', 'centrifugo.api');
  await redis.cmd('RPUSH', 'centrifugo.api.0', command(1));
  await ann.take(pushed(1), 'the message');
}));

/* ---- bytes of nobody's ---- */

const control = (method, params, uid) => pbWrite([[1, uid || 'stranger'], [2, method], [3, params]]);

test('what no node would say to nodes harms none', () => withCluster(1, { presence: true, join_leave: true, admin: true, insecure_admin: true }, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  const deep = '['.repeat(100000);
  const hostile = ['', 'x', '\xff'.repeat(10), control('disconnect', '{"user":""}'), control('disconnect', '{}'), control('disconnect', 'null'),
    control('disconnect', '{"user":1}'), control('disconnect', '[]'), control('unsubscribe', '{"channel":"news"}'), control('unsubscribe', deep),
    control('ping', '{}'), control('ping', 'null'), control('ping', '{"info":{"uid":"' + 'u'.repeat(1e6) + '"}}'), control('ping', '{"info":' + deep),
    control('nothing', '{}'), control('', ''), pbWrite([[3, '{}']]), control('ping', '{"info":{"uid":"\\u0000\\ud800"}}')];
  const topics = ['centrifugo.control', 'centrifugo.admin', 'centrifugo.join.news', 'centrifugo.leave.news', 'centrifugo.message.news', 'centrifugo.ping'];
  for (const text of hostile) {
    for (const topic of topics) await redis.cmd('PUBLISH', topic, text);
  }
  await delivers(node, 'other');
  assert.strictEqual(ann.closed, null);
  const [{ body }] = await node.api({ method: 'stats' });
  assert.deepStrictEqual(body.data.nodes.map((one) => one.name).filter((name) => name !== 'node-0'), []);
}));

test('nodes that are invented are counted up to a limit, and forgotten', () => withCluster(1, { node_ping_interval: 1 }, async ({ redis, nodes: [node] }) => {
  const names = Array.from({ length: 5000 }, (unused, i) => 'invented-' + i);
  await Promise.all(names.map((uid) => redis.cmd('PUBLISH', 'centrifugo.control', control('ping', JSON.stringify({ info: { uid, name: uid, metrics: {} } }), uid))));
  const known = async () => (await node.api({ method: 'stats' }))[0].body.data.nodes.length;
  await until(async () => await known() > 100, 'some of them');
  assert.ok(await known() < 5000);
  await until(async () => await known() === 1, 'them to be forgotten');
}));

test('a message of 20 MB that a stranger publishes harms no node', () => withCluster(1, {}, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  const data = '"' + 'x'.repeat(20e6) + '"';
  await redis.cmd('PUBLISH', 'centrifugo.message.news', pbWrite([[1, 'u'], [3, 'news'], [4, data]]));
  await until(() => ann.closed || ann.messages.some((m) => m.method === 'message' && m.body.data.length === 20e6), 'the message, or the close');
  await delivers(node, 'news');
}));

/* ---- servers that are no place for a node ---- */

test('a Redis Cluster is named as what cannot be used', async (t) => {
  const redis = await startRedis({ config: ['--cluster-enabled', 'yes'] });
  t.after(() => redis.dispose());
  await redis.cmd('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  const node = await Server.start(redisConfig(redis, HISTORY));
  t.after(() => node.stop());
  await until(async () => (await redis.cmd('CLUSTER', 'INFO')).includes('cluster_state:ok'), 'the cluster');
  assert.strictEqual(await publish(node, 'news', 1), 'internal server error');
  await line(node, /refuses a command: (CROSSSLOT|CLUSTERDOWN) [^\n]*; it is a Redis Cluster: /);
});

test('a Redis that loads its data is waited for, and has its histories', async (t) => {
  const redis = await startRedis({ config: ['--enable-debug-command', 'yes', '--key-load-delay', '50', '--loading-process-events-interval-bytes', '1024'] });
  t.after(() => redis.dispose());
  const node = await Server.start(redisConfig(redis, HISTORY));
  t.after(() => node.stop());
  await until(async () => await publish(node, 'news', 'kept') === null, 'Redis');
  await redis.cmd('DEBUG', 'POPULATE', '20000');
  await redis.cmd('SAVE');
  await redis.stop();
  await line(node, /cannot be used/);
  const loaded = redis.start();
  await line(node, /can be used again/);
  await loaded;
  const [history] = await node.api({ method: 'history', params: { channel: 'news' } });
  assert.deepStrictEqual(history.body.data.map((m) => m.data), ['kept']);
});

test('a user of Redis who may not do all is told what he may not', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.dispose());
  await redis.cmd('ACL', 'SETUSER', 'default', '-evalsha');
  const node = await Server.start(redisConfig(redis, HISTORY));
  t.after(() => node.stop());
  assert.strictEqual(await publish(node, 'news', 1), 'internal server error');
  await line(node, /refuses a command: NOPERM/);
});

test('a Redis that is paused makes publishers wait, and what was published comes in its order', () => withCluster(1, HISTORY, async ({ redis, nodes: [node] }) => {
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  await redis.cmd('CLIENT', 'PAUSE', '1500', 'ALL');
  const errors = await Promise.all([1, 2, 3].map((n) => publish(node, 'news', n)));
  assert.deepStrictEqual(errors, [null, null, null]);
  await until(() => ann.messages.length === 3, 'the messages');
}));

/* A way that goes silent without an end, as when a cable is drawn. */
test('a connection that is half open is given up, and another one is used', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.dispose());
  const way = await new Proxy(redis.port).start();
  t.after(() => way.stop());
  const node = await Server.start(redisConfig({ port: way.port }, Object.assign({ redis_read_timeout: 1 }, HISTORY)));
  t.after(() => node.stop());
  await until(async () => await health(node) === 200, 'Redis');
  const ann = await node.client('ann');
  await subscribe(ann, 'news');
  way.freeze();
  await line(node, /cannot be used: no answer in time/);
  await until(() => ann.closed, 'the close');
  assert.match(ann.closed.reason, /"reconnect":true/);
  await until(async () => await publish(node, 'news', 2) === null, 'a publish that succeeds');
  await delivers(node, 'news');
});

/* ---- where Redis is ---- */

test('addresses of every form lead to their Redis', async (t) => {
  const redis = await startRedis({ password: 'p@:%/ä', config: ['--bind', '127.0.0.1 ::1'] });
  t.after(() => redis.dispose());
  const password = encodeURIComponent('p@:%/ä');
  const urls = ['redis://:' + password + '@127.0.0.1:PORT', 'redis://somebody:' + password + '@localhost:PORT/3', ':' + password + '@[::1]:PORT/0'];
  for (const [i, url] of urls.entries()) {
    const node = await Server.start({ engine: 'redis', insecure: true, redis_host: 'not.used.invalid', redis_password: 'not used',
      redis_url: url.replace('PORT', redis.port), ...HISTORY });
    try {
      await until(async () => await health(node) === 200, url);
      await delivers(node, 'news-' + i);
    } finally {
      await node.stop();
    }
  }
  const databases = (await redis.cmd('INFO', 'keyspace')).toString().match(/db\d+:keys=\d+/g);
  assert.deepStrictEqual(databases, ['db0:keys=2', 'db3:keys=1']);
});

test('two shards that a Sentinel tells: each fails over by itself', async (t) => {
  const masters = [await startRedis(), await startRedis()];
  const replica = await startRedis({ replicaOf: masters[1].port });
  const sentinel = await new Sentinel(await freePort(), 'one', masters[0].port).start();
  await sentinel.cmd('SENTINEL', 'MONITOR', 'two', '127.0.0.1', String(masters[1].port), '1');
  t.after(() => Promise.all([sentinel, replica, ...masters].map((redis) => redis.dispose())));
  await until(async () => (await sentinel.cmd('SENTINEL', 'replicas', 'two')).length === 1, 'the replica');
  const node = await Server.start(Object.assign({ engine: 'redis', insecure: true, redis_master_name: 'one,two', redis_sentinels: '127.0.0.1:' + sentinel.port }, HISTORY));
  t.after(() => node.stop());
  await until(async () => await health(node) === 200, 'both');
  const channels = ['chat', 'news'];
  for (const channel of channels) await delivers(node, channel);
  await until(async () => String(await sentinel.cmd('SENTINEL', 'FAILOVER', 'two').catch(() => '')) === 'OK', 'the failover');
  await until(async () => String((await replica.cmd('ROLE').catch(() => []))[0]) === 'master', 'the new master');
  assert.strictEqual(await publish(node, 'chat', 'untouched'), null);
  await until(async () => await publish(node, 'news', 'again') === null, 'the other shard');
  for (const channel of channels) await delivers(node, channel);
});
