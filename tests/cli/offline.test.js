'use strict';
/* What needs no server: help, usage, tokens and signs. */
const test = require('node:test');
const assert = require('node:assert');
const { createHmac } = require('node:crypto');
const { cli } = require('./lib');

const COMMANDS = ['sub', 'pub', 'presence', 'history', 'channels', 'stats', 'token', 'sign', 'api-sign'];
const VECTOR = '9b0e3328338857eb01fd8c5b63f704c73ca7e6c5f48df85bacd0a355ad3f78eb';

function hmac(secret, text) {
  return createHmac('sha256', secret).update(text).digest('hex');
}

test('--help names every command, and each command explains itself', async () => {
  const general = await cli(['--help']);
  assert.strictEqual(general.code, 0);
  for (const command of COMMANDS) {
    assert.match(general.stdout, new RegExp(`^  ${command} `, 'm'));
    const own = await cli([command, '--help']);
    assert.strictEqual(own.code, 0, command);
    assert.match(own.stdout, new RegExp(`^Usage: centrifuge-cli ${command} `));
    assert.match(own.stdout, /--secret/);
    assert.strictEqual(own.stderr, '');
    assert.deepStrictEqual(await cli(['help', command]), own);
  }
});

test('--version prints name and version', async () => {
  const { code, stdout } = await cli(['--version']);
  assert.strictEqual(code, 0);
  assert.match(stdout, /^centrifuge-cli \d+\.\d+\.\d+\n$/);
});

test('no text shows what may be secret in an address or behind a mistyped option', async () => {
  const cases = [
    [['pub', 'a', '1', '--insecure', '-u', 'ws://joe:hunter2@127.0.0.1:1/x?token=hunter2#hunter2'], /no connection to ws:\/\/127\.0\.0\.1:1\/x: /],
    [['stats', '--insecure', '-u', 'http://joe:hunter2@127.0.0.1:1'], /^centrifuge-cli: http:\/\/127\.0\.0\.1:1: /],
    [['stats', '--secrt=hunter2'], /the option --secrt \(is it --secret\?\); see/],
    [['sub', 'a', '--insecure', '--auth-endpoint', 'ftp://joe:hunter2@h'], /--auth-endpoint is 'ftp:\/\/h'/],
    [['sub', 'a', '--insecure', '--auth-endpoint', 'http://joe:hunter2/x@h'], /--auth-endpoint is 'http:\/\/\*\*\*'/],
    [['sub', 'a', '--insecure', '--auth-endpoint', 'http://joe:x/hunter2@h'], /--auth-endpoint is 'http:\/\/\*\*\*'/],
    [['sub', 'a', '--insecure', '--auth-endpoint', 'http://h', '--auth-header', 'Upgrade: hunter2'], /--auth-header: Upgrade is set by the library/],
  ];
  for (const [words, expected] of cases) {
    const { stderr } = await cli(words);
    assert.match(stderr, expected);
    assert.doesNotMatch(stderr, /hunter2/);
  }
});

