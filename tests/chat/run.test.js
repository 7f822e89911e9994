'use strict';
/* scripts/run with programs that are built already: what it starts, prints, restarts and stops. */
const { test } = require('node:test');
const assert = require('node:assert');
const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { BUILD, LIBRARY, TOP } = require('./lib');

const PATIENCE = 120000; // ms: only ever reached when something is broken
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition, what) {
  const limit = Date.now() + PATIENCE;
  for (;;) {
    const value = condition();
    if (value) return value;
    if (Date.now() > limit) throw new Error('waited in vain for ' + what);
    await sleep(20);
  }
}

function listen() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => resolve(server));
  });
}

async function freePorts() {
  const servers = [await listen(), await listen()];
  const ports = servers.map((server) => String(server.address().port));
  for (const server of servers) server.close();
  return ports;
}

/* A run that has printed its lines; `stdin` as for spawn. */
async function start(stdin, extra) {
  const [port, chatPort] = await freePorts();
  const env = { ...process.env, CENTRIFUGE_BUILD: BUILD, CHAT_LIBRARY: LIBRARY, PORT: port, CHAT_PORT: chatPort, ...extra };
  const child = spawn(path.join(TOP, 'scripts/run'), [], { env, stdio: [stdin, 'pipe', 'pipe'] });
  const run = { child, port, chatPort, output: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { run.output += data; });
  child.on('close', (code, signal) => { run.ended = { code, signal }; });
  await until(() => run.ended || run.output.includes('--api chat:room'), 'the lines to try');
  assert.strictEqual(run.ended, undefined, run.output);
  return run;
}

async function ended(run) {
  await until(() => run.ended, 'the end');
  return run.ended;
}

async function stop(run) {
  run.child.kill('SIGTERM');
  assert.deepStrictEqual(await ended(run), { code: 0, signal: null }, run.output);
  for (const port of [run.port, run.chatPort]) assert.strictEqual(await isOpen(port), false);
}

function isOpen(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
    socket.on('error', () => resolve(false));
  });
}

/* The children of a process whose command line contains a text. */
function children(run, text) {
  const pids = fs.readFileSync('/proc/' + run.child.pid + '/task/' + run.child.pid + '/children', 'utf8').split(' ').filter(Boolean);
  return pids.filter((pid) => fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').includes(text)).map(Number);
}

const serving = (run) => run.output.split('Start serving').length - 1;

function shell(command) {
  return new Promise((resolve) => {
    execFile('bash', ['-c', command], { cwd: TOP }, (error, out, err) => resolve({ code: error ? error.code : 0, out, err }));
  });
}

/* The lines that it prints, as they stand there. */
const lines = (run) => run.output.match(/^ {4}.*centrifuge-cli .*$/gm).map((line) => line.trim());

async function tryLines(run) {
  const [sub, pub, api] = lines(run);
  const reader = spawn('bash', ['-c', 'exec ' + sub + ' --count 2 --timeout 120'], { cwd: TOP, stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  let code;
  reader.stdout.on('data', (data) => { out += data; });
  reader.on('close', (status) => { code = status; });
  await until(() => out.includes('"event":"subscribe"') || code !== undefined, 'the subscription');
  for (const line of [pub, api]) assert.deepStrictEqual(await shell(line), { code: 0, out: '', err: '' });
  await until(() => code !== undefined, 'two messages');
  assert.strictEqual(code, 0);
  assert.match(out, /"data":\{"text": "hello"\}/);
  assert.match(out, /"data":\{"text": "hello from a backend"\}/);
}

test('what it prints works, and a signal ends both programs', async () => {
  const run = await start('ignore');
  assert.ok(run.output.includes('\n    http://127.0.0.1:' + run.chatPort + '/\n'));
  await tryLines(run);
  await stop(run);
});

test('programs in a folder with a blank in its name', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'a folder '));
  fs.symlinkSync(path.resolve(BUILD), path.join(folder, 'build'));
  const run = await start('ignore', { CENTRIFUGE_BUILD: path.join(folder, 'build') });
  await tryLines(run);
  await stop(run);
  fs.rmSync(folder, { recursive: true });
});

test('with INSECURE=1 nobody needs a secret', async () => {
  const run = await start('ignore', { INSECURE: '1' });
  assert.ok(lines(run).every((line) => !line.includes('--secret')));
  await tryLines(run);
  await stop(run);
});

test('Enter restarts the server, and so does the signal that is named; the end of input does nothing', async () => {
  const run = await start('pipe');
  const [first] = children(run, 'centrifuged\0');
  const [chat] = children(run, 'examples/chat\0');
  run.child.stdin.write('\n');
  await until(() => serving(run) === 2, 'the second start');
  const [second] = children(run, 'centrifuged\0');
  assert.notStrictEqual(second, first);
  run.child.stdin.end();
  await sleep(1200);
  assert.deepStrictEqual([serving(run), run.ended], [2, undefined]);
  assert.match(run.output, new RegExp('kill -USR1 ' + run.child.pid));
  run.child.kill('SIGUSR1');
  await until(() => serving(run) === 3, 'the third start');
  assert.deepStrictEqual(children(run, 'examples/chat\0'), [chat]);
  await stop(run);
});

for (const [name, text] of [['centrifuged', 'centrifuged\0'], ['the chat', 'examples/chat\0']]) {
  test('when ' + name + ' dies it says so and stops the other', async () => {
    const run = await start('ignore');
    process.kill(children(run, text)[0], 'SIGKILL');
    assert.strictEqual((await ended(run)).code, 137);
    assert.ok(run.output.includes('run: ' + name + ' ended with 137'), run.output);
    for (const port of [run.port, run.chatPort]) assert.strictEqual(await isOpen(port), false);
  });
}

test('a taken port of the chat, or a wrong one, is said before anything starts', async () => {
  const holder = await listen();
  const taken = holder.address().port;
  const [port] = await freePorts();
  const run = (chatPort) => shell('PORT=' + port + ' CHAT_PORT=' + chatPort + ' scripts/run');
  const answer = await run(taken);
  assert.deepStrictEqual([answer.code, answer.out], [1, '']);
  assert.match(answer.err, new RegExp('port ' + taken + ' is already in use.*make run CHAT_PORT=' + (taken + 1)));
  holder.close();
  assert.match((await run('x')).err, /CHAT_PORT is 'x'/);
  assert.match((await run(port)).err, /both/);
});
