'use strict';
/* ping: round trips to the real server, and to ones that are slow, silent or gone. */
const test = require('node:test');
const assert = require('node:assert');
const net = require('node:net');
const { cli, running, server } = require('./lib');

let secure;
test.before(async () => { secure = await server(); });
test.after(() => secure.stop());

const WAYS = [['through a client', []], ['through the HTTP API', ['--api']]];
const ping = (...args) => cli(['ping', '--url', secure.url, '--secret', 'secret', ...args]);
const lines = (text) => text.trimEnd().split('\n').map(JSON.parse);

/* Whatever the server sends is held back for `delay` milliseconds, as long as that is not Infinity. */
async function slowly(delay) {
  const listener = net.createServer((socket) => {
    const other = net.connect(secure.port, '127.0.0.1');
    for (const end of [socket, other]) end.on('error', () => {}).on('close', () => { socket.destroy(); other.destroy(); });
    socket.pipe(other);
    if (delay !== Infinity) other.on('data', (data) => setTimeout(() => socket.writable && socket.write(data), delay));
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return { url: 'http://127.0.0.1:' + listener.address().port, stop: () => listener.close() };
}

for (const [name, way] of WAYS) {
  test(`each round trip is told, and a summary, ${name}`, async () => {
    const { code, stdout, stderr } = await ping('-n', '3', '-i', '0.01', ...way);
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
    const told = lines(stdout);
    const summary = told.pop();
    assert.deepStrictEqual(told.map(({ event, number }) => [event, number]), [['pong', 1], ['pong', 2], ['pong', 3]]);
    const times = told.map(({ ms }) => ms);
    assert.strictEqual(summary.sent, 3);
    assert.strictEqual(summary.answered, 3);
    assert.strictEqual(summary.min_ms, Math.min(...times));
    assert.strictEqual(summary.max_ms, Math.max(...times));
    assert.ok(summary.mean_ms >= summary.min_ms && summary.mean_ms <= summary.max_ms && summary.deviation_ms >= 0);
  });

  test(`what is far away takes long, ${name}`, async () => {
    const far = await slowly(60);
    const { code, stdout } = await ping('-n', '2', '-i', '0.01', '--timeout', '120', '--url', far.url, ...way);
    far.stop();
    assert.strictEqual(code, 0);
    for (const { ms } of lines(stdout).slice(0, 2)) assert.ok(ms >= 59, stdout);
  });

  test(`--quiet prints the summary alone, ${name}`, async () => {
    const { stdout } = await ping('-n', '2', '-i', '0.01', '-q', ...way);
    assert.strictEqual(lines(stdout).length, 1);
    assert.strictEqual(lines(stdout)[0].answered, 2);
  });

  test(`Ctrl-C ends it with a summary, ${name}`, async () => {
    const run = running(['ping', '--url', secure.url, '--secret', 'secret', '-i', '0.01', ...way]);
    for (let i = 1; i <= 3; i++) assert.strictEqual((await run.event('pong')).number, i);
    run.child.kill('SIGINT');
    assert.ok((await run.event('summary')).answered >= 3);
    assert.strictEqual(await run.code, 0);
  });

  test(`a server that does not answer ends it with 4, ${name}`, async () => {
    const silent = await slowly(Infinity);
    const { code, stdout, stderr } = await ping('--timeout', '0.2', '--url', silent.url, ...way);
    silent.stop();
    assert.strictEqual(code, 4, stderr);
    assert.strictEqual(stdout, '');
    assert.match(stderr, /time/i);
  });

  test(`no server, a wrong secret, ${name}`, async () => {
    assert.strictEqual((await ping('--url', 'http://127.0.0.1:1', ...way)).code, 4);
    const refused = await ping('--secret', 'wrong', ...way);
    assert.strictEqual(refused.code, 3);
    assert.match(refused.stderr, /check --secret/);
  });
}

test('a server that stops in the middle: the summary says what was measured', async () => {
  const place = await server({ insecure: true });
  const run = running(['ping', '--url', place.url, '-i', '0.01']);
  await run.event('pong');
  await place.stop();
  const { sent, answered } = await run.event('summary');
  assert.ok(answered >= 1 && sent >= answered);
  assert.strictEqual(await run.code, 4);
});
