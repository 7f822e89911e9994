'use strict';
/* What goes with a connection: headers, certificates of one's own; and options in front of the command. */
const test = require('node:test');
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const { cli, running, server } = require('./lib');

let open;
let folder;
test.before(async () => {
  open = await server({ insecure: true, insecure_api: true });
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-way-'));
});
test.after(async () => {
  await open.stop();
  fs.rmSync(folder, { recursive: true });
});

const listening = async (listener) => {
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return listener.address().port;
};

test('--header is sent when a client connects', async (t) => {
  const upgrades = [];
  const site = http.createServer().on('upgrade', (request, socket) => {
    upgrades.push(request.headers);
    socket.destroy();
  });
  t.after(() => site.close());
  const url = 'http://127.0.0.1:' + (await listening(site));
  const { code } = await cli(['pub', 'x', '1', '--url', url, '--transport', 'websocket', '-H', 'X-Device: 7', '--header=X-Room: a:b']);
  assert.strictEqual(code, 4);
  assert.strictEqual(upgrades[0]['x-device'], '7');
  assert.strictEqual(upgrades[0]['x-room'], 'a:b');
});

test('--header is sent with requests to the HTTP API', async (t) => {
  const asked = [];
  const site = http.createServer((request, response) => {
    asked.push(request.headers);
    let body = '';
    request.on('data', (part) => { body += part; }).on('end', () => response.end(`[{"method":"${/"method":"(\w+)"/.exec(body)[1]}","error":null,"body":{"data":[]}}]`));
  });
  t.after(() => site.close());
  const url = 'http://127.0.0.1:' + (await listening(site));
  const calls = [['pub', '--api', 'x', '1'], ['history', 'x'], ['channels'], ['disconnect', '42'], ['bench', 'x', '--api', '-s', '0', '-n', '1']];
  for (const words of calls) {
    const { code, stderr } = await cli([...words, '--url', url, '--insecure', '-H', 'X-Device: 7', '--header=Authorization: Bearer a:b']);
    assert.strictEqual(code, 0, words[0] + ': ' + stderr);
    const { 'x-device': device, authorization } = asked.pop();
    assert.deepStrictEqual({ device, authorization }, { device: '7', authorization: 'Bearer a:b' });
  }
});

test('--header that is none, or that is the library\'s, is wrong usage', async () => {
  for (const [args, message] of [
    [['sub', 'x', '-H', 'nothing'], /--header is no header: give one line 'NAME: VALUE'/],
    [['sub', 'x', '-H', 'Upgrade: hunter2'], /--header: Upgrade is set by the library/],
    [['pub', '--api', 'x', '1', '-H', 'X-API-Sign: hunter2'], /--header: X-API-Sign is set by the library/],
    [['history', 'x', '-H', 'Content-Length: hunter2'], /--header: Content-Length is set by the library/],
  ]) {
    const { code, stderr } = await cli([...args, '--url', open.url]);
    assert.strictEqual(code, 2, stderr);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /hunter2/);
  }
});

/* An authority, and a certificate by it for `name`: files of these names. */
function certify(name) {
  const file = (end) => path.join(folder, end);
  const openssl = (...args) => execFileSync('openssl', args, { stdio: 'pipe' });
  if (!fs.existsSync(file('ca.pem'))) {
    openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=authority', '-keyout', file('ca.key'), '-out', file('ca.pem'));
  }
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=' + name, '-keyout', file(name + '.key'), '-out', file(name + '.csr'));
  fs.writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1\n');
  openssl('x509', '-req', '-in', file(name + '.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-extfile', file('names'), '-out', file(name + '.pem'));
  return { cert: file(name + '.pem'), key: file(name + '.key'), ca: file('ca.pem') };
}

test('--cert and --key are shown to who asks for them', async (t) => {
  const own = certify('server');
  const mine = certify('client');
  const [cert, key, ca] = [own.cert, own.key, own.ca].map((name) => fs.readFileSync(name));
  const gate = tls.createServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true }, (socket) => {
    const other = net.connect(open.port, '127.0.0.1');
    for (const end of [socket, other]) end.on('error', () => {}).on('close', () => { socket.destroy(); other.destroy(); });
    socket.pipe(other).pipe(socket);
  }).on('tlsClientError', () => {});
  t.after(() => gate.close());
  const url = 'https://127.0.0.1:' + (await listening(gate));
  const both = path.join(folder, 'both.pem');
  fs.writeFileSync(both, fs.readFileSync(mine.cert, 'utf8') + fs.readFileSync(mine.key, 'utf8'));
  const ask = (words, ...shown) => cli([...words, '--url', url, '--ca-file', mine.ca, ...shown]);
  for (const words of [['channels'], ['pub', 'chat:x', '1']]) {
    assert.strictEqual((await ask(words, '--cert', mine.cert, '--key', mine.key)).code, 0);
    assert.strictEqual((await ask(words, '--cert', both)).code, 0);
    assert.strictEqual((await ask(words)).code, 4);
    const { code, stderr } = await ask(words, '--cert', path.join(folder, 'nothing.pem'));
    assert.strictEqual(code, 2, stderr);
    assert.match(stderr, /nothing\.pem|certificate/);
  }
});

test('options that all commands share stand in front of the command, too', async () => {
  const sub = running(['--url', open.url, '--timeout=120', '-v', 'sub', '-n', '1', 'chat:front']);
  await sub.event('subscribe');
  assert.deepStrictEqual(await cli(['-u', open.url, 'pub', 'chat:front', '1']), { code: 0, stdout: '', stderr: '' });
  assert.strictEqual((await sub.event('message')).data, 1);
  assert.strictEqual(await sub.code, 0);
  assert.match((await cli(['-u' + open.url, '--insecure', 'channels'])).stdout, /^\[/);
});

test('what may not stand there, or has no command behind it, is wrong usage', async () => {
  for (const [args, message] of [
    [['--count', '3', 'sub', 'x'], /'--count' is not a command: options of a single command stand behind it/],
    [['--secrt=hunter2', 'stats'], /'--secrt' is not a command/],
    [['-u', 'http://joe:hunter2@h'], /which command/],
    [['-v'], /which command/],
    [['--url'], /--url wants a value, and a command behind it/],
  ]) {
    const { code, stderr } = await cli(args);
    assert.strictEqual(code, 2);
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /hunter2/);
  }
});
