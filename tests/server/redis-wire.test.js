'use strict';
/*
 * What a node writes into Redis are the bytes that nodes of Centrifugo 1.8 were recorded to write, and what these wrote is read as they
 * read it (server-spec.md 7.1, 7.2, 7.6). In the recordings all that is by chance was replaced by other bytes of the same length: here
 * by the names NODE, CLIENT and MESSAGE.
 */
const test = require('node:test');
const assert = require('node:assert');
const { until, credentials } = require('./lib');
const { withCluster } = require('./redis');
const { RedisClient, pbFields } = require('../conformance/cluster/redis');

const NAMES = { NODE: 36, CLIENT: 36, MESSAGE: 22 };
const P = 'centrifugo.';

/* What is published, in its order: "topic hex", with the names in place of what is by chance. */
class Ear {
  static async start(redis) {
    const ear = new Ear();
    ear.heard = [];
    ear.chance = {};
    ear.client = new RedisClient(redis.port);
    await ear.client.connect();
    ear.client.onPush = ([kind, , topic, data]) => { if (kind.toString() === 'pmessage') ear.heard.push([topic.toString(), data]); };
    await ear.client.cmd('PSUBSCRIBE', '*');
    return ear;
  }

  named(data) {
    let hex = data.toString('hex');
    for (const [name, text] of Object.entries(this.chance)) hex = hex.replaceAll(Buffer.from(text).toString('hex'), '<' + name + '>');
    return hex;
  }

  /* The next one on a topic. */
  async take(topic, knowing) {
    const found = await until(() => this.heard.find(([of]) => of === P + topic), topic);
    this.heard.splice(this.heard.indexOf(found), 1);
    if (knowing) this.chance.MESSAGE = String(pbFields(found[1])[0][1]);
    return this.named(found[1]);
  }
}

/* From what was recorded: "<CLIENT>" is 36 bytes of hexadecimal digits there, and so on. */
const recorded = (text) => text.replace(/\s/g, '').replace(/([0-9a-f]{2})<(\w+)>/g, (all, size, name) => {
  assert.strictEqual(parseInt(size, 16), NAMES[name]);
  return all;
});

const INFO = '0a027531 1224<CLIENT> 1a0e7b226e616d65223a22416e6e227d 2200'; // u1, {"name":"Ann"}

const CONFIG = { presence: true, join_leave: true, history_size: 10, history_lifetime: 60, watch: true, admin: true, insecure_admin: true, node_ping_interval: 60,
  namespaces: [{ name: 'watch', watch: true }, { name: 'drop', history_size: 10, history_lifetime: 60, history_drop_inactive: true }, { name: 'plain', publish: true }] };

async function prepare(redis, node) {
  const ear = await Ear.start(redis);
  await node.admin();
  const ann = await node.client();
  ann.id = (await ann.command('connect', credentials('u1', '{"name":"Ann"}'))).body.client;
  const [reply] = await node.api({ method: 'node' });
  Object.assign(ear.chance, { NODE: reply.body.data.uid, CLIENT: ann.id });
  return { ear, ann };
}

