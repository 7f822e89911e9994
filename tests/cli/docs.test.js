'use strict';
/* The examples of docs/cli.md and README.md, against a server as `make run` starts it: they end well and print what is shown. */
const { test, afterEach } = require('node:test');
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { environment, cli, server, CLI } = require('./lib');

const TOP = path.join(__dirname, '../..');
const OPEN = { insecure: true, insecure_api: true }; // INSECURE=1
const SIGNED = ['--secret', 'development'];
const CHANNELS = ['chat:jobs', '$chat:orders', 'news:prices'];
const read = (name) => fs.readFileSync(path.join(TOP, name), 'utf8');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const started = (more) => server({ ...JSON.parse(read('examples/chat/centrifuged.json')), ...more });

const cleanups = [];
afterEach(async () => {
  while (cleanups.length) await cleanups.pop()();
});

/* A shell that finds the programs of this build, and what they ask by default; in a folder of its own. */
function shell(url) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-docs-'));
  fs.symlinkSync(path.resolve(CLI), path.join(folder, 'centrifuge-cli'));
  fs.writeFileSync(path.join(folder, 'announcement.txt'), 'Closed on Monday.\n');
  const env = environment({ PATH: folder + ':' + process.env.PATH, CENTRIFUGE_URL: url, XDG_CONFIG_HOME: folder });
  const child = spawn('bash', ['-euo', 'pipefail'], { cwd: folder, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const self = { child, folder, output: '' };
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => { self.output += text; });
  self.code = new Promise((resolve) => child.on('close', resolve));
  cleanups.push(async () => {
    try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it has ended */ }
    await self.code;
    fs.rmSync(folder, { recursive: true });
  });
  return self;
}

/* The code blocks of a document that are indented by four blanks, each a list of lines. */
function indented(text) {
  return text.match(/(^ {4}.*\n)+/gm).map((block) => block.trimEnd().split('\n').map((line) => line.slice(4)));
}

/* What is another one each time. */
function neutral(line) {
  return line.replace(/"(client|uid)":"[^"]+"/g, '"$1":"*"').replace(/"latency":\d+/g, '"latency":0');
}

/* Gives the shell each command once what is shown before it has come. */
async function replay(session, steps) {
  let wanted = 0;
  for (const { command, lines } of steps) {
    session.child.stdin.write(command + '\n');
    wanted += lines.length;
    while (session.output.split('\n').length <= wanted && session.child.exitCode === null) await sleep(10);
  }
  const shown = steps.flatMap((step) => step.lines);
  assert.deepStrictEqual(session.output.trimEnd().split('\n').map(neutral), shown.map(neutral));
}

/* Lines of a terminal as steps: a command behind '$ ', then what it prints. */
function dialogue(block) {
  const steps = [];
  for (const line of block) {
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), lines: [] });
    else steps.at(-1).lines.push(line);
  }
  return steps;
}

/* An application's backend: signs what it is asked for. */
async function backend() {
  const site = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data) => { body += data; }).on('end', () => {
      const { client, channels } = JSON.parse(body);
      const sign = (channel) => crypto.createHmac('sha256', 'development').update(client + channel).digest('hex');
      response.end(JSON.stringify(Object.fromEntries(channels.map((channel) => [channel, { sign: sign(channel), info: '' }]))));
    });
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => site.close(resolve).closeAllConnections()));
  return 'http://127.0.0.1:' + site.address().port;
}

/* As they stand there, but for addresses, for what has no end of its own, and for how long somebody is patient. */
function runnable(block, url, shop) {
  return block.map((line) => line.replace('http://127.0.0.1:8000', url).replace('https://shop.example', shop)
    .replace('tail -f /var/log/syslog', "printf 'one\\ntwo\\n'").replace(/--timeout \d+/, '--timeout 120')
    .replace(/ sub (?!.*--count)/, ' sub --count 1 ')).join('\n');
}

const blocks = indented(read('docs/cli.md'));
const dialogues = blocks.filter((block) => block[0].startsWith('$ '));
const commands = blocks.filter((block) => !block[0].startsWith('$ '));

test('docs/cli.md has its examples where this test looks for them', () => {
  assert.deepStrictEqual([dialogues.length, commands.length], [2, 8]);
});

for (const block of dialogues) {
  test('docs/cli.md: ' + block[0], async () => {
    const place = await started(OPEN);
    cleanups.push(place.stop);
    const session = shell(place.url);
    await replay(session, dialogue(block));
  });
}

for (const block of commands) {
  test('docs/cli.md: ' + block[0], async () => {
    const place = await started(block.join().includes('api-sign') ? {} : OPEN); // that is for a server that wants the sign
    cleanups.push(place.stop);
    const session = shell(place.url);
    session.child.stdin.end(runnable(block, place.url, await backend()) + '\n');
    let code;
    session.code.then((status) => { code = status; });
    while (code === undefined) {
      for (const channel of CHANNELS) await cli(['pub', '--api', channel, '{"eur": 1}', ...SIGNED, '--url', place.url]);
    }
    assert.strictEqual(code, 0, session.output);
    assert.doesNotMatch(session.output, /"error":"|Unauthorized/);
  });
}

test('README.md: its three commands, and what it shows of them', async () => {
  const [sub, pub, api] = read('README.md').match(/(?<=^build\/release\/)centrifuge-cli .*$/gm);
  const shown = read('README.md').match(/^\{"event".*$/gm);
  const place = await started();
  cleanups.push(place.stop);
  await replay(shell(place.url), [
    { command: sub + ' &', lines: shown.slice(0, 3) },
    { command: pub, lines: shown.slice(3, 6) },
    { command: api, lines: shown.slice(6) },
  ]);
});
