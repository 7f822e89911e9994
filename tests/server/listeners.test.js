'use strict';
/* Where centrifuged listens: several addresses, a port for each kind of endpoint, a Unix socket. */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { Server, runProgram } = require('./lib');

const hasIpv6 = Object.values(os.networkInterfaces()).flat().some((each) => each.address === '::1');

/* A port of 127.0.0.1 that nobody has, and ::1 most likely neither. */
async function freePort() {
  const socket = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => socket.once('listening', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

/* With two ports that nobody had a moment ago: who takes one meanwhile is another test. */
async function startWithPorts(config) {
  for (let tries = 1; ; tries++) {
    try {
      return await Server.start(config(await freePort(), await freePort()));
    } catch (error) {
      if (tries === 10 || !/address already in use/.test(error.message)) throw error;
    }
  }
}

const statusOf = async (server, options) => (await server.request(options, '{}')).status;

test('each address has each port', { skip: !hasIpv6 }, async () => {
  const server = await startWithPorts((port) => ({ address: ['127.0.0.1', '::1'], port }));
  const { port } = server;
  try {
    assert.match(server.output, new RegExp('endpoints on 127\\.0\\.0\\.1:' + port + '\\n'));
    assert.match(server.output, new RegExp('endpoints on \\[::1\\]:' + port + '\\n'));
    for (const host of ['127.0.0.1', '::1']) assert.strictEqual(await statusOf(server, { host, port }), 400, host);
  } finally {
    await server.stop();
  }
});

test('all of IPv6 beside an IPv4 address takes nothing of IPv4', { skip: !hasIpv6 }, async () => {
  const server = await startWithPorts((port) => ({ address: '127.0.0.1,::', port }));
  const { port } = server;
  try {
    for (const host of ['127.0.0.1', '::1']) assert.strictEqual(await statusOf(server, { host, port }), 400, host);
  } finally {
    await server.stop();
  }
});

test('clients, API and what is for operators have a port each', async () => {
  const server = await startWithPorts((api, admin) => ({ api_port: api, admin_port: admin }));
  const [, api, admin] = server.ports;
  try {
    assert.match(server.output, /Start serving raw websocket, SockJS endpoints on /);
    assert.match(server.output, new RegExp('Start serving API endpoints on 127\\.0\\.0\\.1:' + api));
    assert.match(server.output, new RegExp('Start serving health, metrics endpoints on 127\\.0\\.0\\.1:' + admin));
    const found = async (port) => Promise.all(['/connection/', '/api/'].map(async (where) => (await statusOf(server, { port, method: where === '/api/' ? 'POST' : 'GET', path: where })) !== 404));
    assert.deepStrictEqual(await found(server.ports[0]), [true, false]);
    assert.deepStrictEqual(await found(api), [false, true]);
    assert.deepStrictEqual(await found(admin), [false, false]);
  } finally {
    await server.stop();
  }
});

test('the API has a Unix socket, for owner and group, which goes with the server', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuged-socket-'));
  const socketPath = path.join(folder, 'api.sock');
  const left = net.createServer().listen(socketPath);
  await new Promise((resolve) => left.once('listening', resolve));
  try {
    const taken = await runProgram(['--insecure', '--insecure_api', '-a', '127.0.0.1', '-p', '0', '--api_socket', socketPath], { cwd: folder });
    assert.strictEqual(taken.code, 1);
    assert.match(taken.out, /listen unix .*api\.sock: bind: address already in use; another program listens there/);
    await new Promise((resolve) => left.close(resolve));
    const server = await Server.start({ api_socket: socketPath, insecure_api: true });
    try {
      assert.strictEqual(fs.statSync(socketPath).mode & 0o777, 0o660);
      const answer = await server.request({ socketPath, headers: { 'Content-Type': 'application/json' } }, '{"method": "channels", "params": {}}');
      assert.deepStrictEqual(JSON.parse(answer.text), [{ method: 'channels', error: null, body: { data: [] } }]);
      assert.strictEqual(await statusOf(server, { socketPath, method: 'GET', path: '/connection/' }), 404);
      server.signal('SIGKILL');
      await server.done;
      assert.ok(fs.existsSync(socketPath));
    } finally {
      await server.stop().catch(() => {});
    }
    const next = await Server.start({ api_socket: socketPath, insecure_api: true });
    await next.stop();
    assert.ok(!fs.existsSync(socketPath));
    fs.writeFileSync(socketPath, 'a file');
    const file = await runProgram(['--insecure', '--insecure_api', '-a', '127.0.0.1', '-p', '0', '--api_socket', socketPath], { cwd: folder });
    assert.strictEqual(file.code, 1);
    assert.match(file.out, /listen unix .*api\.sock: bind: address already in use; it is there and no socket: remove it, or name another one\n/);
    const long = await runProgram(['--insecure', '-a', '127.0.0.1', '-p', '0', '--api_socket', socketPath + 'x'.repeat(107)], { cwd: folder });
    assert.match(long.out, /bind: name too long; a path has at most 107 bytes\n/);
    assert.strictEqual(fs.readFileSync(socketPath, 'utf8'), 'a file');
  } finally {
    if (left.listening) left.close();
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