test('what a node publishes, and what it keeps, byte for byte', () => withCluster(1, CONFIG, async ({ redis, nodes: [node] }) => {
  const { ear, ann } = await prepare(redis, node);
  const expect = async (topic, text, knowing) => assert.strictEqual(await ear.take(topic, knowing), recorded(text), topic);
  const value = async (...command) => ear.named(await redis.cmd(...command));

  await ann.command('subscribe', { channel: 'news' });
  await expect('join.news', '0a046e657773 123c' + INFO);
  assert.strictEqual(await value('HGET', P + 'presence.hash.' + P + 'message.news', ann.id), recorded(INFO));
  assert.deepStrictEqual((await redis.cmd('ZRANGE', P + 'presence.set.' + P + 'message.news', '0', '-1')).map(String), [ann.id]);

  await ann.command('subscribe', { channel: 'plain:a' });
  await ann.command('publish', { channel: 'plain:a', data: { n: 2 } });
  await expect('message.plain:a', '0a16<MESSAGE> 1a07706c61696e3a61 22077b226e223a327d 2a24<CLIENT> 323c' + INFO, true);

  await node.publish('news', 1);
  const stored = '0a16<MESSAGE> 1a046e657773 220131';
  await expect('message.news', stored, true);
  assert.strictEqual(await value('LINDEX', P + 'history.list.' + P + 'message.news', '0'), recorded(stored));

  await node.publish('watch:a', { w: '<&>' });
  await ear.take('message.watch:a', true);
  const shown = '{"uid":"' + ear.chance.MESSAGE + '","channel":"watch:a","data":{"w":"<&>"}}';
  const params = await until(() => ear.heard.find(([of, data]) => of === P + 'admin' && data.includes('watch:a')), 'what operators see');
  const [[method, name], [body, json]] = pbFields(params[1]);
  assert.deepStrictEqual([method, String(name), body, JSON.parse(json)], [2, 'message', 3, JSON.parse(shown)]);

  await ann.command('unsubscribe', { channel: 'news' });
  await expect('leave.news', '0a046e657773 123c' + INFO);

  await ann.command('subscribe', { channel: 'drop:a' });
  await ann.command('unsubscribe', { channel: 'drop:a' });
  await until(async () => await redis.cmd('GET', P + 'history.touch.' + P + 'message.drop:a') !== null, 'the touch');
  assert.strictEqual(String(await redis.cmd('GET', P + 'history.touch.' + P + 'message.drop:a')), '');

  ear.heard = ear.heard.filter(([topic]) => topic !== P + 'control');
  await node.api({ method: 'unsubscribe', params: { channel: 'one', user: 'u1' } });
  await expect('control', '0a24<NODE> 120b756e7375627363726962651a1d7b226368616e6e656c223a226f6e65222c2275736572223a227531227d');
  await node.api({ method: 'disconnect', params: { user: 'u1' } });
  await expect('control', '0a24<NODE> 120a646973636f6e6e6563741a0d7b2275736572223a227531227d');
  ear.client.close();
}));

/* Of another node, as it was recorded. */
test('what a node of 1.8 writes is understood', () => withCluster(1, CONFIG, async ({ redis, nodes: [node] }) => {
  const hex = (text, chance) => Buffer.from(recorded(text).replace(/<(\w+)>/g, (all, name) => Buffer.from(chance[name]).toString('hex')), 'hex');
  const chance = { NODE: '00000000-0000-4000-8000-000000000001', CLIENT: '00000000-0000-4000-8000-000000000002', MESSAGE: 'MID0000000000000000002' };
  const ann = await node.client('u1');
  await ann.command('subscribe', { channel: 'news' });
  await ann.take((m) => m.method === 'join', 'her own join');
  const info = { user: 'u1', client: chance.CLIENT, default_info: { name: 'Ann' } };

  await redis.cmd('PUBLISH', P + 'join.news', hex('0a046e657773 123c' + INFO, chance));
  assert.deepStrictEqual((await ann.take((m) => m.method === 'join', 'the join')).body.data, info);
  const message = hex('0a16<MESSAGE> 1a046e657773 22077b226e223a327d 2a24<CLIENT> 323c' + INFO, chance);
  await redis.cmd('LPUSH', P + 'history.list.' + P + 'message.news', message);
  await redis.cmd('PUBLISH', P + 'message.news', message);
  const { body } = await ann.take((m) => m.method === 'message', 'the message');
  assert.deepStrictEqual([body.uid, body.data, body.client, body.info], [chance.MESSAGE, { n: 2 }, chance.CLIENT, info]);
  const [history] = await node.api({ method: 'history', params: { channel: 'news' } });
  assert.deepStrictEqual(history.body.data, [body]);

  const later = Math.floor(Date.now() / 1000) + 60;
  await redis.cmd('ZADD', P + 'presence.set.' + P + 'message.news', String(later), chance.CLIENT);
  await redis.cmd('HSET', P + 'presence.hash.' + P + 'message.news', chance.CLIENT, hex(INFO, chance));
  const [presence] = await node.api({ method: 'presence', params: { channel: 'news' } });
  assert.deepStrictEqual(presence.body.data[chance.CLIENT], info);

  await redis.cmd('PUBLISH', P + 'control', hex('0a24<NODE> 120b756e7375627363726962651a1a7b226368616e6e656c223a22222c2275736572223a227531227d', chance));
  await ann.take((m) => m.method === 'unsubscribe', 'the unsubscribe');
  await redis.cmd('PUBLISH', P + 'control', hex('0a24<NODE> 120a646973636f6e6e6563741a0d7b2275736572223a227531227d', chance));
  await until(() => ann.closed, 'the close');
  assert.match(ann.closed.reason, /"reconnect":false/);
}));