test('a wrong command line ends with 2, names what is wrong, prints nothing', async () => {
  const cases = [
    [[], /which command/],
    [['publish', 'x'], /'publish' is not a command; see/],
    [['statz'], /'statz' is not a command \(is it stats\?\); see/],
    [['disc', '42'], /'disc' is not a command \(is it disconnect\?\); see/],
    [['help', 'benhc'], /'benhc' is not a command \(is it bench\?\); see/],
    [['pub', '--cuont', '3', 'x'], /the option --cuont \(is it --count\?\); see/],
    [['sub', '--interval', '3', 'x'], /the option --interval; see/],
    [['token', '--secret', 's', '--info', '{'], /--info is '\{', which is not valid JSON/],
    [['sign', '--secret', 's', '--info', 'Ann', 'c', '$x'], /--info is 'Ann', which is not valid JSON/],
    [['sub', 'x', '--insecure', '--info', 'Ann'], /--info is 'Ann', which is not valid JSON/],
    [['sub'], /CHANNEL/],
    [['pub'], /CHANNEL/],
    [['pub', 'a', 'b', 'c'], /'c' is too much/],
    [['sign', 'client'], /CLIENT CHANNEL/],
    [['channels', 'x'], /'x' is too much/],
    [['sub', '--nonsense', 'x'], /option --nonsense/],
    [['sub', '-z', 'x'], /option -z/],
    [['sub', '--api', 'x'], /option --api/],
    [['sub', 'x', '--count'], /--count wants a value: --count N/],
    [['sub', 'x', '--count', '0'], /--count is '0'/],
    [['sub', 'x', '--count', '3x'], /--count is '3x'/],
    [['sub', 'x', '--timeout', '-1'], /--timeout is '-1'/],
    [['sub', 'x', '--timeout', 'soon'], /--timeout is 'soon'/],
    [['sub', 'x', '--quiet=yes'], /--quiet=yes takes no value/],
    [['sub', 'x', 'x'], /x is given twice/],
    [['sub', ''], /''/],
    [['sub', 'x', '--timeout', '1e10'], /--timeout is '1e10': give seconds from 0\.001 to 1000000000/],
    [['sub', 'x', '--url', 'ftp://127.0.0.1'], /--url is 'ftp:\/\/127\.0\.0\.1': /],
    [['stats', '--url', '127.0.0.1:8000'], /--url is '127\.0\.0\.1:8000': .*use ws:\/\//],
    [['sub', 'x', '--token', VECTOR], /--timestamp/],
    [['pub', '--lines', 'x', '1'], /--lines reads standard input/],
    [['token'], /--secret/],
    [['sign', 'c', '$x'], /--secret/],
    [['api-sign', '{}'], /--secret/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await cli(args);
    assert.strictEqual(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
    assert.match(stderr, /^centrifuge-cli: /);
    assert.strictEqual(stdout, '');
  }
});

test('an environment variable that makes no sense is named', async () => {
  const { code, stderr } = await cli(['sub', 'x'], { env: { CENTRIFUGE_INSECURE: 'perhaps' } });
  assert.strictEqual(code, 2);
  assert.match(stderr, /CENTRIFUGE_INSECURE is 'perhaps'/);
});

test('token: the verified vector', async () => {
  const args = ['token', '--secret', 'secret', '--user', '42', '--timestamp', '1795452449', '--info', '{"a":1}'];
  const { code, stdout } = await cli(args);
  assert.strictEqual(code, 0);
  assert.deepStrictEqual(JSON.parse(stdout), { user: '42', timestamp: '1795452449', info: '{"a":1}', token: VECTOR });
  assert.strictEqual((await cli([...args, '--quiet'])).stdout, VECTOR + '\n');
});

test('token: from the environment, with the present time; a flag wins', async () => {
  const env = { CENTRIFUGE_SECRET: 'other', CENTRIFUGE_USER: 'ann' };
  const before = Math.floor(Date.now() / 1000);
  const made = JSON.parse((await cli(['token'], { env })).stdout);
  assert.strictEqual(made.user, 'ann');
  assert.ok(Number(made.timestamp) >= before);
  assert.strictEqual(made.token, hmac('other', 'ann' + made.timestamp));
  const flagged = JSON.parse((await cli(['token', '--user', 'bob'], { env })).stdout);
  assert.strictEqual(flagged.token, hmac('other', 'bob' + flagged.timestamp));
});

test('token: strings of every kind are escaped in the output', async () => {
  const user = 'q"b\\s\n\tü€\u{1f600}';
  const made = JSON.parse((await cli(['token', '--secret', 's', '--user', user, '--timestamp', '1'])).stdout);
  assert.strictEqual(made.user, user);
  assert.strictEqual(made.token, hmac('s', user + '1'));
});

test('sign: of client, channel and info', async () => {
  const { code, stdout } = await cli(['sign', '--secret', 'secret', 'c1', '$room', '--info', '{"n":1}']);
  assert.strictEqual(code, 0);
  const sign = hmac('secret', 'c1$room{"n":1}');
  assert.deepStrictEqual(JSON.parse(stdout), { client: 'c1', channel: '$room', info: '{"n":1}', sign });
  assert.strictEqual((await cli(['sign', '-q', '--secret', 'secret', 'c1', '$room'])).stdout, hmac('secret', 'c1$room') + '\n');
});

test('api-sign: of the argument or of standard input, byte for byte', async () => {
  const body = '{"method":"channels"}';
  assert.strictEqual((await cli(['api-sign', '--secret', 'k', body])).stdout, hmac('k', body) + '\n');
  assert.strictEqual((await cli(['api-sign', '--secret', 'k'], { input: body + '\n' })).stdout, hmac('k', body + '\n') + '\n');
  const bytes = Buffer.from([0, 255, 10, 13, 128]);
  assert.strictEqual((await cli(['api-sign', '--secret', 'k', '-'], { input: bytes })).stdout, hmac('k', bytes) + '\n');
});

test('pub refuses what is no JSON before it connects, and says how to quote', async () => {
  for (const data of ['hello', '{"a":1', '', "{'a':1}", '1 2']) {
    const { code, stderr } = await cli(['pub', 'x', data, '--url', 'http://127.0.0.1:1']);
    assert.strictEqual(code, 1, stderr);
    assert.match(stderr, /not valid JSON/);
    assert.match(stderr, /--text/);
  }
});

test('what a terminal would obey is not repeated on it', async () => {
  const { stderr } = await cli(['pub', 'x', '\x1b[31mred\x07']);
  assert.match(stderr, /not valid JSON: \?\[31mred\?\n/);
});

test('an empty standard input is called so', async () => {
  for (const words of [['pub', 'x'], ['pub', '--api', 'x'], ['broadcast', '-', 'x', 'y']]) {
    const { code, stderr } = await cli([...words, '--insecure', '--url', 'http://127.0.0.1:1'], { input: '\n' });
    assert.strictEqual(code, 1);
    assert.match(stderr, /^centrifuge-cli: DATA is empty, which is not valid JSON/);
  }
});

test('a server that is not there: 4, and its address', async () => {
  const calls = [['pub', 'x', '1'], ['pub', '--api', 'x', '1'], ['presence', 'x'], ['history', '--client', 'x'], ['channels'], ['stats']];
  for (const args of calls) {
    const { code, stderr } = await cli([...args, '--secret', 's', '--url', 'http://127.0.0.1:1']);
    assert.strictEqual(code, 4, `${args.join(' ')}: ${stderr}`);
    assert.match(stderr, /127\.0\.0\.1:1/);
  }
});

test('sub keeps trying a server that is not there until its time is over', async () => {
  const { code, stderr, stdout } = await cli(['sub', 'x', '--timeout', '0.3', '--url', 'http://127.0.0.1:1']);
  assert.strictEqual(code, 4);
  assert.match(stderr, /trying again/);
  assert.deepStrictEqual(stdout.trim().split('\n').map((line) => JSON.parse(line).event), ['disconnect']);
});
