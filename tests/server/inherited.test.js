'use strict';
/* Listening sockets that who starts the server hands over, as systemd does (sd_listen_fds(3)). */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');
const { spawn } = require('node:child_process');
const { PROGRAM, until, temporaryFolder } = require('./lib');

/* Holds a socket of its own; starts a server with it for each line, and ends that one for the next. */
const HOLDER = `
import os, signal, socket, sys
ours = socket.socket()
ours.bind(("127.0.0.1", 0))
ours.listen(128)
port = str(ours.getsockname()[1])
print(port, flush=True)
for number, line in enumerate(sys.stdin):
    server = os.fork()
    if server == 0:
        os.dup2(ours.fileno(), 3)
        os.set_inheritable(3, True)
        os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()) if line.strip() == "ours" else "1")
        log = os.open(sys.argv[3] + str(number), os.O_CREAT | os.O_WRONLY)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.execv(sys.argv[1], [sys.argv[1], "-c", sys.argv[2], "-p", port] + sys.argv[4:])
    sys.stdin.readline()
    os.kill(server, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(server, 0)[1]), flush=True)
`;

async function withHolder(config, work, more = []) {
  const folder = temporaryFolder();
  const file = path.join(folder, 'config.json');
  fs.writeFileSync(file, JSON.stringify(Object.assign({ secret: 'secret' }, config)));
  const holder = spawn('python3', ['-c', HOLDER, PROGRAM, file, path.join(folder, 'log'), ...more], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = [];
  readline.createInterface({ input: holder.stdout }).on('line', (line) => lines.push(line));
  const next = async () => {
    await until(() => lines.length > 0, 'the holder of the socket');
    return Number(lines.shift());
  };
  let count = 0;
  const logged = () => { try { return fs.readFileSync(path.join(folder, 'log' + (count - 1)), 'utf8'); } catch { return ''; } };
  const start = async (whose = 'ours') => {
    count++;
    holder.stdin.write(whose + '\n');
    await until(() => /endpoints on|ListenAndServe/.test(logged()), 'the server');
    return logged();
  };
  const stop = async () => {
    holder.stdin.write('\n');
    return next();
  };
  try {
    await work({ port: await next(), start, stop, logged });
  } finally {
    holder.stdin.end();
    holder.kill();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function health(port) {
  return new Promise((resolve, reject) => {
    http.get({ host: '127.0.0.1', port, path: '/health', agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}

test('a restart refuses nobody: who comes meanwhile is served by the next server', () => withHolder({}, async ({ port, start, stop }) => {
  assert.match(await start(), new RegExp(`raw websocket, SockJS, API.* endpoints on 127\\.0\\.0\\.1:${port}\n`));
  assert.strictEqual(await health(port), 200);
  assert.strictEqual(await stop(), 0);
  const meanwhile = Promise.all(Array.from({ length: 20 }, () => health(port)));
  await start();
  assert.deepStrictEqual(await meanwhile, Array(20).fill(200));
  assert.strictEqual(await stop(), 0);
}));

test('a socket of another port is closed, with a warning', () => withHolder({ address: '127.0.0.1' }, async ({ port, start, stop, logged }) => {
  await start();
  await until(() => /sockets that were handed over and are on no port of the configuration: 1, they are closed/.test(logged()), 'the warning');
  assert.doesNotMatch(logged(), new RegExp(`endpoints on 127\\.0\\.0\\.1:${port}`));
  assert.strictEqual(await stop(), 0);
}, ['-p', '0']));

test('what was handed over to another process is left alone', () => withHolder({ address: '127.0.0.1' }, async ({ start, stop }) => {
  assert.match(await start('of another'), /listen tcp 127\.0\.0\.1:\d+: bind: address already in use/);
  assert.notStrictEqual(await stop(), 0);
}));
