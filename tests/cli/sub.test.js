'use strict';
/* sub against a real server. */
const test = require('node:test');
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { cli, running, server, CLI } = require('./lib');

let insecure;
let secure;
test.before(async () => {
  insecure = await server({ insecure: true, insecure_api: true });
  secure = await server({});
});
test.after(async () => {
  await insecure.stop();
  await secure.stop();
});

const at = (where, ...args) => [...args, '--url', where.url];

test('prints what happens in a channel, one event a line', async () => {
  const sub = running(at(insecure, 'sub', 'chat:events', '--user', 'ann'));
  const connect = await sub.event('connect');
  assert.match(connect.client, /^[0-9a-f-]{36}$/);
  assert.strictEqual(connect.transport, 'raw-websocket');
  assert.deepStrictEqual(await sub.event('subscribe'), { event: 'subscribe', channel: 'chat:events', isResubscribe: false, recovered: false });

  const other = running(at(insecure, 'sub', 'chat:events', '--user', 'bob', '--info', '{"n":1}'));
  const { client } = await other.event('connect');
  await other.event('subscribe');
  let join = await sub.event('join');
  if (join.data.user !== 'bob') join = await sub.event('join'); // its own comes first, or not at all
  assert.deepStrictEqual(join, { event: 'join', channel: 'chat:events', data: { default_info: { n: 1 }, user: 'bob', client } });

  assert.strictEqual((await cli(at(insecure, 'pub', 'chat:events', '{"a": [1, 2.50]}', '--user', 'eve'))).code, 0);
  const message = await sub.event('message');
  assert.strictEqual(message.channel, 'chat:events');
  assert.deepStrictEqual(message.data, { a: [1, 2.5] });
  assert.strictEqual(message.info.user, 'eve');
  assert.strictEqual(message.client, message.info.client);
  assert.ok(message.uid.length > 0);

  assert.strictEqual(await other.stop(), 0);
  let leave = await sub.event('leave');
  while (leave.data.user !== 'bob') leave = await sub.event('leave');
  assert.strictEqual(leave.data.client, client);
  assert.strictEqual(await sub.stop('SIGINT'), 0);
  assert.strictEqual(sub.stderr(), '');
});

test('several channels over one connection; --quiet prints data only, --count ends it', async () => {
  const seen = running(at(insecure, 'sub', 'chat:one', 'chat:two'));
  await seen.event('subscribe');
  await seen.event('subscribe');
  const quiet = running(at(insecure, 'sub', '-q', '-n', '3', 'chat:one', 'chat:two'));
  // joined: the one that watches sees it in both channels
  const joins = [];
  while (joins.length < 2) {
    const join = await seen.event('join');
    if (!joins.some((other) => other.channel === join.channel && other.data.client === join.data.client)) joins.push(join);
  }
  const { data } = joins[0];
  assert.ok(data.client);
  await cli(at(insecure, 'pub', '--api', 'chat:one', '{"n":\n 1}'));
  await cli(at(insecure, 'pub', '--api', 'chat:two', '"two"'));
  await cli(at(insecure, 'pub', '--api', 'chat:one', '3.0e1'));
  assert.strictEqual(await quiet.line(), '{"n":  1}');
  assert.strictEqual(await quiet.line(), '"two"');
  assert.strictEqual(await quiet.line(), '3.0e1');
  assert.strictEqual(await quiet.code, 0);
  assert.strictEqual(await quiet.line(), null);
  await seen.stop();
});

test('credentials: the secret, a token made elsewhere, the environment, or none', async () => {
  const ways = [
    [['--secret', 'secret', '--user', 'ann'], {}],
    [['--user', 'ann'], { CENTRIFUGE_SECRET: 'secret' }],
    [[], { CENTRIFUGE_SECRET: 'secret', CENTRIFUGE_USER: 'ann' }],
  ];
  const made = JSON.parse((await cli(['token', '--secret', 'secret', '--user', 'ann', '--info', '{"x":1}'])).stdout);
  ways.push([['--user', 'ann', '--timestamp', made.timestamp, '--info', made.info, '--token', made.token], {}]);
  for (const [args, env] of ways) {
    const sub = running(['sub', 'chat:who', ...args], { env: { ...env, CENTRIFUGE_URL: secure.url } });
    await sub.event('subscribe');
    const presence = JSON.parse((await cli(['presence', 'chat:who', '--secret', 'secret', '--url', secure.url])).stdout);
    assert.deepStrictEqual(Object.values(presence).map((one) => one.user), ['ann']);
    assert.strictEqual(await sub.stop(), 0);
  }
});

test('credentials that are wrong or missing: 3, with the reason and what to check', async () => {
  for (const args of [['--secret', 'wrong'], ['--insecure'], []]) {
    const { code, stdout, stderr } = await cli(at(secure, 'sub', 'chat:x', ...args));
    assert.strictEqual(code, 3, stderr);
    assert.match(stderr, /invalid token/);
    assert.match(stderr, /--secret/);
    assert.deepStrictEqual(JSON.parse(stdout), { event: 'disconnect', reason: 'invalid token', reconnect: false });
  }
});

