'use strict';
/* What people see on a terminal, and programs in a pipe. */
const test = require('node:test');
const assert = require('node:assert');
const { cli, running, server, terminal } = require('./lib');

let open;
test.before(async () => { open = await server({ insecure: true, insecure_api: true }); });
test.after(() => open.stop());

const at = (...args) => [...args, '--url', open.url, '--timeout', '120'];
const colorless = (text) => text.replace(/\x1b\[[\d;]*m/g, '');
async function shown(words, env) {
  const seen = terminal(words, env);
  assert.strictEqual(await seen.code, 0);
  return seen.shown.replace(/\r\n/g, '\n');
}

test('an answer has a member a line and colours on a terminal, and is one plain line in a pipe', async () => {
  await cli(at('pub', '--api', 'chat:seen', '{"list":[1,true,null,"x"],"none":{}}'));
  const piped = await cli(at('history', 'chat:seen'));
  const seen = await shown(at('history', 'chat:seen'));
  assert.deepStrictEqual(JSON.parse(colorless(seen)), JSON.parse(piped.stdout));
  assert.ok(seen.includes('\x1b[34;1m"list"\x1b[0m: [\n        \x1b[36m1\x1b[0m,\n        \x1b[33mtrue\x1b[0m,'), seen);
  assert.ok(seen.includes('"none"\x1b[0m: {}\n'), seen);
  assert.doesNotMatch(piped.stdout, /\x1b|\n./);
});

test('events are a line each, on a terminal in colours', async () => {
  const seen = terminal(at('sub', 'chat:events', '-n', '1'));
  await seen.until(/"subscribe"/);
  await cli(at('pub', '--api', 'chat:events', '{"text": "hello"}'));
  assert.strictEqual(await seen.code, 0);
  const lines = colorless(seen.shown).trimEnd().split('\r\n').map(JSON.parse);
  assert.deepStrictEqual(lines.at(-1).data, { text: 'hello' });
  assert.match(seen.shown, /\x1b\[32m"message"\x1b\[0m/);
});

test('NO_COLOR, TERM=dumb, --color and --json are heeded', async () => {
  const plain = await shown(at('stats'), { NO_COLOR: '1' });
  assert.doesNotMatch(plain, /\x1b/);
  assert.match(plain, /^\{\n {2}"nodes": \[\n/);
  assert.doesNotMatch(await shown(at('stats'), { TERM: 'dumb' }), /\x1b/);
  assert.doesNotMatch(await shown(at('stats', '--color', 'never')), /\x1b/);
  assert.match(await shown(at('stats', '--color=always'), { NO_COLOR: '1' }), /\x1b/);
  assert.match(await shown(at('stats', '--json')), /^\{"nodes":\[.*\]\S*\}\n$/);
  const { stdout } = await cli(at('channels', '--color', 'always', '--json'));
  assert.strictEqual(stdout, '[]\n');
  assert.match((await cli(at('stats', '--color', 'always'))).stdout, /^\{\x1b\[34;1m"nodes"\x1b\[0m:.*\}\n$/);
  const wrong = await cli(at('stats', '--color', 'sometimes'));
  assert.strictEqual(wrong.code, 2);
  assert.match(wrong.stderr, /--color is 'sometimes': give auto, always or never/);
});

test('a message cannot make the terminal do something', async () => {
  const seen = terminal(at('sub', '--quiet', 'chat:evil', '-n', '1'), { NO_COLOR: '1' });
  let done = false;
  seen.code.then(() => { done = true; });
  while (!done) { // quiet: it does not say when it is subscribed
    await cli(at('pub', '--api', 'chat:evil', '"\u009b2J\u007f\\u001b[2J"'));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.strictEqual(seen.shown.trim(), '"\\u009b2J\\u007f\\u001b[2J"');
  const sub = running(at('sub', '--quiet', 'chat:evil', '-n', '1'));
  sub.code.then(() => { done = false; });
  while (done) await cli(at('pub', '--api', 'chat:evil', '"\u007f"'));
  assert.strictEqual(await sub.line(), '"\u007f"'); // a program gets what was published
});

test('a token alone is no JSON and has no colours', async () => {
  assert.match(await shown(['token', '-q', '--secret', 'x'], {}), /^[0-9a-f]{64}\n$/);
});
