'use strict';
/* top: what the nodes do, as lines of JSON and on a terminal. */
const test = require('node:test');
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cli, running, server, environment, freePort, terminal, CLI } = require('./lib');

let open;
test.before(async () => { open = await server({ insecure: true, insecure_api: true }); });
test.after(() => open.stop());

const PATIENT = ['--timeout', '120'];
const at = (...args) => [...args, '--url', open.url, ...PATIENT];

test('top --once prints the nodes and how many channels there are', async () => {
  const { code, stdout } = await cli(at('top', '--once'));
  assert.strictEqual(code, 0);
  assert.strictEqual(stdout.split('\n').length, 2);
  const found = JSON.parse(stdout);
  const [node] = Object.values(found.nodes);
  assert.strictEqual(Object.keys(found.nodes).length, 1);
  assert.match(node.version, /^\d+\.\d+\.\d+$/);
  assert.strictEqual(found.channels, 0);
  assert.ok(node.memory_bytes > 0 && node.started_at > 0);
});

test('the rates are those of what happens now', async () => {
  const sub = running(at('sub', 'chat:top'));
  await sub.event('subscribe');
  const top = running(at('top', '-i', '0.05'));
  const bench = running(at('bench', 'chat:top', '-r', '400', '-n', '1000000', '-q'));
  let node;
  for (let busy = 0; busy < 3; busy += node.published_per_second > 0) {
    const found = JSON.parse(await top.line());
    [node] = Object.values(found.nodes);
    assert.ok(node.published_per_second >= 0 && node.sent_per_second >= 0);
    if (node.published_per_second > 0) assert.ok(found.channels >= 1 && node.bytes_out_per_second > node.bytes_in_per_second);
  }
  bench.child.kill('SIGINT');
  await bench.code;
  assert.strictEqual(await top.stop('SIGINT'), 0);
  await sub.stop();
});

test('on a terminal it is a table, which q ends, and the screen comes back', async () => {
  const sub = running(at('sub', 'chat:shown'));
  await sub.event('subscribe');
  const top = terminal(at('top', '-i', '0.1'));
  await top.until(/NODE +UP[^]*channels: 1[^]*"chat:shown"[^]*NODE/);
  top.child.stdin.write('x');
  top.child.stdin.write('q');
  assert.strictEqual(await top.code, 0);
  assert.ok(top.shown.includes('\x1b[?1049h') && top.shown.trimEnd().endsWith('\x1b[?1049l'), top.shown.slice(-200));
  await sub.stop();
});

test('as many columns as fit, the more important ones first; a new size is followed at once', async () => {
  for (const [width, head] of [
    [40, 'NODE                  CLIENTS   PUBL/s'],
    [80, 'NODE                      UP  CLIENTS CHANNELS   PUBL/s   SENT/s   CPU   MEMORY'],
    [130, 'NODE                 VERSION        UP  CLIENTS    USERS CHANNELS   PUBL/s   SENT/s  B OUT/s   CPU   MEMORY   OVER'],
  ]) {
    const top = terminal(at('top', '-i', '3600'), {}, `stty cols ${width}; `);
    await top.until(/channels: /);
    assert.ok(top.shown.split('\r\n').includes(head), top.shown);
    top.child.stdin.write('q');
    assert.strictEqual(await top.code, 0);
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-top-'));
  const ready = path.join(folder, 'ready');
  const later = `(until [ -e ${ready} ]; do sleep 0.01; done; stty -F /dev/tty cols 40) & `;
  const top = terminal(at('top', '-i', '3600'), {}, 'stty cols 80; ' + later);
  await top.until(/MEMORY[^]*channels: /);
  fs.writeFileSync(ready, '');
  await top.until(/NODE {18}CLIENTS {3}PUBL\/s\r\n/);
  top.child.stdin.write('q');
  assert.strictEqual(await top.code, 0);
  fs.rmSync(folder, { recursive: true });
});

test('a server that goes away and comes back is looked at again', async () => {
  const port = await freePort();
  let place = await server({ insecure: true, insecure_api: true }, port);
  const top = terminal(['top', '-i', '0.1', '--url', place.url, ...PATIENT]);
  await top.until(/channels: 0/);
  await place.stop();
  await top.until(/127\.0\.0\.1:\d+ does not answer, trying again/);
  const before = top.shown.length;
  place = await server({ insecure: true, insecure_api: true }, port);
  while (!top.shown.slice(before).includes('channels: 0')) await new Promise((resolve) => setTimeout(resolve, 10));
  top.child.stdin.write('q');
  assert.strictEqual(await top.code, 0);
  await place.stop();
});

test('a terminal that cannot move its cursor gets one table behind the other', async () => {
  const top = terminal(at('top', '-i', '0.05'), { TERM: 'dumb' });
  await top.until(/channels: 0[^]*channels: 0/);
  assert.ok(!top.shown.includes('\x1b'), top.shown);
  top.child.stdin.write('\x03');
  await top.code;
});

test('who reads no more ends it, and nobody there is an error', async () => {
  const child = spawn('sh', ['-c', `'${CLI}' top -i 0.01 --url ${open.url} | head -n 2 | wc -l`], { env: environment() });
  let shown = '';
  child.stdout.on('data', (text) => { shown += text; });
  await new Promise((resolve) => child.on('close', resolve));
  assert.strictEqual(shown.trim(), '2');
  const { code, stderr } = await cli(['top', '--url', 'http://127.0.0.1:1']);
  assert.strictEqual(code, 4);
  assert.match(stderr, /127\.0\.0\.1:1/);
});

test('history -n prints the newest ones alone', async () => {
  for (let i = 1; i <= 4; i++) await cli(at('pub', '--api', 'chat:newest', `{"n": [${i}, "]"]}`));
  for (const way of [[], ['--client']]) {
    for (const [count, expected] of [[1, [4]], [3, [4, 3, 2]], [4, [4, 3, 2, 1]], [99, [4, 3, 2, 1]]]) {
      const { code, stdout } = await cli(at('history', 'chat:newest', '-n', String(count), ...way));
      assert.strictEqual(code, 0);
      assert.deepStrictEqual(JSON.parse(stdout).map(({ data }) => data.n[0]), expected);
    }
  }
  assert.strictEqual((await cli(at('history', 'chat:none', '-n', '2'))).stdout, '[]\n');
});
