'use strict';
/* TLS between a node and a real Redis: both show a certificate, and what is wrong with them is named. */
const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { Server, until, runProgram, temporaryFolder, makeCertificate } = require('./lib');
const { startRedis, redisConfig, freePort } = require('./redis');

const HISTORY = { history_size: 10, history_lifetime: 60, recover: true };

/*
 * A Redis that wants a certificate, and what a node needs to use it. `body` gets { redis, config, files }; the test itself comes
 * without TLS, on another port.
 */
async function withTls(body) {
  const folder = temporaryFolder();
  const files = { redis: makeCertificate(folder, 'redis'), node: makeCertificate(folder, 'node'), other: makeCertificate(folder, 'other') };
  const port = await freePort();
  const redis = await startRedis({ config: ['--tls-port', String(port), '--tls-cert-file', files.redis.ssl_cert,
    '--tls-key-file', files.redis.ssl_key, '--tls-ca-cert-file', files.node.ssl_cert] });
  const config = redisConfig({ port }, { redis_tls: true, redis_tls_ca: files.redis.ssl_cert,
    redis_tls_cert: files.node.ssl_cert, redis_tls_key: files.node.ssl_key });
  try {
    await body({ redis, config, files, folder });
  } finally {
    await redis.dispose();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function withNode(config, body) {
  const node = await Server.start(config);
  try {
    await body(node);
  } finally {
    await node.stop();
  }
}

const publish = (node, data) => node.publish('news', data).then(([reply]) => reply.error);

test('a node speaks with Redis by TLS, and again after the connection is lost', () => withTls(({ redis, config }) => withNode(Object.assign({}, config, HISTORY), async (node) => {
  const ann = await node.client('ann');
  await ann.command('subscribe', { channel: 'news' });
  const large = 'x'.repeat(300000); // many records
  assert.strictEqual(await publish(node, large), null);
  assert.strictEqual((await ann.push('message')).body.data, large);
  const [history] = await node.api({ method: 'history', params: { channel: 'news' } });
  assert.strictEqual(history.body.data[0].data, large);
  const listed = String(await redis.cmd('CLIENT', 'LIST', 'TYPE', 'pubsub'));
  assert.match(listed, /laddr=127\.0\.0\.1:/);
  assert.ok(!listed.includes('laddr=127.0.0.1:' + redis.port), 'not by the port without TLS');
  await redis.cmd('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until(() => ann.closed, 'the close');
  const bob = await node.client('bob');
  await until(async () => (await bob.command('subscribe', { channel: 'news' }).catch(() => null)) !== null, 'a subscription');
  await until(async () => await publish(node, 1) === null, 'a publish that succeeds');
  assert.strictEqual((await bob.push('message')).body.data, 1);
})));

/* The node says so and goes on trying; nothing was said to Redis. */
async function refused(config, expected) {
  await withNode(config, async (node) => {
    await until(() => /cannot be used: /.test(node.logged()), 'a line of the log');
    assert.match(node.logged(), expected);
    assert.strictEqual((await node.request({ method: 'GET', path: '/health' })).status, 503);
  });
}

test('a certificate that nobody vouches for is not taken', () => withTls(({ config, files }) =>
  refused(Object.assign({}, config, { redis_tls_ca: files.other.ssl_cert, redis_password: 'hidden-one' }), /cannot be used: TLS: self-signed certificate/)));

test('nor is one of another name', () => withTls(async ({ config }) => {
  await refused(Object.assign({}, config, { redis_tls_name: 'elsewhere.example' }), /cannot be used: TLS: hostname mismatch/);
  await withNode(Object.assign({}, config, { redis_tls_name: 'localhost' }), async (node) => {
    await until(async () => await publish(node, 1) === null, 'a publish that succeeds');
  });
}));

test('a Redis that asks for a certificate says that none came', () => withTls(({ config }) =>
  refused(Object.assign({}, config, { redis_tls_cert: '', redis_tls_key: '' }), /cannot be used: TLS: .*certificate required/)));

test('a Redis without TLS is told from one with', () => withTls(({ redis, config }) =>
  refused(Object.assign({}, config, { redis_port: String(redis.port) }), /cannot be used: (TLS: .*|it closed the connection|no connection in time)/)));

test('files that cannot be used end the start, and checkconfig names them', () => withTls(async ({ config, files, folder }) => {
  const file = path.join(folder, 'config.json');
  const cases = [
    [{ redis_tls_ca: path.join(folder, 'none.crt') }, /option 'redis_tls_ca': .*none\.crt gives no certificate in PEM form \(No such file or directory\)/],
    [{ redis_tls_cert: files.node.ssl_key }, /option 'redis_tls_cert': .*node\.key gives no certificate in PEM form/],
    [{ redis_tls_key: files.other.ssl_key }, /option 'redis_tls_key': .*other\.key is not the key of the certificate of 'redis_tls_cert', which is the first in .*node\.crt/],
    [{ redis_tls_ca: folder }, /option 'redis_tls_ca': .* is a folder/],
    [{ redis_tls_key: '' }, /option 'redis_tls_key'.*/],
    [{ redis_tls: false, redis_url: 'rediss://:secretword@127.0.0.1:1' }, /'redis_url' is not good for shard 1: rediss:\/\/ asks for TLS: set 'redis_tls'/],
  ];
  for (const [wrong, expected] of cases) {
    fs.writeFileSync(file, JSON.stringify(Object.assign({ secret: 's', port: 0, address: '127.0.0.1' }, config, wrong)));
    for (const args of [['checkconfig', '-c', file], ['-c', file]]) {
      const { code, out, err } = await runProgram(args);
      assert.match(out + err, expected);
      assert.notStrictEqual(code, 0);
      assert.ok(!(out + err).includes('secretword'));
    }
  }
}));
