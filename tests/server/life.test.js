'use strict';
/* The start and the end of centrifuged where things are not as usual: streams, signals, pid files, logs that nobody takes. */
const { test } = require('node:test');
const assert = require('node:assert');
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { PROGRAM, SECRET, soon, until, temporaryFolder, PATIENCE } = require('./lib');

async function freePort() {
  const probe = net.createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

class Place {
  static async make() {
    const self = new Place();
    self.folder = temporaryFolder();
    self.port = await freePort();
    self.children = [];
    return self;
  }

  file(name) { return path.join(this.folder, name); }

  exists(name) { return fs.existsSync(this.file(name)); }

  read(name) { return this.exists(name) ? fs.readFileSync(this.file(name), 'utf8') : ''; }

  fifo(name) {
    execFileSync('mkfifo', [this.file(name)]);
    return this.file(name);
  }

  config(over) { return JSON.stringify(Object.assign({ secret: SECRET, address: '127.0.0.1', port: this.port }, over)); }

  write(name, over) {
    fs.writeFileSync(this.file(name), this.config(over));
    return this.file(name);
  }

  /* `redirections` as the shell has them. */
  run(name, redirections, stdio, before) {
    const child = spawn('sh', ['-c', (before || '') + 'exec "$0" "$@" ' + (redirections || ''), PROGRAM, '-c', this.file(name)], { cwd: this.folder, stdio: stdio || 'pipe' });
    child.output = '';
    if (child.stdout) child.stdout.on('data', (d) => { child.output += d; });
    child.done = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
    this.children.push(child);
    return child;
  }

  /* The status of a request, or 0. */
  ask(url) {
    return new Promise((resolve) => {
      const request = http.get({ host: '127.0.0.1', port: this.port, path: url || '/', agent: false, timeout: PATIENCE }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', () => resolve(0));
      request.on('timeout', () => request.destroy());
    });
  }

  serves() { return until(async () => await this.ask() === 404, 'the server to serve'); }

  async end(child) {
    child.kill('SIGTERM');
    return soon(child.done, 'the server to end');
  }

  clear() {
    for (const child of this.children) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

const WELL = { code: 0, signal: null };

/* A test in a folder of its own. */
function life(name, work) {
  test(name, async () => {
    const place = await Place.make();
    try {
      await work(place);
    } finally {
      place.clear();
    }
  });
}

/* ---- standard streams ---- */

life('standard streams that are closed harm nobody', async (place) => {
  place.write('c.json', { log_file: place.file('log'), pid_file: place.file('pid') });
  const child = place.run('c.json', '<&- >&- 2>&-');
  await place.serves();
  assert.strictEqual(place.read('pid'), child.pid + '\n');
  assert.deepStrictEqual(await place.end(child), WELL);
  assert.ok(!place.exists('pid'));
  assert.match(place.read('log'), /Shutting down/);
});

life('a standard output that nobody reads stops neither the server nor its end', async (place) => {
  place.write('c.json', { log_level: 'debug' });
  const pipe = fs.openSync(place.fifo('out'), 'r+'); // a pipe whose writers are kept waiting
  const child = place.run('c.json', '', ['ignore', pipe, 'inherit']);
  const reader = fs.openSync(place.file('out'), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  await place.serves();
  for (let i = 0; i < 400; i++) assert.strictEqual(await place.ask('/' + 'x'.repeat(1900)), 404); // a line each
  let text = '';
  await until(async () => { // now somebody reads
    const part = Buffer.alloc(65536);
    try {
      text += part.toString('latin1', 0, fs.readSync(reader, part, 0, part.length));
    } catch (problem) {
      assert.strictEqual(problem.code, 'EAGAIN');
      await place.ask();
    }
    return /\[W\]: .* \d+ lines could not be written and are lost\n/.test(text);
  }, 'the lost lines to be counted');
  assert.doesNotMatch(text, /^(?!\[)./m); // every line is whole
  for (let i = 0; i < 400; i++) await place.ask('/' + 'x'.repeat(1900));
  assert.deepStrictEqual(await place.end(child), WELL);
  fs.closeSync(pipe);
  fs.closeSync(reader);
});

life('a terminal that nobody reads stops neither the server nor its end', async (place) => {
  place.write('c.json', { log_level: 'debug', pid_file: place.file('pid') });
  const terminal = spawn('script', ['-qec', `${PROGRAM} -c ${place.file('c.json')}`, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const done = new Promise((resolve) => terminal.on('exit', (code, signal) => resolve({ code, signal })));
  place.children.push(terminal);
  let output = '';
  terminal.stdout.on('data', (d) => { output += d; });
  await place.serves();
  terminal.kill('SIGSTOP');
  for (let i = 0; i < 100; i++) assert.strictEqual(await place.ask('/' + 'x'.repeat(200 + 17 * i)), 404); // ends in the middle of a line
  process.kill(Number(place.read('pid')), 'SIGTERM');
  await until(() => !place.exists('pid'), 'the server to end');
  terminal.kill('SIGCONT');
  assert.deepStrictEqual(await soon(done, 'the terminal to end'), WELL);
  assert.match(output, /GET \/x+ from 127\.0\.0\.1 completed/);
});

life('a standard output that is closed meanwhile', async (place) => {
  place.write('c.json', { log_level: 'debug' });
  const child = place.run('c.json');
  await place.serves();
  child.stdout.destroy();
  for (let i = 0; i < 10; i++) assert.strictEqual(await place.ask(), 404);
  assert.deepStrictEqual(await place.end(child), WELL);
});

/* ---- the log file ---- */

life('a log file on a full disk is told once on standard output', async (place) => {
  place.write('c.json', { log_file: '/dev/full', log_level: 'debug' });
  const child = place.run('c.json');
  await place.serves();
  for (let i = 0; i < 10; i++) await place.ask();
  await until(() => child.output.includes('the log file cannot be written: No space left on device'), 'the complaint');
  assert.strictEqual(child.output.match(/cannot be written/g).length, 1);
  assert.deepStrictEqual(await place.end(child), WELL);
});

life('a log file that is a pipe without a reader does not stop the start', async (place) => {
  place.write('c.json', { log_file: place.fifo('log') });
  const child = place.run('c.json');
  await place.serves();
  assert.match(child.output, /\[E\]: .*log file .* cannot be opened/);
  assert.deepStrictEqual(await place.end(child), WELL);
});

life('connections for which there are no descriptors leave a line, and the others are served', async (place) => {
  place.write('c.json');
  const child = place.run('c.json', '', 'pipe', 'ulimit -n 40; ');
  await place.serves();
  const sockets = Array.from({ length: 60 }, () => net.connect(place.port, '127.0.0.1').on('error', () => {}));
  await until(() => /\[E\]: .* a connection could not be accepted: too many open files/.test(child.output), 'the line');
  sockets.forEach((socket) => socket.destroy());
  await place.serves();
  assert.deepStrictEqual(await place.end(child), WELL);
});

life('workers for which there are no descriptors end the start, and the line says so', async (place) => {
  place.write('c.json', { workers: 4 });
  const child = place.run('c.json', '', 'pipe', 'ulimit -n 16; ');
  assert.deepStrictEqual(await child.done, { code: 1, signal: null });
  assert.match(child.output, /\[F\]: .* the workers cannot be made: too many open files\n$/);
});

/* ---- JSON ---- */

const objects = (text) => text.trim().split('\n').map((line) => JSON.parse(line));

life('with log_format json every line is an object, and a file that was moved away is followed by a new one', async (place) => {
  place.write('c.json', { log_format: 'json', log_level: 'debug', log_file: place.file('log') });
  const child = place.run('c.json');
  await place.serves();
  await place.ask('/%22%5C%0A%1b%5b31m%c3%b6%ff');
  await until(() => place.read('log').includes('31m'), 'the request');
  fs.renameSync(place.file('log'), place.file('log.1'));
  child.kill('SIGHUP');
  await until(() => place.read('log').includes('successfully reloaded'), 'the new file');
  assert.deepStrictEqual(await place.end(child), WELL);
  const lines = objects(place.read('log.1')).concat(objects(place.read('log')));
  for (const line of lines) {
    assert.deepStrictEqual(Object.keys(line), ['time', 'level', 'message']);
    assert.strictEqual(new Date(line.time).toISOString(), line.time);
  }
  assert.ok(lines.some((line) => line.level === 'debug' && line.message.startsWith('GET /"\\??[31m\u00f6? from 127.0.0.1')));
  assert.deepStrictEqual(lines.filter((line) => /^(Start serving|Reloading|Shutting)/.test(line.message)).map((line) => line.level), ['info', 'info', 'info']);
  assert.strictEqual(child.output, '');
});

life('what is lost and what is fatal are objects, too', async (place) => {
  place.write('c.json', { log_format: 'json', log_file: '/dev/full' });
  const child = place.run('c.json');
  await place.serves();
  const other = place.run('c.json');
  assert.deepStrictEqual(await soon(other.done, 'the second one to end'), { code: 1, signal: null });
  await until(() => other.output.includes('ListenAndServe'), 'the reason');
  assert.ok(objects(other.output).some((line) => line.level === 'fatal'));
  assert.deepStrictEqual(await place.end(child), WELL);
  assert.deepStrictEqual(objects(child.output).map((line) => [line.level, line.message]),
    [['error', 'the log file cannot be written: No space left on device']]);
});

life('another log_format is refused', async (place) => {
  place.write('c.json', { log_format: 'xml' });
  const child = place.run('c.json');
  assert.deepStrictEqual(await soon(child.done, 'the end'), { code: 1, signal: null });
  assert.match(child.output, /option 'log_format' is 'xml': there are 'text' and 'json'/);
});

/* ---- signals ---- */

/* The configuration is a pipe: the server is in the middle of its start until it was written. */
async function startSlowly(place, over, meanwhile) {
  const file = place.fifo('c.json');
  const child = place.run('c.json');
  const writer = await soon(fs.promises.open(file, 'w'), 'the server to open its configuration');
  await meanwhile(child);
  await writer.writeFile(place.config(over)).catch(() => {});
  await writer.close();
  return child;
}

life('SIGHUP during the start is a reload after it', async (place) => {
  const child = await startSlowly(place, {}, (starting) => starting.kill('SIGHUP'));
  await until(() => child.output.includes('Reloading configuration'), 'the reload to begin'); // the first reading is over
  await soon(fs.promises.writeFile(place.file('c.json'), place.config()), 'the reload to read');
  await until(() => child.output.includes('Configuration successfully reloaded'), 'the reload');
  await place.serves();
  assert.deepStrictEqual(await place.end(child), WELL);
});

life('SIGTERM during the start ends it, and leaves nothing behind', async (place) => {
  const child = await startSlowly(place, { pid_file: place.file('pid') }, (starting) => starting.kill('SIGTERM'));
  const ended = await soon(child.done, 'the server to end');
  assert.ok(ended.signal === 'SIGTERM' || ended.code === 0, JSON.stringify(ended));
  assert.ok(!place.exists('pid'));
});

/* ---- pid files ---- */

life('a second start leaves the pid file of the first alone', async (place) => {
  place.write('c.json', { pid_file: place.file('pid') });
  place.write('other.json', { pid_file: place.file('other') });
  const first = place.run('c.json');
  await place.serves();
  const same = place.run('c.json');
  assert.deepStrictEqual(await soon(same.done, 'the second one to end'), { code: 1, signal: null });
  await until(() => same.output.includes('pid belongs to process ' + first.pid + ', which is running'), 'the reason');
  const bound = place.run('other.json');
  assert.deepStrictEqual(await soon(bound.done, 'the third one to end'), { code: 1, signal: null });
  assert.ok(!place.exists('other'));
  assert.strictEqual(place.read('pid'), first.pid + '\n');
  assert.deepStrictEqual(await place.end(first), WELL);
  assert.ok(!place.exists('pid'));
});

life('of two starts at the same time one runs, and has the pid file', async (place) => {
  place.write('c.json', { pid_file: place.file('pid'), port: 0 });
  const children = [place.run('c.json'), place.run('c.json'), place.run('c.json')];
  const lost = [];
  for (const child of children) child.done.then(() => lost.push(child));
  await until(() => lost.length === 2, 'two of them to end');
  const [winner] = children.filter((child) => !lost.includes(child));
  for (const child of lost) assert.strictEqual(child.exitCode, 1);
  await until(() => winner.output.includes('endpoints on'), 'the third one to listen');
  assert.strictEqual(place.read('pid'), winner.pid + '\n');
  assert.deepStrictEqual(await place.end(winner), WELL);
});

life('the pid file of a dead process is taken over', async (place) => {
  place.write('c.json', { pid_file: place.file('pid') });
  const killed = place.run('c.json');
  await place.serves();
  killed.kill('SIGKILL');
  await killed.done;
  assert.strictEqual(place.read('pid'), killed.pid + '\n');
  fs.appendFileSync(place.file('pid'), 'and something longer than any id\n');
  const next = place.run('c.json');
  await place.serves();
  assert.strictEqual(place.read('pid'), next.pid + '\n');
  assert.deepStrictEqual(await place.end(next), WELL);
  assert.ok(!place.exists('pid'));
});

life('a pid file that somebody else has put there meanwhile stays', async (place) => {
  place.write('c.json', { pid_file: place.file('pid') });
  const child = place.run('c.json');
  await place.serves();
  fs.rmSync(place.file('pid'));
  fs.writeFileSync(place.file('pid'), '1\n');
  assert.deepStrictEqual(await place.end(child), WELL);
  assert.strictEqual(place.read('pid'), '1\n');
});

life('a pid file that is no file is not removed', async (place) => {
  fs.symlinkSync('/dev/null', place.file('pid'));
  place.write('c.json', { pid_file: place.file('pid') });
  const child = place.run('c.json');
  await place.serves();
  assert.deepStrictEqual(await place.end(child), WELL);
  assert.ok(fs.lstatSync(place.file('pid')).isSymbolicLink());
});

life('a pid_file that leads to something else leaves it as it is', async (place) => {
  place.write('c.json', { pid_file: place.file('c.json') });
  const own = place.run('c.json');
  assert.deepStrictEqual(await soon(own.done, 'the end'), { code: 1, signal: null });
  await until(() => own.output.includes('c.json is there and no pid file: remove it, or name another one'), 'the reason');
  assert.strictEqual(JSON.parse(place.read('c.json')).secret, SECRET);
  place.write('log.json', { pid_file: place.file('log'), log_file: place.folder + '/./log' });
  assert.deepStrictEqual(await soon(place.run('log.json').done, 'the end'), { code: 1, signal: null });
  assert.match(place.read('log'), /^\[I\]: [^]*\[F\]: .* Error writing PID/);
});

life('a pid file on a full disk keeps it from starting', async (place) => {
  place.write('c.json', { pid_file: '/dev/full' });
  const child = place.run('c.json');
  assert.deepStrictEqual(await soon(child.done, 'the end'), { code: 1, signal: null });
  await until(() => child.output.includes('Error writing PID: /dev/full: No space left on device'), 'the reason');
});