test('a channel that is refused: 3; others beside it go on', async () => {
  const alone = await cli(at(secure, 'sub', 'nothing:x', '--secret', 'secret'));
  assert.strictEqual(alone.code, 3);
  assert.match(alone.stderr, /nothing:x: namespace not found/);
  const error = alone.stdout.trim().split('\n').map((line) => JSON.parse(line)).find((event) => event.event === 'error');
  assert.deepStrictEqual(error, { event: 'error', channel: 'nothing:x', error: 'namespace not found', advice: 'fix' });

  const both = running(at(secure, 'sub', 'nothing:x', 'chat:fine', '-n', '1', '--secret', 'secret'));
  await both.event('subscribe');
  await cli(at(secure, 'pub', '--api', 'chat:fine', '1', '--secret', 'secret'));
  assert.strictEqual((await both.event('message')).data, 1);
  assert.strictEqual(await both.code, 3);
});

test('a disconnect by the backend ends it with 3, an unsubscribe is an event', async () => {
  const sub = running(at(insecure, 'sub', 'chat:kick', '--user', 'kicked'));
  await sub.event('subscribe');
  const call = (method, params) => fetch(insecure.url + '/api/', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ method, params }) });
  await call('unsubscribe', { user: 'kicked', channel: 'chat:kick' });
  assert.deepStrictEqual(await sub.event('unsubscribe'), { event: 'unsubscribe', channel: 'chat:kick' });
  await call('disconnect', { user: 'kicked' });
  assert.deepStrictEqual(await sub.event('disconnect'), { event: 'disconnect', reason: 'disconnect', reconnect: false });
  assert.strictEqual(await sub.code, 3);
});

test('it survives a restart of the server, and the messages after it arrive', async () => {
  const first = await server({ insecure: true, insecure_api: true });
  const sub = running(['sub', 'chat:restart', '--url', first.url]);
  await sub.event('subscribe');
  await first.stop();
  assert.strictEqual((await sub.event('disconnect')).reconnect, true);
  const second = await server({ insecure: true, insecure_api: true }, first.port);
  const again = await sub.event('subscribe');
  assert.strictEqual(again.isResubscribe, true);
  await cli(['pub', '--api', 'chat:restart', '"after"', '--url', second.url]);
  assert.strictEqual((await sub.event('message')).data, 'after');
  assert.strictEqual(await sub.stop(), 0);
  assert.match(sub.stderr(), /lost the connection .*trying again/);
  await second.stop();
});

test('SIGTERM, SIGINT and SIGHUP end it with 0, also while there is no server', async () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) {
    const sub = running(at(insecure, 'sub', 'chat:signal'));
    await sub.event('subscribe');
    assert.strictEqual(await sub.stop(signal), 0, signal);
  }
  const waiting = running(['sub', 'x', '--url', 'http://127.0.0.1:1']);
  await waiting.event('disconnect');
  assert.strictEqual(await waiting.stop('SIGINT'), 0);
});

test('it ends when nobody reads its output any more, even if nothing happens', async () => {
  const sub = running(at(insecure, 'sub', 'chat:pipe'));
  await sub.event('subscribe');
  sub.child.stdout.destroy();
  assert.strictEqual(await sub.code, 0);
  assert.strictEqual(sub.stderr(), '');
});

test('it does not touch standard input', async () => {
  const shell = spawn('bash', ['-c', `{ "${CLI}" sub -q -n 1 chat:stdin --url ${insecure.url} & sub=$!; wait $sub; read -r line; echo "left: $line"; }`],
    { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  shell.stdout.setEncoding('utf8').on('data', (text) => { output += text; });
  shell.stdin.end('mine\n');
  const over = new Promise((resolve) => shell.on('close', resolve));
  const timer = setInterval(() => cli(at(insecure, 'pub', '--api', 'chat:stdin', '7')), 200);
  await over;
  clearInterval(timer);
  assert.strictEqual(output, '7\nleft: mine\n');
});

test('--timeout: 4 when --count messages have not come, 0 when none were asked for', async () => {
  const short = await cli(at(insecure, 'sub', 'chat:late', '--count', '1', '--timeout', '1'));
  assert.strictEqual(short.code, 4);
  assert.match(short.stderr, /only 0 of 1 messages/);
  assert.strictEqual((await cli(at(insecure, 'sub', 'chat:late', '--timeout', '1'))).code, 0);
});

test('a close code is told in words: what was too large for the server', async () => {
  const small = await server({ insecure: true, insecure_api: true, client_request_max_size: 1024 });
  const { code, stderr } = await cli(['pub', '-v', '--text', 'chat:x', 'x'.repeat(2000), '--url', small.url]);
  assert.strictEqual(code, 4);
  assert.match(stderr, /the server closed the connection with 1009, message too big/);
  assert.match(stderr, /lost the connection to .*: closed by the server with 1009, message too big/);
  await small.stop();
});

test('-v with a server that is stopped: its own words count more than the code', async () => {
  const one = await server({ insecure: true });
  const sub = running(['sub', '-v', 'chat:x', '--url', one.url]);
  await sub.event('subscribe');
  await one.stop();
  await sub.event('disconnect');
  await sub.stop();
  assert.match(sub.stderr(), /the server closed the connection with 3000, a code of the application/);
  assert.match(sub.stderr(), /lost the connection to .*: shutting down/);
});
