'use strict';
/* broadcast, unsubscribe, disconnect and node: what a backend does from a shell. */
const test = require('node:test');
const assert = require('node:assert');
const { cli, running, server } = require('./lib');

let secure;
test.before(async () => { secure = await server({}); });
test.after(() => secure.stop());

const environment = () => ({ CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' });
const call = (...args) => cli(args, { env: environment() });
const good = { code: 0, stdout: '', stderr: '' };

async function subscriber(user, ...channels) {
  const sub = running(['sub', '--user', user, ...channels], { env: environment() });
  for (const _ of channels) await sub.event('subscribe');
  return sub;
}

test('broadcast reaches every channel, from an argument and from standard input', async () => {
  const channels = ['chat:one', 'chat:two', 'chat:three'];
  const sub = await subscriber('ann', ...channels);
  assert.deepStrictEqual(await call('broadcast', '{"n": 1}', ...channels), good);
  const got = [];
  for (const _ of channels) got.push(await sub.event('message'));
  assert.deepStrictEqual(got.map((event) => event.channel).sort(), [...channels].sort());
  assert.ok(got.every((event) => event.data.n === 1));
  assert.deepStrictEqual(await cli(['broadcast', '--text', '-', 'chat:one'], { input: 'two words\n', env: environment() }), good);
  assert.strictEqual((await sub.event('message')).data, 'two words');
  await sub.stop();
});

test('broadcast says what is wrong', async () => {
  for (const [args, code, stderr] of [
    [['{"n"', 'chat:one', 'chat:two'], 1, /DATA is not valid JSON: \{"n"/],
    [['1', 'nowhere:one', 'nowhere:two'], 3, /cannot publish to these channels: namespace not found/],
    [['1'], 2, /something is missing. Usage: centrifuge-cli broadcast DATA CHANNEL/],
  ]) {
    const answer = await call('broadcast', ...args);
    assert.strictEqual(answer.code, code);
    assert.match(answer.stderr, stderr);
  }
});

test('unsubscribe ends one subscription of a user, or all', async () => {
  const sub = await subscriber('bob', 'chat:one', 'chat:two');
  assert.deepStrictEqual(await call('unsubscribe', 'bob', 'chat:one'), good);
  assert.strictEqual((await sub.event('unsubscribe')).channel, 'chat:one');
  assert.deepStrictEqual(await call('unsubscribe', 'bob'), good);
  assert.strictEqual((await sub.event('unsubscribe')).channel, 'chat:two');
  await sub.stop();
});

test('disconnect ends the connections of a user, and of nobody else', async () => {
  const ann = await subscriber('ann', 'chat:one');
  const bob = await subscriber('bob', 'chat:one');
  assert.deepStrictEqual(await call('disconnect', 'bob'), good);
  assert.strictEqual(await bob.code, 3);
  assert.deepStrictEqual(await call('broadcast', '1', 'chat:one'), good);
  assert.strictEqual((await ann.event('message')).data, 1);
  await ann.stop();
});

test('node prints the node that was asked', async () => {
  const { code, stdout } = await call('node');
  assert.strictEqual(code, 0);
  assert.ok(JSON.parse(stdout).uid);
});

test('without the secret the server refuses, and nothing is done', async () => {
  for (const args of [['broadcast', '1', 'chat:one'], ['unsubscribe', 'ann'], ['disconnect', 'ann'], ['node']]) {
    const { code, stderr } = await cli(args, { env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'wrong' } });
    assert.strictEqual(code, 3, stderr);
    assert.match(stderr, /check --secret/);
  }
});
