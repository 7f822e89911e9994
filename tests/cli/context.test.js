'use strict';
/* Servers with a name: what is kept, who reads it, and that nothing secret is shown. */
const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cli, server } = require('./lib');

let secure;
let folder;
test.before(async () => { secure = await server(); });
test.after(() => secure.stop());
test.beforeEach(() => { folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-context-')); });
test.afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const file = (name) => path.join(folder, 'centrifuge', name);
const run = (args, env) => cli(args, { env: { XDG_CONFIG_HOME: folder, ...env } });
const good = { code: 0, stdout: '', stderr: '' };
const lines = ({ stdout }) => stdout.split('\n').filter(Boolean).map(JSON.parse);

test('a context is added, listed, shown, selected, used and removed', async () => {
  assert.deepStrictEqual(await run(['context', 'add', 'prod', '--url', secure.url, '--secret', 'secret', '--timeout', '120']), good);
  assert.deepStrictEqual(await run(['context', 'add', 'local', '-u', 'http://127.0.0.1:1', '--insecure']), good);
  assert.deepStrictEqual(lines(await run(['context', 'ls'])), [{ name: 'local', url: 'http://127.0.0.1:1', selected: false }, { name: 'prod', url: secure.url, selected: false }]);
  assert.strictEqual((await run(['channels', '--context', 'prod'])).stdout, '[]\n');
  assert.strictEqual((await run(['--context', 'prod', 'channels'])).stdout, '[]\n');
  assert.strictEqual((await run(['channels'], { CENTRIFUGE_CONTEXT: 'prod' })).stdout, '[]\n');
  assert.deepStrictEqual(await run(['context', 'select', 'prod']), good);
  assert.deepStrictEqual(lines(await run(['context', 'ls']))[1], { name: 'prod', url: secure.url, selected: true });
  assert.strictEqual((await run(['channels'])).stdout, '[]\n');
  assert.deepStrictEqual(await run(['pub', 'chat:x', '1']), good);
  assert.deepStrictEqual(lines(await run(['context', 'show']))[0],
    { name: 'prod', file: file('contexts/prod'), options: { url: secure.url, secret: '***', timeout: 120 } });
  assert.deepStrictEqual(await run(['context', 'select']), good);
  assert.deepStrictEqual(lines(await run(['context', 'ls'])).map(({ selected }) => selected), [false, false]);
  await run(['context', 'select', 'prod']);
  assert.deepStrictEqual(await run(['context', 'rm', 'prod']), good);
  assert.strictEqual((await run(['context', 'ls', '-q'])).stdout, 'local\n');
  assert.match((await run(['context', 'show'])).stderr, /no context is selected/);
});

test('what is kept is for the user alone', async () => {
  await run(['context', 'add', 'prod', '--secret', 'secret']);
  await run(['context', 'select', 'prod']);
  const mode = (name) => (fs.statSync(file(name)).mode & 0o777).toString(8);
  assert.deepStrictEqual(['', 'contexts', 'contexts/prod', 'context'].map(mode), ['700', '700', '600', '600']);
  assert.deepStrictEqual(fs.readdirSync(file('contexts')), ['prod']);
});

test('without XDG_CONFIG_HOME it is ~/.config; without both there is no place', async () => {
  const home = { XDG_CONFIG_HOME: '', HOME: folder };
  assert.deepStrictEqual(await run(['context', 'add', 'here', '--insecure'], home), good);
  assert.ok(fs.existsSync(path.join(folder, '.config/centrifuge/contexts/here')));
  const none = await run(['context', 'add', 'here'], { XDG_CONFIG_HOME: 'relative', HOME: '' });
  assert.strictEqual(none.code, 2);
  assert.match(none.stderr, /set XDG_CONFIG_HOME or HOME/);
  assert.strictEqual((await run(['token', '--secret', 'x'], { XDG_CONFIG_HOME: '', HOME: '' })).code, 0);
});

test('every option that it keeps comes back, and nothing secret is shown', async () => {
  const kept = ['--url', 'http://joe:hunter2@127.0.0.1:1/x?hunter2', '--user', 'ann b', '--info', '{"n": "a  b"}', '--timestamp', '17',
    '--token', 'hunter2', '--secret', 'hunter2', '--auth-endpoint', 'http://joe:hunter2@h/auth', '--auth-header', 'A: hunter2',
    '--auth-header', 'B: hunter2: x', '-H', 'C: hunter2', '--insecure', '--ca-file', '/ca.pem', '--cert', '/c.pem', '--key', '/k.pem',
    '--no-verify', '--proxy', 'http://joe:hunter2@p:1', '--transport', 'websocket,xhr-polling', '--timeout', '0.25'];
  assert.deepStrictEqual(await run(['context', 'add', 'all', ...kept]), good);
  const { stdout } = await run(['context', 'show', 'all']);
  assert.doesNotMatch(stdout, /hunter2/);
  assert.deepStrictEqual(JSON.parse(stdout).options, {
    url: 'http://127.0.0.1:1/x', user: 'ann b', info: '{"n": "a  b"}', timestamp: '17', token: '***', secret: '***',
    'auth-endpoint': 'http://h/auth', 'auth-header': { A: '***', B: '***' }, header: { C: '***' }, insecure: true, 'ca-file': '/ca.pem',
    cert: '/c.pem', key: '/k.pem', 'no-verify': true, proxy: 'http://p:1', transport: 'websocket,xhr-polling', timeout: 0.25 });
  const text = fs.readFileSync(file('contexts/all'), 'utf8');
  assert.match(text, /^auth-header B: hunter2: x$/m);
});

test('a flag wins over the environment, which wins over the context', async () => {
  await run(['context', 'add', 'one', '--secret', 'kept', '--user', 'kept', '--url', secure.url]);
  const user = async (args, env) => JSON.parse((await run(['token', '--context', 'one', ...args], env)).stdout).user;
  assert.strictEqual(await user([], {}), 'kept');
  assert.strictEqual(await user([], { CENTRIFUGE_USER: 'environment' }), 'environment');
  assert.strictEqual(await user(['--user', 'flag'], { CENTRIFUGE_USER: 'environment' }), 'flag');
  fs.appendFileSync(file('contexts/one'), 'insecure\n');
  assert.match((await run(['channels', '--context', 'one', '--secret', 'secret'])).stderr, /400/);
  assert.strictEqual((await run(['channels', '--context', 'one', '--secret', 'secret'], { CENTRIFUGE_INSECURE: '0' })).stdout, '[]\n');
});

test('the selected one gives its credentials to no other server', async () => {
  await run(['context', 'add', 'one', '--secret', 'secret']);
  await run(['context', 'select', 'one']);
  assert.strictEqual((await run(['channels', '--url', secure.url])).code, 3);
  assert.strictEqual((await run(['channels'], { CENTRIFUGE_URL: secure.url })).code, 3);
  assert.strictEqual((await run(['channels', '--url', secure.url, '--context', 'one'])).stdout, '[]\n');
});

test('a file of a person\'s: blanks, comments and line ends of another system; what is wrong is named by its line', async () => {
  await run(['context', 'add', 'hand']);
  const write = (text) => fs.writeFileSync(file('contexts/hand'), text);
  write(`# mine\r\n\r\n  secret \t secret\r\nurl ${secure.url}\r\ntransport websocket`);
  assert.strictEqual((await run(['channels', '--context', 'hand'])).stdout, '[]\n');
  for (const [text, message] of [
    ['url http://h\nsecrt hunter2\n', /hand, line 2: secrt is no option of a context/],
    ['count 3\n', /line 1: count is no option/],
    ['secret\n', /line 1: secret is no option of a context, or its value is missing/],
    ['insecure 1\n', /line 1: insecure/],
    ['timeout soon\n', /line 1: timeout is 'soon': give seconds from 0\.001/],
    ['header hunter2\n', /line 1: header is no header/],
    ['x'.repeat(70000), /File too large/],
  ]) {
    write(text);
    const { code, stderr } = await run(['pub', 'x', '1', '--context', 'hand']);
    assert.strictEqual(code, 2, text.slice(0, 20));
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /hunter2/);
  }
});

test('what is wrong is refused, and changes nothing', async () => {
  await run(['context', 'add', 'one', '--secret', 'kept']);
  for (const [args, message] of [
    [['context', 'add', 'one', '--secret', 'other'], /there is a context one already/],
    [['context', 'add', '../x'], /'\.\.\/x' is no name of a context/],
    [['context', 'add', '.x'], /is no name/],
    [['context', 'add', 'x'.repeat(65)], /is no name/],
    [['context', 'add'], /which context\? Give its name/],
    [['context', 'rm', 'two'], /there is no context two/],
    [['context', 'select', 'two'], /there is no context two/],
    [['context', 'show', 'two'], /there is no context two/],
    [['context', 'ls', 'one'], /leave 'one' out/],
    [['context', 'change', 'one'], /give add, ls, select, rm or show/],
    [['context', 'show', 'one', '--secret', 'x'], /takes no options of a server/],
    [['channels', '--context', 'two'], /there is no context two/],
    [['channels', '--context', '../contexts/one'], /is no name of a context/],
  ]) {
    const { code, stderr } = await run(args);
    assert.strictEqual(code, 2, args.join(' '));
    assert.match(stderr, message);
  }
  const line = await run(['context', 'add', 'two', '--user', 'a\nsecret b']);
  assert.strictEqual(line.code, 1);
  assert.match(line.stderr, /--user is empty or has more than one line/);
  assert.deepStrictEqual(fs.readdirSync(file('contexts')), ['one']);
  assert.strictEqual(fs.readFileSync(file('contexts/one'), 'utf8'), 'secret kept\n');
});

test('a folder that cannot be written is told', async () => {
  fs.writeFileSync(file(''), '');
  const { code, stderr } = await run(['context', 'add', 'one']);
  assert.strictEqual(code, 1);
  assert.match(stderr, /cannot .*centrifuge.*: Not a directory/);
});

test('an address that could not be used is not kept', async () => {
  const { code, stderr } = await run(['context', 'add', 'bad', '--url', 'nonsense']);
  assert.strictEqual(code, 2);
  assert.match(stderr, /--url is 'nonsense': /);
  assert.strictEqual((await run(['context', 'ls'])).stdout, '');
});
