'use strict';
/* Runs centrifuge-cli, and centrifuged for it to talk to, from the folder CENTRIFUGE_BUILD. */
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');
const test = require('node:test');

const BUILD = process.env.CENTRIFUGE_BUILD || path.join(__dirname, '../../build/dev');
const CLI = path.join(BUILD, 'centrifuge-cli');
const SERVER = path.join(BUILD, 'centrifuged');

/* The environment without what would change what the command line does. */
function environment(more) {
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^CENTRIFUG|_proxy$/i.test(name)) env[name] = value;
  }
  return { ...env, XDG_CONFIG_HOME: '/nonexistent', ...more }; // nobody's contexts
}

function ended(child) {
  return new Promise((resolve) => child.on('close', (code, signal) => resolve(signal || code)));
}

/* To its end: { code, stdout, stderr }. */
async function cli(args, { input = '', env } = {}) {
  const child = spawn(CLI, args, { env: environment(env) });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { stdout += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text; });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await ended(child);
  return { code, stdout, stderr };
}

/* What a failed test has left running must not keep the others waiting. */
const alive = new Set();
test.afterEach(() => {
  for (const child of alive) child.kill('SIGKILL');
});

/* While it runs: line() is the next line of its output, event(name) the next event of that name. */
function running(args, { env, stdio } = {}) {
  const child = spawn(CLI, args, { env: environment(env), stdio });
  const lines = [];
  const waiting = [];
  let stderr = '';
  let closed = false;
  const code = ended(child);
  alive.add(child);
  code.then(() => alive.delete(child));
  if (child.stderr) child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text; });
  if (child.stdout) {
    const reader = readline.createInterface({ input: child.stdout });
    reader.on('line', (text) => (waiting.length ? waiting.shift()(text) : lines.push(text)));
    reader.on('close', () => {
      closed = true;
      while (waiting.length) waiting.shift()(null);
    });
  }
  const line = () => (lines.length || closed ? Promise.resolve(lines.shift() ?? null) : new Promise((resolve) => waiting.push(resolve)));
  const event = async (name) => {
    for (;;) {
      const text = await line();
      if (text === null) throw new Error(`it ended before the event '${name}': ${stderr}`);
      const value = JSON.parse(text);
      if (value.event === name) return value;
    }
  };
  return { child, code, line, event, stderr: () => stderr, stop: (signal = 'SIGTERM') => (child.kill(signal), code) };
}

/* In a terminal of its own, by util-linux: keys go in, what is shown comes out. `before` is for the shell, in front of it. */
function terminal(words, env, before = '') {
  const quoted = before + [CLI, ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', quoted, '/dev/null'], { env: environment({ TERM: 'xterm', ...env }) });
  const self = { child, shown: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => { self.shown += text; });
  self.code = new Promise((resolve) => child.on('close', resolve));
  self.until = async (expected) => {
    while (!expected.test(self.shown)) {
      if (child.exitCode !== null) throw new Error(`it ended before ${expected}: ${self.shown}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return self;
}

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}

const CONFIG = {
  secret: 'secret',
  address: '127.0.0.1',
  namespaces: [
    { name: 'chat', publish: true, anonymous: true, presence: true, join_leave: true, history_size: 10, history_lifetime: 600, recover: true },
    { name: 'quiet', anonymous: true },
  ],
};

/* { url, stop }; `config` goes over CONFIG. */
async function server(config, port) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-cli-'));
  const file = path.join(folder, 'config.json');
  fs.writeFileSync(file, JSON.stringify({ ...CONFIG, ...config }));
  const at = port || (await freePort());
  const child = spawn(SERVER, ['-c', file, '-p', String(at)], { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stdout.on('data', (text) => { log += text; });
  child.stderr.on('data', (text) => { log += text; });
  const code = ended(child);
  let gone = false;
  code.then(() => { gone = true; });
  while (!(await accepts(at))) {
    if (gone) throw new Error(`centrifuged ended: ${log}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const stop = async () => {
    child.kill('SIGTERM');
    await code;
    fs.rmSync(folder, { recursive: true });
  };
  return { url: `http://127.0.0.1:${at}`, port: at, stop, child };
}

module.exports = { environment, cli, running, terminal, server, freePort, CLI };
