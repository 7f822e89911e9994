'use strict';
/* pub, presence, history, channels and stats against a real server. */
const test = require('node:test');
const assert = require('node:assert');
const { cli, running, server } = require('./lib');

let secure;
test.before(async () => { secure = await server({ connection_lifetime: 3600 }); });
test.after(() => secure.stop());

const call = (...args) => cli(args, { env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret', CENTRIFUGE_USER: 'u' } });
const history = async (channel) => JSON.parse((await call('history', channel)).stdout).map((message) => message.data).reverse();

test('pub through a client connection and with --api; nothing is printed', async () => {
  for (const api of [[], ['--api']]) {
    const channel = 'chat:pub' + api.join('');
    assert.deepStrictEqual(await call('pub', ...api, channel, ' {"text": "hello"}\n'), { code: 0, stdout: '', stderr: '' });
    assert.strictEqual((await call('pub', ...api, channel, 'plain "text"', '--text')).code, 0);
    assert.strictEqual((await call('pub', ...api, channel, 'null')).code, 0);
    assert.strictEqual((await call('pub', ...api, channel, '--', '-5')).code, 0);
    assert.deepStrictEqual(await history(channel), [{ text: 'hello' }, 'plain "text"', null, -5]);
  }
});

test('pub reads standard input without DATA and with -', async () => {
  for (const [args, input, data] of [
    [[], '{"a":\n1}\n', { a: 1 }],
    [['-'], '[1]', [1]],
    [['--text'], 'two\nlines\n', 'two\nlines'],
    [['--api', '--text'], '€ \u{1f600}', '€ \u{1f600}'],
  ]) {
    const { code, stderr } = await cli(['pub', 'chat:stdin', ...args], { input, env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' } });
    assert.strictEqual(code, 0, stderr);
    assert.deepStrictEqual((await history('chat:stdin')).pop(), data);
  }
});

test('pub --lines publishes every line in order', async () => {
  const sub = running(['sub', '-q', 'chat:lines', '--count', '3000'], { env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' } });
  const watcher = running(['sub', 'chat:lines'], { env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' } });
  await watcher.event('subscribe');
  for (;;) {
    if (Object.keys(JSON.parse((await call('presence', 'chat:lines')).stdout)).length === 2) break;
  }
  await watcher.stop();
  const numbers = Array.from({ length: 3000 }, (_, i) => i);
  const input = numbers.join('\n\n') + '\r\n';
  const { code, stderr } = await cli(['pub', '-l', 'chat:lines'], { input, env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' } });
  assert.strictEqual(code, 0, stderr);
  const got = [];
  for (let line; (line = await sub.line()) !== null;) got.push(Number(line));
  assert.deepStrictEqual(got, numbers);
  assert.strictEqual(await sub.code, 0);
});

test('pub --lines publishes a line when it comes, not at the end of the input', async () => {
  const env = { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' };
  const sub = running(['sub', 'chat:slow'], { env });
  await sub.event('subscribe');
  for (const api of [[], ['--api']]) {
    const pub = running(['pub', '--lines', 'chat:slow', ...api], { env });
    pub.child.stdin.write('1\n');
    assert.strictEqual((await sub.event('message')).data, 1);
    pub.child.stdin.write('2\n3');
    assert.strictEqual((await sub.event('message')).data, 2);
    pub.child.stdin.end();
    assert.strictEqual((await sub.event('message')).data, 3);
    assert.strictEqual(await pub.code, 0);
  }
  await sub.stop();
});

test('pub --lines reports a bad line by its number and goes on', async () => {
  for (const api of [[], ['--api']]) {
    const channel = 'chat:bad' + api.join('');
    const { code, stderr } = await cli(['pub', '--lines', ...api, channel],
      { input: '1\n\nnonsense\n4\n', env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' } });
    assert.strictEqual(code, 1);
    assert.match(stderr, /line 3 is not valid JSON: nonsense/);
    assert.deepStrictEqual(await history(channel), [1, 4]);
  }
});

test('what the server refuses ends with 3 and a hint', async () => {
  const cases = [
    [['pub', 'quiet:x', '1'], /quiet:x: permission denied.*--api/],
    [['pub', 'nothing:x', '1'], /namespace not found.*':'/],
    [['pub', '--api', 'nothing:x', '1'], /namespace not found.*':'/],
    [['presence', 'quiet:x'], /quiet:x: not available.*presence/],
    [['history', 'quiet:x'], /not available.*history_size/],
    [['presence', '--client', 'quiet:x'], /not available/],
    [['history', '--client', 'quiet:x'], /not available/],
    [['pub', 'chat:x#other', '1'], /permission denied/],
    [['channels', '--secret', 'wrong'], /401.*--secret/],
    [['channels', '--insecure'], /400.*--secret/],
    [['pub', '--api', 'chat:x', '1', '--secret', 'wrong'], /401.*--secret/],
    [['pub', 'chat:x', '1', '--secret', 'wrong'], /invalid token/],
    [['presence', '--client', 'chat:x', '--secret', 'wrong'], /invalid token/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await call(...args);
    assert.strictEqual(code, 3, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
    assert.strictEqual(stdout, '');
  }
});

test('presence and history, through the API and through a client', async () => {
  const env = { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' };
  const sub = running(['sub', 'chat:asked', '--user', 'ann', '--info', '{"n":"a"}'], { env });
  const { client } = await sub.event('connect');
  await sub.event('subscribe');
  const ann = { user: 'ann', client, default_info: { n: 'a' } };
  assert.deepStrictEqual(JSON.parse((await call('presence', 'chat:asked')).stdout), { [client]: ann });
  const both = Object.values(JSON.parse((await call('presence', 'chat:asked', '--client')).stdout));
  assert.deepStrictEqual(both.map((one) => one.user).sort(), ['ann', 'u']);

  await call('pub', '--api', 'chat:asked', '1');
  await call('pub', '--api', 'chat:asked', '2');
  for (const way of [[], ['--client']]) {
    const { code, stdout } = await call('history', 'chat:asked', ...way);
    assert.strictEqual(code, 0);
    assert.strictEqual(stdout.split('\n').length, 2);
    const messages = JSON.parse(stdout);
    assert.deepStrictEqual(messages.map((message) => message.data), [2, 1]);
    assert.strictEqual(messages[0].channel, 'chat:asked');
  }
  await sub.stop();
});

test('channels and stats', async () => {
  const sub = running(['sub', 'chat:listed'], { env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' } });
  await sub.event('subscribe');
  assert.ok(JSON.parse((await call('channels')).stdout).includes('chat:listed'));
  const stats = JSON.parse((await call('stats')).stdout);
  assert.strictEqual(stats.nodes.length, 1);
  assert.ok('node_num_clients' in stats.nodes[0].metrics);
  await sub.stop();
});

test('the address may be written in every way', async () => {
  const { port } = secure;
  for (const url of [`ws://127.0.0.1:${port}`, `http://127.0.0.1:${port}/`, `ws://127.0.0.1:${port}/connection/websocket`]) {
    for (const api of [[], ['--api']]) {
      const { code, stderr } = await call('pub', ...api, 'chat:address', '1', '--url', url);
      assert.strictEqual(code, 0, `${url} ${api}: ${stderr}`);
    }
  }
});

test('a message larger than the server takes ends in an error, not in silence', async () => {
  const { code, stderr } = await cli(['pub', 'chat:big', '--text', '--timeout', '3'],
    { input: 'x'.repeat(100000), env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' } });
  assert.ok(code === 3 || code === 4, String(code));
  assert.notStrictEqual(stderr, '');
});

test('a signal in the middle of pub --lines is an error', async () => {
  const pub = running(['pub', '--lines', 'chat:cut'], { env: { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' } });
  pub.child.stdin.write('1\n');
  for (;;) {
    if ((await history('chat:cut')).length) break;
  }
  assert.strictEqual(await pub.stop('SIGINT'), 1);
  assert.match(pub.stderr(), /interrupted/);
});

test('pub --count publishes one message again and again, with a pause when one is asked for', async () => {
  const env = { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' };
  for (const way of [[], ['--api']]) {
    const sub = running(['sub', 'chat:often', '-n', '2007'], { env });
    await sub.event('subscribe');
    assert.deepStrictEqual(await call('pub', 'chat:often', '{"n":1}', '-n', '2000', '--timeout', '120', ...way), { code: 0, stdout: '', stderr: '' });
    assert.deepStrictEqual(await call('pub', 'chat:often', '--text', 'again', '-n', '7', '-i', '0.001', ...way), { code: 0, stdout: '', stderr: '' });
    const got = [];
    for (let i = 0; i < 2007; i++) got.push((await sub.event('message')).data);
    assert.deepStrictEqual(got, [...Array(2000).fill({ n: 1 }), ...Array(7).fill('again')]);
    assert.strictEqual(await sub.code, 0);
  }
});

test('pub --count waits --interval between two messages', async () => {
  const env = { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' };
  for (const way of [[], ['--api']]) {
    const sub = running(['sub', 'chat:paced', '-n', '1'], { env });
    await sub.event('subscribe');
    const pub = running(['pub', 'chat:paced', '1', '-n', '2', '--interval', '86400', ...way], { env });
    await sub.event('message');
    assert.strictEqual(pub.child.exitCode, null); // the second one is a day away
    await pub.stop('SIGKILL');
    assert.strictEqual(await sub.code, 0);
  }
});

test('pub --count stops at the first message that is refused', async () => {
  for (const way of [[], ['--api']]) {
    const { code, stderr } = await call('pub', 'nothing:x', '1', '-n', '3', ...way);
    assert.strictEqual(code, 3);
    assert.strictEqual(stderr.match(/cannot publish/g).length, 1, stderr);
  }
});

test('a backend says the id of a message and who counts as its publisher', async () => {
  const env = { CENTRIFUGE_URL: secure.url, CENTRIFUGE_SECRET: 'secret' };
  const sub = running(['sub', 'chat:named', '--user', 'ann'], { env });
  const { client } = await sub.event('connect');
  await sub.event('subscribe');
  assert.strictEqual((await call('pub', '--api', 'chat:named', '1', '--uid', 'order-7', '--client', client)).code, 0);
  const message = await sub.event('message');
  assert.strictEqual(message.uid, 'order-7');
  assert.strictEqual(message.client, client);
  await sub.stop();
});

test('options of pub that say nothing together are refused', async () => {
  for (const [args, message] of [
    [['--lines', '-n', '2'], /--lines publishes each line once/],
    [['1', '-i', '1'], /--interval is between the messages of --count/],
    [['1', '--uid', 'x'], /--uid and --client are said by a backend: give --api/],
    [['1', '--client', 'x'], /give --api/],
    [['1', '--api', '--uid', 'x', '-n', '2'], /--uid is the id of one message/],
  ]) {
    const { code, stderr } = await call('pub', 'chat:x', ...args);
    assert.strictEqual(code, 2);
    assert.match(stderr, message);
  }
});
