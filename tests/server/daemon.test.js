'use strict';
/* centrifuged as a program: command line, files, ports, signals, log. */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { Server, frame, credentials, until, runProgram, temporaryFolder } = require('./lib');

/* Runs in a folder of its own. */
async function inFolder(work) {
  const folder = temporaryFolder();
  const file = (name, text) => {
    if (text !== undefined) fs.writeFileSync(path.join(folder, name), text);
    return path.join(folder, name);
  };
  const env = Object.assign({}, process.env);
  for (const name of Object.keys(env)) if (name.startsWith('CENTRIFUGO_')) delete env[name];
  try {
    await work({ file, run: (args, extra) => runProgram(args, { cwd: folder, env: Object.assign({}, env, extra) }) });
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

async function withServer(config, work, args) {
  const server = await Server.start(config, args);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

/* ---- command line ---- */

test('version and help', () => inFolder(async ({ run }) => {
  const version = await run(['version']);
  assert.match(version.out, /^centrifuged v\d+\.\d+\.\d+\n$/);
  assert.strictEqual(version.code, 0);
  for (const args of [['--help'], ['-h'], ['help'], ['genconfig', '--help']]) {
    const help = await run(args);
    assert.strictEqual(help.code, 0);
    for (const word of ['genconfig', 'checkconfig', '-p, --port', '--insecure_api', '-c, --config']) assert.ok(help.out.includes(word), word);
    assert.strictEqual(help.err, '');
  }
}));

test('a wrong command line exits with 2 and says why', () => inFolder(async ({ run }) => {
  for (const [args, text] of [[['--nope'], 'unknown flag: --nope'], [['-z'], 'unknown flag: -z'], [['serve'], 'unknown command: serve'],
    [['--port'], '--port needs a value'], [['-c'], '-c needs a value'], [['version', 'version'], 'unknown command: version'],
    [['--pong_interval', '3'], 'unknown flag: --pong_interval']]) {
    const result = await run(args);
    assert.strictEqual(result.code, 2, args.join(' '));
    assert.ok(result.err.includes(text), result.err);
    assert.ok(result.err.includes("--help"));
    assert.strictEqual(result.out, '');
  }
}));

test('genconfig writes a file that checkconfig likes, and never overwrites one', () => inFolder(async ({ run, file }) => {
  const made = await run(['genconfig']);
  assert.deepStrictEqual([made.code, made.out, made.err], [0, '', '']);
  const text = fs.readFileSync(file('config.json'), 'utf8');
  assert.match(text, /^\{\n  "secret": "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"\n\}\n$/);
  const again = await run(['genconfig', '-c', 'config.json']);
  assert.strictEqual(again.code, 1);
  assert.match(again.out, /^\[F\]: \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d output config file already exists: config\.json\n$/);
  assert.strictEqual(fs.readFileSync(file('config.json'), 'utf8'), text);
  const checked = await run(['checkconfig', '-c', 'config.json']);
  assert.deepStrictEqual([checked.code, checked.out, checked.err], [0, '', '']);
  const other = await run(['genconfig', '-c', 'config.ini']);
  assert.strictEqual(other.code, 1);
  assert.match(other.out, /supported extensions: json, toml, yaml, yml/);
  assert.ok(!fs.existsSync(file('config.ini')));
}));

test('checkconfig says what is wrong and where', () => inFolder(async ({ run, file }) => {
  file('broken.json', '{\n  "secret": "x",\n}');
  file('names.json', '{"namespaces": [{"name": "a b"}]}');
  file('range.json', '{\n  "client_channel_limit": -1\n}');
  file('file.toml', 'secret = x');
  file('file.ini', 'secret = x');
  for (const [name, text] of [['missing.json', 'Unable to locate config file, use "centrifuged genconfig -c missing.json"'],
    ['broken.json', 'While parsing config: broken.json:3:1'], ['names.json', 'config error: wrong namespace name \u2013 a b'],
    ['range.json', "range.json:2:3: option 'client_channel_limit' is -1: allowed is 1 to"], ['file.toml', 'While parsing config: file.toml:1:10: '], ['file.ini', 'Unable to locate config file: the name must end in .json, .yaml, .yml or .toml: file.ini']]) {
    const result = await run(['checkconfig', '-c', name]);
    assert.strictEqual(result.code, 1, name);
    assert.ok(result.out.includes(text), result.out);
  }
}));

/* ---- starting ---- */

test('without a secret it does not start', () => inFolder(async ({ run, file }) => {
  const none = await run(['-p', '0']);
  assert.strictEqual(none.code, 1);
  assert.match(none.out, /No config file found: config\.json/);
  assert.match(none.out, /\[F\]: .*option 'secret' is empty/);
  file('empty.json', '{}');
  const empty = await run(['-p', '0', '-c', 'empty.json']);
  assert.strictEqual(empty.code, 1);
  assert.match(empty.out, /option 'secret' is empty/);
  const missing = await run(['-p', '0', '--insecure', '--config=nowhere.json']);
  assert.strictEqual(missing.code, 1);
  assert.match(missing.out, /\[F\]: .*No config file found: nowhere\.json: No such file/);
  file('other.ini', 'secret=x');
  const other = await run(['-p', '0', '-c', 'other.ini']);
  assert.strictEqual(other.code, 1);
  assert.match(other.out, /No config file found: other\.ini: the name must end in \.json, \.yaml, \.yml or \.toml/);
}));

test('what this version does not have is refused, whatever it comes from', () => inFolder(async ({ run, file }) => {
  file('config.json', '{"secret": "s"}');
  for (const args of [['--ssl_autocert'], ['--ssl_autocert=true']]) {
    const result = await run(['-p', '0'].concat(args));
    assert.strictEqual(result.code, 1, args.join(' '));
    assert.match(result.out, /\[F\]: .*Error validating config: config error: --\w+: option '\w+' cannot be used: .* is not part of this version/);
  }
  const env = await run(['-p', '0'], { CENTRIFUGED_SSL_AUTOCERT: 'true' });
  assert.strictEqual(env.code, 1);
  assert.match(env.out, /CENTRIFUGED_SSL_AUTOCERT: option 'ssl_autocert' cannot be used: .* is not part of this version/);
}));

test('a port that is taken is named, with the way to another one', () => inFolder(async ({ run, file }) => {
  const holder = net.createServer();
  await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const port = holder.address().port;
  file('config.json', '{"secret": "s", "address": "127.0.0.1"}');
  const result = await run(['-p', String(port)]);
  holder.close();
  assert.strictEqual(result.code, 1);
  assert.match(result.out, new RegExp('\\[F\\]: .*listen tcp 127\\.0\\.0\\.1:' + port + ': bind: address already in use.* -p '));
}));

test('the start is logged in the order of the reference', () => withServer({ sockjs_url: '//cdn.example/sockjs.js' }, async (server) => {
  const lines = server.output.trim().split('\n').map((l) => l.replace(/^\[(.)\]: \d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /, '$1 '));
  assert.match(lines[0], /^I Config path: \/.*config\.json$/);
  assert.match(lines[1], /^I Version: \d/);
  assert.match(lines[2], /^I PID: \d+$/);
  assert.strictEqual(lines[3], 'I Engine: In memory \u2013 single node only');
  assert.match(lines[4], /^I Limits: open files \d+, memory (unlimited|\d+ bytes), core files (unlimited|\d+ bytes)$/);
  assert.strictEqual(lines[5], 'W Running in INSECURE client mode');
  assert.strictEqual(lines[6], 'W Running in INSECURE API mode');
  assert.strictEqual(lines[7], 'I SockJS url: //cdn.example/sockjs.js');
  assert.match(lines[8], /^I Workers: [1-9]\d*$/);
  assert.strictEqual(lines[9], 'I Start serving raw websocket, SockJS, API endpoints on 127.0.0.1:' + server.port);
}, ['--insecure', '--insecure_api=true']));

test('unknown options, and those without effect, are warned of', () => withServer({ secert: 'x', redis_host: 'db' }, async (server) => {
  assert.match(server.output, /\[W\]: .*config\.json:\d+:3: unknown option 'secert' is ignored/);
  assert.match(server.output, /\[W\]: .*option 'redis_host' has no effect: 'engine' is 'memory'; with 'redis' it counts/);
}));

/* ---- ports and paths ---- */

test('the API can have a port of its own', async () => {
  const probe = net.createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const free = probe.address().port;
  await new Promise((resolve) => probe.close(resolve));
  await withServer({ api_port: String(free) }, async (server) => {
    assert.match(server.output, /Start serving raw websocket, SockJS endpoints on 127/);
    await until(() => server.logged().includes('Start serving API endpoints on 127.0.0.1:' + free), 'the second port in the log');
    server.apiPort = free;
    await server.api({ method: 'channels' });
    assert.strictEqual((await server.request({ port: server.port })).status, 404);
    assert.strictEqual((await server.request({ path: '/connection/websocket', method: 'GET' })).status, 404);
    (await server.client('ann')).end();
  });
});

test('http_prefix stands before every path', () => withServer({ http_prefix: '/pfx' }, async (server) => {
  assert.strictEqual((await server.request({ path: '/api/' })).status, 404);
  assert.strictEqual((await server.request({ path: '/pfx/api/' })).status, 400);
  assert.strictEqual((await server.request({ path: '/pfx/api?x=1' })).headers.location, '/pfx/api/?x=1');
}));

test('paths: unknown, without their slash, not clean, wrong methods', () => withServer({}, async (server) => {
  const get = (p, method) => server.request({ path: p, method: method || 'GET' });
  const unknown = await get('/nowhere');
  assert.deepStrictEqual([unknown.status, unknown.text], [404, '404 page not found\n']);
  assert.strictEqual(unknown.headers['content-type'], 'text/plain; charset=utf-8');
  assert.strictEqual(unknown.headers['x-content-type-options'], 'nosniff');
  for (const [from, to] of [['/api', '/api/'], ['/connection', '/connection/'], ['//connection/info?a', '/connection/info?a'], ['/a/../api/', '/api/']]) {
    const moved = await get(from);
    assert.deepStrictEqual([moved.status, moved.headers.location], [301, to]);
    assert.match(moved.text, /<a href=/);
  }
  assert.strictEqual((await get('/connection/websocket/')).status, 404);
  const wrong = await get('/connection/websocket', 'POST');
  assert.deepStrictEqual([wrong.status, wrong.text, wrong.headers['sec-websocket-version']], [405, 'Method Not Allowed\n', '13']);
  const bad = await get('/connection/websocket');
  assert.deepStrictEqual([bad.status, bad.text, bad.headers['sec-websocket-version']], [400, 'Bad Request\n', '13']);
  assert.strictEqual((await get('/api/', 'OPTIONS')).status, 400);
  assert.strictEqual((await get('/api/', 'HEAD')).text, '');
}));

test('a client behind the same server name sees exactly the headers of the handshake', () => withServer({}, async (server) => {
  const raw = await server.raw();
  raw.write('GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Protocol: a, b\r\n' +
    'Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  await raw.waitText('\r\n\r\n');
  const head = raw.text().split('\r\n');
  assert.strictEqual(head[0], 'HTTP/1.1 101 Switching Protocols');
  assert.deepStrictEqual(head.slice(1, -2).sort(), ['Connection: Upgrade', 'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 'Upgrade: websocket']);
  raw.end();
}));

/* ---- signals ---- */

test('SIGTERM tells every client, answers 503 meanwhile, and removes the pid file', async () => {
  const folder = temporaryFolder();
  const pidFile = path.join(folder, 'pid');
  const server = await Server.start({ pid_file: pidFile });
  assert.strictEqual(fs.readFileSync(pidFile, 'utf8'), server.child.pid + '\n');
  const client = await server.client('ann');
  const lazy = await (await server.raw({ allowHalfOpen: true })).upgrade(); // does not close its side: the server waits a second for it
  lazy.write(frame(1, JSON.stringify({ method: 'connect', params: credentials('bob') })));
  await lazy.frame();
  const kept = await server.raw();
  server.signal('SIGTERM');
  assert.deepStrictEqual(await client.waitClosed(), { code: 3000, reason: '{"reason":"shutting down","reconnect":true}' });
  kept.write('GET /connection/websocket HTTP/1.1\r\nHost: x\r\n\r\n');
  await kept.waitText('\r\n\r\n');
  assert.match(kept.text(), /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  assert.doesNotMatch(kept.text(), /Content-Type/);
  lazy.end();
  await server.stop();
  assert.match(server.output, /Signal received: terminated\n.*Shutting down\n/);
  assert.ok(!fs.existsSync(pidFile));
  fs.rmSync(folder, { recursive: true });
});

test('SIGINT ends it as well, and the impatient who send more do not hurry it', async () => {
  const server = await Server.start({});
  const timer = setInterval(() => server.signal('SIGINT'), 1);
  await server.done;
  clearInterval(timer);
  assert.deepStrictEqual(server.ended, { code: 0, signal: null });
  await server.stop();
});

test('SIGHUP reads the file again; what is wrong changes nothing', () => withServer({ log_level: 'info', presence: false }, async (server) => {
  const client = await server.client('ann');
  await client.command('subscribe', { channel: 'news' });
  const presence = async () => (await client.command('presence', { channel: 'news' })).error;
  assert.strictEqual(await presence(), 'not available');
  const reload = async (write, answer) => {
    const before = server.logged().length;
    write();
    server.signal('SIGHUP');
    await until(() => answer.test(server.logged().slice(before)), String(answer));
  };
  await reload(() => server.writeConfig({ presence: true, port: 1 }), /Configuration successfully reloaded/);
  assert.match(server.output, /option 'port' changed: it counts after a restart/);
  assert.strictEqual(await presence(), undefined);
  await reload(() => fs.writeFileSync(server.file, '{"presence": false,'), /\[C\]: .*Error parsing configuration: While parsing config: /);
  await reload(() => server.writeConfig({ log_level: 'debug', namespaces: [{ name: '?' }] }), /\[C\]: .*Error validating config: config error: wrong namespace name/);
  await reload(() => fs.rmSync(server.file), /\[C\]: .*No config file found/);
  assert.strictEqual(await presence(), undefined);
  assert.doesNotMatch(server.output, /\[D\]/); // the log level of a refused configuration does not count
  await reload(() => server.writeConfig({ log_level: 'debug', presence: false }), /Configuration successfully reloaded/);
  assert.strictEqual(await presence(), 'not available');
  await server.request({ path: '/nowhere', method: 'GET', headers: { 'X-Real-IP': '10.1.2.3' } });
  await until(() => /\[D\]: .*GET \/nowhere from 10\.1\.2\.3 completed in /.test(server.output), 'the request in the log');
  client.end();
}));

test('the log file is opened again after it was moved away', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'log');
  const server = await Server.start({ log_file: file });
  try {
    assert.strictEqual(server.output, '');
    fs.renameSync(file, file + '.1');
    server.signal('SIGHUP');
    await until(() => fs.existsSync(file) && /successfully reloaded/.test(fs.readFileSync(file, 'utf8')), 'the new log file');
    assert.match(fs.readFileSync(file + '.1', 'utf8'), /Reloading configuration/);
  } finally {
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  }
});

test('the log file is opened again where the configuration is wrong, too', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'log');
  const server = await Server.start({ log_file: file });
  try {
    fs.renameSync(file, file + '.1');
    fs.writeFileSync(server.file, '{');
    server.signal('SIGHUP');
    await until(() => fs.existsSync(file) && /\[C\]: .*Error parsing configuration/.test(fs.readFileSync(file, 'utf8')), 'the new log file');
  } finally {
    await server.stop();
    fs.rmSync(folder, { recursive: true });
  }
});

test('lines of the log cannot be forged by paths', () => withServer({ log_level: 'debug' }, async (server) => {
  await server.request({ path: '/a%0a%5bF%5d:%20%1b%5b31mfake', method: 'GET' });
  await until(() => /GET \/a\?\[F\]: \?\[31mfake from 127\.0\.0\.1/.test(server.output), 'the request in the log');
}));

/* The answer to subscribe tells a position there: a message behind that, before it, would be recovered once more. */
test('the own message of [subscribe, publish] comes behind the answers where the channel recovers, else before them', () => {
  const history = { history_size: 10, history_lifetime: 60, publish: true };
  const namespaces = [{ name: 'back', recover: true, ...history }, { name: 'plain', ...history }];
  return withServer({ namespaces }, async (server) => {
    const client = await server.client('ann');
    const methods = async (channel) => {
      client.messages = [];
      client.send([{ uid: 'a', method: 'subscribe', params: { channel } }, { uid: 'b', method: 'publish', params: { channel, data: 1 } }]);
      await until(() => client.messages.length === 2, 'the answers and the message');
      return client.messages.map((message) => [].concat(message).map((one) => one.method).join(' '));
    };
    assert.deepStrictEqual(await methods('back:x'), ['subscribe publish', 'message']);
    assert.deepStrictEqual(await methods('plain:x'), ['message', 'subscribe publish']);
    client.end();
  });
});
