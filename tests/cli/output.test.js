'use strict';
/* Standard output and input that fail: no command ends well when something that it printed is lost. */
const test = require('node:test');
const assert = require('node:assert');
const http = require('node:http');
const { spawn } = require('node:child_process');
const { cli, running, server, CLI } = require('./lib');

let insecure;
test.before(async () => { insecure = await server({ insecure: true, insecure_api: true }); });
test.after(() => insecure.stop());

const ALONE = [
  ['--help'], ['help', 'pub'], ['--version'], ['sub', '--help'],
  ['token', '--secret', 's'], ['token', '-q', '--secret', 's'], ['sign', '--secret', 's', 'c', '$x'], ['api-sign', '--secret', 's', '{}'],
  ['completion', 'bash'], ['completion', 'zsh'], ['completion', 'fish'],
];
const ASKING = [['presence', 'chat:x'], ['presence', '--client', 'chat:x'], ['history', 'chat:x'], ['history', '--client', 'chat:x'], ['channels'], ['stats'], ['sub', 'chat:x'],
  ['top', '--once'], ['top'], ['ping', '-n', '1'], ['ping', '--api', '-n', '1'], ['ping'], ['bench', 'chat:x', '-n', '5']];
const there = (args) => [...args, '--url', insecure.url];

/* Its streams are redirected as the shell says it. */
async function redirected(args, how) {
  const child = spawn('bash', ['-c', `exec "$0" "$@" ${how}`, CLI, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => { stderr += text; });
  const code = await new Promise((resolve) => child.on('close', (status, signal) => resolve(signal || status)));
  return { code, stderr };
}

test('a full disk, or an output that is closed, ends every command with 1 and the reason', async () => {
  for (const [how, why] of [['>/dev/full', /No space left on device/], ['>&-', /Bad file descriptor/]]) {
    for (const args of [...ALONE, ...ASKING.map(there)]) {
      const { code, stderr } = await redirected(args, how);
      assert.strictEqual(code, 1, `${args.join(' ')} ${how}: ${stderr}`);
      assert.match(stderr, /cannot write to standard output: /);
      assert.match(stderr, why);
    }
  }
});

test('a command that has nothing to print needs no output', async () => {
  assert.deepStrictEqual(await redirected(there(['pub', '--api', 'chat:x', '1']), '>&-'), { code: 0, stderr: '' });
});

test('an input that is closed is no empty message', async () => {
  const commands = [...[['pub', 'chat:x'], ['pub', '--text', 'chat:x'], ['pub', '--lines', 'chat:x'], ['pub', '-l', '--api', 'chat:x']].map(there), ['api-sign', '--secret', 's']];
  for (const args of commands) {
    const { code, stderr } = await redirected(args, '<&-');
    assert.strictEqual(code, 1, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, /cannot read standard input: Bad file descriptor/);
  }
});

test('a reader that is gone before the answer: 1 and the reason', async () => {
  let leave;
  const backend = http.createServer(async (request, response) => {
    await leave();
    response.end('[{"method":"channels","error":null,"body":{"data":[]}}]');
  });
  await new Promise((resolve) => backend.listen(0, '127.0.0.1', resolve));
  const asking = running(['channels', '--insecure', '--url', `http://127.0.0.1:${backend.address().port}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  leave = () => new Promise((resolve) => asking.child.stdout.on('close', resolve).destroy());
  assert.strictEqual(await asking.code, 1);
  assert.match(asking.stderr(), /cannot write to standard output: Broken pipe/);
  backend.close();
});

test('a pipe that does not block and is read late gets everything', async () => {
  const text = 'x'.repeat(60000);
  for (let i = 0; i < 10; i++) assert.strictEqual((await cli(there(['pub', '--api', '--text', 'chat:long', '-']), { input: text })).code, 0);
  const program = 'import os, sys; os.set_blocking(1, False); os.execv(sys.argv[1], sys.argv[1:])';
  const child = spawn('python3', ['-c', program, CLI, ...there(['history', 'chat:long'])], { stdio: ['ignore', 'pipe', 'inherit'] });
  const code = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, 500));
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (part) => { stdout += part; });
  assert.strictEqual(await code, 0);
  assert.deepStrictEqual(JSON.parse(stdout).map((message) => message.data), Array(10).fill(text));
});
