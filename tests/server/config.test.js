'use strict';
/* What centrifuged says of configurations that cannot work, or have no effect: at the start, at a reload and as checkconfig alike. */
const { test } = require('node:test');
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { PROGRAM, SECRET, Server, until, runProgram, temporaryFolder } = require('./lib');

/* Without what the machine that runs the tests has set for a server. */
const CLEAN = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^CENTRIFUG/i.test(name)));

async function inFolder(work) {
  const folder = temporaryFolder();
  const file = (name, content) => {
    const raw = content === undefined || typeof content === 'string' || Buffer.isBuffer(content);
    if (content !== undefined) fs.writeFileSync(path.join(folder, name), raw ? content : JSON.stringify(content));
    return path.join(folder, name);
  };
  try {
    await work({ folder, file, run: (args, env) => runProgram(args, { cwd: folder, env: Object.assign({}, CLEAN, env) }) });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/* One line of the log at level `letter`. */
const line = (letter, text) => new RegExp('^\\[' + letter + '\\]: \\S+ \\S+ .*' + text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'm');

const WARNINGS = [
  [{ history_size: 5 }, "option 'history_size' has no effect: there is no history without 'history_lifetime'"],
  [{ history_lifetime: 5 }, "option 'history_lifetime' has no effect: there is no history without 'history_size'"],
  [{ recover: true }, "option 'recover' has no effect: it needs a history"],
  [{ namespaces: [{ name: 'chat', history_size: 5 }] }, "option 'history_size' of namespace 'chat' has no effect"],
  [{ histroy_size: 5 }, "unknown option 'histroy_size' is ignored; did you mean 'history_size'?"],
  [{ namespaces: [{ name: 'chat', publis: true }] }, "it is no option of a namespace; did you mean 'publish'?"],
  [{ secret: SECRET + '\n' }, "option 'secret' has a line end or another control character in it"],
  [{ user_channel_boundary: ':' }, "option 'user_channel_boundary' is ':', which cannot be told from 'namespace_channel_boundary'"],
  [{ expired_connection_close_delay: 5 }, "option 'expired_connection_close_delay' has no effect"],
  [{ http_prefix: '/a/' }, "option 'http_prefix' is '/a/', with which WebSocket and API cannot be reached"],
];

const ERRORS = [
  ['{"history_size": 99999999999999999999}', "option 'history_size' is 99999999999999999999: allowed is 0 to 1000000000 messages"],
  ['{"namespaces": [{"name": "chat", "history_lifetime": 1e300}]}', "option 'history_lifetime' is 1e300: allowed is 0 to 1000000000 s"],
  ['{"ping_interval": -1}', "option 'ping_interval' is -1: allowed is 0 to 1000000000 s"],
  ['{"port": 65536}', "option 'port' is 65536: allowed is 0 to 65535"],
  ['{"http_prefix": "realtime"}', "option 'http_prefix' is 'realtime', with which no request reaches an endpoint"],
  ['{"address": "127.0.0.1,::1,127.0.0.1"}', "option 'address' has '127.0.0.1' twice: remove one"],
  ['{"address": "127.0.0.1:8000"}', "option 'address' is '127.0.0.1:8000', for which ListenAndServe has no address"],
  ['{"pid_file": "one", "log_file": "one"}', "option 'pid_file' is the file of 'log_file' too"],
];

test('checkconfig warns with status 0 of what has no effect', () => inFolder(async ({ file, run }) => {
  for (const [config, text] of WARNINGS) {
    file('c.json', config);
    const checked = await run(['checkconfig', '-c', 'c.json']);
    assert.match(checked.out, line('W', text));
    assert.match(checked.out, line('W', 'c.json:1:'));
    assert.deepStrictEqual([checked.code, checked.err], [0, '']);
  }
}));

test('checkconfig warns of a secret that only the environment may have', () => inFolder(async ({ file, run }) => {
  for (const [options, text] of [[{ secret: '' }, /the server starts only where CENTRIFUGO_SECRET is set/], [{ secret: '', insecure: true }, /the API refuses every request/]]) {
    file('config.json', options);
    const result = await run(['checkconfig']);
    assert.strictEqual(result.code, 0);
    assert.match(result.out, text);
  }
}));

test('checkconfig and the start refuse what cannot work with the same words', () => inFolder(async ({ file, run }) => {
  for (const [config, text] of ERRORS) {
    file('c.json', config);
    for (const args of [['checkconfig', '-c', 'c.json'], ['-c', 'c.json', '--insecure']]) {
      const result = await run(args);
      assert.match(result.out, line('F', text));
      assert.strictEqual(result.code, 1);
    }
    assert.ok(!fs.existsSync(file('one')));
  }
}));

test('the start and a reload warn of the same, and go on', async () => {
  const some = WARNINGS.filter(([config]) => !config.history_lifetime); // which would make the history whole
  const namespaces = some.flatMap(([config]) => config.namespaces || []).map((space, i) => Object.assign({}, space, { name: 'chat' + i }));
  const server = await Server.start(Object.assign({}, ...some.map(([config]) => config), { namespaces }));
  const texts = some.map(([, text]) => text.replace("'chat'", "'chat0'"));
  const times = (text) => server.output.split(text).length - 1;
  try {
    for (const text of texts) assert.strictEqual(times(text), 1, text + ' in ' + server.output);
    server.signal('SIGHUP');
    await until(() => server.output.includes('Configuration successfully reloaded'), 'the reload');
    for (const text of texts) assert.strictEqual(times(text), 2, text);
  } finally {
    await server.stop();
  }
});

test('a reload refuses what cannot work, and nothing changes', async () => {
  const server = await Server.start({ presence: true });
  try {
    for (const [config, text] of ERRORS) {
      fs.writeFileSync(server.file, config.replace('{', '{"secret": "' + SECRET + '", '));
      server.signal('SIGHUP');
      await until(() => line('C', text).test(server.output), text);
    }
    assert.doesNotMatch(server.output, /successfully reloaded/);
    assert.strictEqual((await server.api({ method: 'presence', params: { channel: 'x' } }))[0].error, null);
  } finally {
    await server.stop();
  }
});

test('numbers out of range are named on flags and in the environment too', () => inFolder(async ({ file, run }) => {
  file('config.json', { secret: 's', address: '127.0.0.1' });
  const flag = await run(['-p', '99999']);
  assert.match(flag.out, line('F', "--port: option 'port' is 99999: allowed is 0 to 65535"));
  const variable = await run(['-p', '0'], { CENTRIFUGO_HISTORY_SIZE: '99999999999999999999' });
  assert.match(variable.out, line('F', "CENTRIFUGO_HISTORY_SIZE: option 'history_size' is 99999999999999999999: allowed is 0 to"));
  assert.deepStrictEqual([flag.code, variable.code], [1, 1]);
}));

test('variables that nothing reads are named without their value', () => inFolder(async ({ run }) => {
  // ends at once, for want of a secret
  const result = await run(['-p', '0'], { CENTRIFUGO_SECERT: 'hunter2', CENTRIFUGO_PING_INTERVAL: '5', CENTRIFUGO_NAME: '', CENTRIFUGE_URL: 'x' });
  assert.match(result.out, line('W', "variable 'CENTRIFUGO_SECERT' is not read; did you mean CENTRIFUGO_SECRET?"));
  assert.match(result.out, line('W', "variable 'CENTRIFUGO_PING_INTERVAL' is not read; did you mean CENTRIFUGED_PING_INTERVAL?"));
  assert.doesNotMatch(result.out, /hunter2|CENTRIFUGO_NAME|CENTRIFUGE_URL/);
}));

test('a mistyped flag brings the one that may be meant, and not its value', () => inFolder(async ({ run }) => {
  const result = await run(['--adress=hunter2']);
  assert.strictEqual(result.code, 2);
  assert.match(result.err, /unknown flag: --adress; did you mean --address\?\n/);
  assert.doesNotMatch(result.err, /hunter2/);
}));

test('a byte order mark is skipped, UTF-16 is called so', () => inFolder(async ({ file, run }) => {
  const text = '\ufeff{"secret": "s"}';
  file('mark.json', text);
  file('wide.json', Buffer.from(text, 'utf16le'));
  const marked = await run(['checkconfig', '-c', 'mark.json']);
  assert.deepStrictEqual([marked.code, marked.out], [0, '']);
  const wide = await run(['checkconfig', '-c', 'wide.json']);
  assert.strictEqual(wide.code, 1);
  assert.match(wide.out, line('F', 'the file is UTF-16: save it as UTF-8'));
}));

/* ---- genconfig ---- */

test('the file of genconfig is for its owner only, whatever the umask', () => inFolder(async ({ folder, file }) => {
  execFileSync('/bin/sh', ['-c', 'umask 0; exec "$0" genconfig', PROGRAM], { cwd: folder });
  assert.strictEqual(fs.statSync(file('config.json')).mode & 0o777, 0o600);
  assert.deepStrictEqual(fs.readdirSync(folder), ['config.json']);
}));

test('genconfig follows no link, not even one that leads nowhere', () => inFolder(async ({ folder, file, run }) => {
  fs.symlinkSync('elsewhere.json', file('config.json'));
  const result = await run(['genconfig']);
  assert.strictEqual(result.code, 1);
  assert.match(result.out, line('F', 'output config file already exists: config.json'));
  assert.deepStrictEqual(fs.readdirSync(folder), ['config.json']);
}));

test('what genconfig cannot write to its end is not there', () => inFolder(async ({ folder }) => {
  assert.throws(() => execFileSync('/bin/sh', ['-c', 'trap "" XFSZ; ulimit -f 0; "$0" genconfig', PROGRAM], { cwd: folder, encoding: 'utf8' }),
    (error) => error.status === 1 && /\[F\]: .*config\.json: File too large/.test(error.stdout));
  assert.deepStrictEqual(fs.readdirSync(folder), []);
}));

test('checkconfig looks whether a start would find its files and ports', () => inFolder(async ({ file, run }) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => taken.once('listening', resolve));
  const { port } = taken.address();
  try {
    file('busy.json', { secret: SECRET, address: '127.0.0.1', port });
    const busy = await run(['checkconfig', 'busy.json']);
    assert.match(busy.out, line('W', 'port ' + port + " of address '127.0.0.1' cannot be had: Address already in use"));
    assert.strictEqual(busy.code, 0);
  } finally {
    taken.close();
  }
  for (const option of ['pid_file', 'api_socket']) {
    file('folder.json', { secret: SECRET, port: 0, [option]: 'nowhere/name' });
    const missing = await run(['checkconfig', 'folder.json']);
    assert.match(missing.out, line('F', "config error: option '" + option + "' is 'nowhere/name', which cannot be made: No such file or directory"));
    assert.strictEqual(missing.code, 1);
  }
  for (const [option, kind] of [['pid_file', 'pid file'], ['api_socket', 'socket']]) {
    file('other.json', { secret: SECRET, port: 0, [option]: 'other.json' });
    const other = await run(['checkconfig', 'other.json']);
    assert.match(other.out, line('F', "config error: option '" + option + "' is 'other.json', which is there and no " + kind + ': remove it, or name another one'));
    assert.strictEqual(other.code, 1);
  }
  const listener = net.createServer().listen(file('socket'));
  await new Promise((resolve) => listener.once('listening', resolve));
  file('served.json', { secret: SECRET, port: 0, api_socket: 'socket' });
  const served = await run(['checkconfig', 'served.json']);
  await new Promise((resolve) => listener.close(resolve));
  assert.match(served.out, line('W', "option 'api_socket' is 'socket', where a program listens; unless it is to be replaced"));
  assert.strictEqual(served.code, 0);
  file('log.json', { secret: SECRET, port: 0, log_file: 'nowhere/name', pid_file: 'pid' });
  const log = await run(['checkconfig', 'log.json']);
  assert.match(log.out, line('W', "option 'log_file' is 'nowhere/name', which cannot be opened: No such file or directory"));
  assert.strictEqual(log.code, 0);
  assert.ok(!fs.existsSync(file('pid')));
}));
