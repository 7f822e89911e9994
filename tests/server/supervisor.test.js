'use strict';
/* What a supervisor such as systemd is told (sd_notify(3)). */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { spawn } = require('node:child_process');
const { Server, until, temporaryFolder } = require('./lib');

/* Node has no datagrams of Unix sockets. */
const LISTENER = `
import socket, sys
ours = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
ours.bind("\\0" + name[1:] if name[0] == "@" else name)
print("bound", flush=True)
while True:
    print(ours.recv(4096).decode(), flush=True)
`;

/* Runs a server with the variables; `told` has all that came. */
async function supervised(name, variables, work, config) {
  const told = [];
  const listener = spawn('python3', ['-c', LISTENER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  readline.createInterface({ input: listener.stdout }).on('line', (line) => told.push(line));
  const before = Object.assign({}, process.env);
  try {
    await until(() => told.shift() === 'bound', 'the socket of the supervisor');
    Object.assign(process.env, { NOTIFY_SOCKET: name }, variables);
    const server = await Server.start(Object.assign({}, config));
    process.env = before;
    await work(server, told);
    await server.stop();
    await until(() => told.includes('STOPPING=1'), 'the end');
  } finally {
    process.env = before;
    listener.kill();
  }
}

for (const kind of ['a path', 'an abstract name']) {
  test('a supervisor is told of the start, of a reload and of the end, at ' + kind, async () => {
    const folder = temporaryFolder();
    const name = kind === 'a path' ? path.join(folder, 'notify') : '@centrifuged-test-' + process.pid;
    await supervised(name, {}, async (server, told) => {
      await until(() => told.length === 1, 'the start');
      assert.deepStrictEqual(told, ['READY=1']);
      server.signal('SIGHUP');
      await until(() => told.length === 3, 'the reload');
      assert.deepStrictEqual(told, ['READY=1', 'RELOADING=1', 'READY=1']);
      assert.match(server.logged(), /Configuration successfully reloaded/);
    });
    fs.rmSync(folder, { recursive: true });
  });
}

test('signs of life come as often as they are wanted, and to whom they are wanted from', async () => {
  const folder = temporaryFolder();
  const signs = (told) => told.filter((line) => line === 'WATCHDOG=1').length;
  await supervised(path.join(folder, 'a'), { WATCHDOG_USEC: '100000' }, (server, told) => until(() => signs(told) >= 5, 'five signs of life'));
  await supervised(path.join(folder, 'b'), { WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' }, async (server, told) => {
    await until(() => told.length === 1, 'the start');
    server.signal('SIGHUP');
    await until(() => told.length === 3, 'the reload');
    assert.strictEqual(signs(told), 0);
  });
  fs.rmSync(folder, { recursive: true });
});

test('the supervisor waits as long as clients are told, and a little longer', async () => {
  const folder = temporaryFolder();
  const told = [];
  for (const seconds of [0, 60]) {
    await supervised(path.join(folder, 'n' + seconds), {}, (server, lines) => { told.push(lines); }, { shutdown_spread: seconds });
  }
  await until(() => told.every((lines) => lines.some((line) => line.startsWith('EXTEND'))), 'how long the end may take');
  assert.deepStrictEqual(told.map((lines) => lines[lines.length - 1]), ['EXTEND_TIMEOUT_USEC=15000000', 'EXTEND_TIMEOUT_USEC=75000000']);
  fs.rmSync(folder, { recursive: true });
});

test('a socket that is not there, or no address, is no reason not to serve', async () => {
  const before = Object.assign({}, process.env);
  for (const name of ['/nowhere/at/all', 'relative', '@', '/' + 'x'.repeat(200)]) {
    process.env.NOTIFY_SOCKET = name;
    const server = await Server.start({});
    process.env = Object.assign({}, before);
    await server.stop();
  }
});
