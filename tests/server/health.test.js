'use strict';
/* What /health says is true: of the engine, and of a server that ends. */
const { test } = require('node:test');
const assert = require('node:assert');
const { Server, until } = require('./lib');
const { withCluster } = require('./redis');

async function health(server, more) {
  const { status, text, headers } = await server.request(Object.assign({ method: 'GET', path: '/health' }, more));
  assert.strictEqual(headers['content-type'], 'application/json');
  return Object.assign({ code: status }, JSON.parse(text));
}

test('a server with nothing to do is well, on every port and below http_prefix', async () => {
  const server = await Server.start({ http_prefix: '/realtime', api_port: 0 });
  try {
    for (const port of server.ports) {
      const { code, status, engine, loop_lag_ms: lag } = await health(server, { port, path: '/realtime/health' });
      assert.deepStrictEqual([code, status, engine, typeof lag], [200, 'ok', 'ok', 'number']);
    }
  } finally {
    await server.stop();
  }
});

test('a server whose Redis is gone says so, until it is back', () => withCluster(1, { node_ping_interval: 1 }, async ({ redis, nodes }) => {
  await until(async () => (await health(nodes[0])).code === 200, 'Redis to answer'); // a node starts without waiting for it
  await redis.stop();
  await until(async () => (await health(nodes[0])).code === 503, 'the loss of the engine');
  const { status, engine } = await health(nodes[0]);
  assert.deepStrictEqual([status, engine], ['unavailable', 'unavailable']);
  await redis.start();
  await until(async () => (await health(nodes[0])).code === 200, 'the engine to be back');
}));

test('time that a server could not run is a lag of its loop', async () => {
  const server = await Server.start({ node_ping_interval: 600, ping_interval: 1 });
  try {
    await server.client('42'); // it is to be pinged meanwhile
    server.signal('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    server.signal('SIGCONT');
    await until(async () => (await health(server)).loop_lag_ms > 500, 'the lag');
  } finally {
    await server.stop();
  }
});
