'use strict';
/*
 * TLS as OpenSSL's client, curl, the command line and Node see it. That everything else works over it is shown by the tests of
 * HTTP, SockJS and bad behaviour, which run with CENTRIFUGE_TLS=1 once more.
 */
const { test } = require('node:test');
const assert = require('node:assert');
const { spawn, execFile, execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const tls = require('node:tls');
const { Server, frame, credentials, until, soon, runProgram, temporaryFolder, makeCertificate } = require('./lib');

const BUILD = process.env.CENTRIFUGE_BUILD || path.join(__dirname, '../../build/dev');

async function withServer(config, work) {
  const folder = temporaryFolder();
  const files = makeCertificate(folder, 'one');
  const server = await Server.start(Object.assign({ ssl: true, namespaces: [{ name: 'all', publish: true }] }, files, config));
  try {
    await work(server, folder);
  } finally {
    await server.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/* openssl s_client; `talk` writes to it. Ends with what it has printed. */
function client(server, args, talk) {
  const child = spawn('openssl', ['s_client', '-connect', '127.0.0.1:' + server.port, '-CAfile', server.config.ssl_cert].concat(args));
  let out = '';
  let over = false;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (d) => { out += d; });
  child.stdin.on('error', () => {});
  const ended = new Promise((resolve) => child.on('close', () => { over = true; resolve(out); }));
  const said = (text, times) => until(() => over || out.split(text).length > (times || 1), JSON.stringify(text) + ' in ' + JSON.stringify(out.slice(-500)));
  Promise.resolve(talk({ write: (text) => child.stdin.write(text), said }));
  return soon(ended, 'openssl to end');
}

function run(program, args) {
  return new Promise((resolve, reject) => execFile(program, args, (error, out, err) => (error ? reject(new Error(error.message + out + err)) : resolve(out))));
}

const fingerprint = (file) => new crypto.X509Certificate(fs.readFileSync(file)).fingerprint256;

/* Of the certificate that a new connection is shown. */
function shown(server) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

/*
 * A listener in front of the server: what a client sends is given to `pass`, to be written or not; `records` counts those of application data that
 * the server sends.
 */
async function relay(server, pass) {
  const self = { records: 0 };
  const listener = net.createServer((inner) => {
    const outer = net.connect({ port: server.port, host: '127.0.0.1', noDelay: true });
    let rest = Buffer.alloc(0);
    inner.on('data', (data) => pass(data, (bytes) => outer.write(bytes)));
    outer.on('data', (data) => {
      for (rest = Buffer.concat([rest, data]); rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3); rest = rest.subarray(5 + rest.readUInt16BE(3)))
        self.records += rest[0] === 23;
    });
    outer.pipe(inner);
    inner.on('end', () => outer.end());
    for (const socket of [inner, outer]) socket.on('error', () => {});
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return Object.assign(self, { port: listener.address().port, config: server.config, close: () => listener.close() });
}

/* ---- other programs ---- */

test('curl and the command line speak it, and trust the certificate that they are given', () => withServer({ insecure: true, insecure_api: true }, async (server) => {
  const ca = server.config.ssl_cert;
  const channels = await run('curl', ['-sS', '--cacert', ca, '-H', 'Content-Type: application/json', '-d', '{"method":"channels"}', server.origin + '/api/']);
  assert.deepStrictEqual(JSON.parse(channels)[0].body, { data: [] });
  const cli = path.join(BUILD, 'centrifuge-cli');
  const sub = run(cli, ['sub', '--url', server.url, '--ca', ca, '--count', '1', 'all:news']);
  await until(async () => (await server.api({ method: 'channels' }))[0].body.data.length === 1, 'the subscription');
  await run(cli, ['pub', '--url', server.url, '--ca', ca, 'all:news', '{"n":1}']);
  assert.match(await sub, /"n":1/);
}));

for (const transport of ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']) {
  test(`the command line speaks SockJS by ${transport} over it`, () => withServer({ insecure: true, insecure_api: true }, async (server) => {
    const way = ['--url', server.origin + '/connection', '--transport', transport, '--ca', server.config.ssl_cert];
    const cli = path.join(BUILD, 'centrifuge-cli');
    const sub = run(cli, ['sub', ...way, '--count', '1', 'all:news']);
    await until(async () => (await server.api({ method: 'channels' }))[0].body.data.length === 1, 'the subscription');
    await run(cli, ['pub', ...way, 'all:news', '{"n":1}']);
    assert.match(await sub, /"n":1/);
  }));
}

test('a session is resumed, by TLS 1.2 and 1.3', () => withServer({}, async (server, folder) => {
  for (const version of ['-tls1_2', '-tls1_3']) {
    const session = path.join(folder, 'session' + version);
    const get = async ({ write, said }) => {
      await said('---\n');
      write('GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    };
    assert.match(await client(server, [version, '-sess_out', session], get), /New, TLSv1\.[23], Cipher is .*GCM/);
    const again = await client(server, [version, '-sess_in', session], get);
    assert.match(again, /Reused, TLSv1/);
    assert.match(again, /404 page not found/);
  }
}));

test('who asks to negotiate again is told no, and goes on', () => withServer({}, async (server) => {
  const out = await client(server, ['-tls1_2'], async ({ write, said }) => {
    await said('---\n');
    write('R\n');
    await said('no renegotiation');
  });
  assert.match(out, /no renegotiation/);
}));

for (const only of [false, true]) test(`new keys are taken, and a flood of them is the end${only ? ', by OpenSSL alone' : ''}`, () => withServer({ log_level: 'info', ssl_only_openssl: only }, async (server) => {
  let held = null; // what is to be read at once
  const between = await relay(server, (data, write) => (held ? held.push(data) && held.length === 30 && write(Buffer.concat(held)) : write(data)));
  const renew = async ({ write, said }, times) => {
    for (let i = 1; i <= times; i++) {
      write('K\n');
      await said('KEYUPDATE', i);
    }
  };
  const few = await client(between, ['-tls1_3'], async (talk) => {
    await talk.said('---\n');
    await renew(talk, 3);
    talk.write('GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  });
  assert.match(few, /404 page not found/);
  await client(between, ['-tls1_3'], async (talk) => {
    await talk.said('---\n');
    held = [];
    await renew(talk, 30);
  });
  await until(() => /TLS with 127\.0\.0\.1 ended: too many new keys/.test(server.logged()), 'the line in the log');
  between.close();
}));

test('the end is told by close_notify, at an answer that is the last, and at a close of a WebSocket', () => withServer({}, async (server) => {
  const out = await client(server, ['-tls1_3', '-ign_eof', '-msg'], async ({ write, said }) => {
    await said('---\n');
    write('GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  });
  assert.match(out, /<<< TLS 1\.3, Alert \[length 0002\], warning close_notify/);
  assert.match(out, /\nclosed\n/);
  const raw = await (await server.raw()).upgrade();
  raw.write(frame(8, Buffer.from([3, 232])));
  assert.strictEqual((await raw.closeFrame()).code, 1000);
  await raw.waitClosed();
}));

for (const [version, ciphers, only] of [['TLSv1.3', 'TLS_AES_128_GCM_SHA256'], ['TLSv1.3', 'TLS_AES_256_GCM_SHA384'], ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256'],
  ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', true], ['TLSv1.2', 'ECDHE-ECDSA-AES128-GCM-SHA256']]) {
  test(`messages of many sizes go both ways by ${version} with ${ciphers}${only ? ' by OpenSSL alone' : ''}`, () => withServer({ max_channel_length: 255, ssl_only_openssl: !!only }, async (server) => {
    const raw = await (await server.raw({ ciphers, minVersion: version, maxVersion: version })).upgrade();
    assert.strictEqual(raw.socket.getCipher().name, ciphers);
    raw.write(frame(1, JSON.stringify([{ method: 'connect', params: credentials('ann') }, { method: 'subscribe', params: { channel: 'all:news' } }])));
    await raw.frame();
    for (const size of [1, 16383, 16384, 50000]) {
      raw.write(frame(1, JSON.stringify({ uid: 'p', method: 'publish', params: { channel: 'all:news', data: 'x'.repeat(size) } })));
      const texts = [await raw.frame(), await raw.frame()].map((each) => JSON.parse(each.payload.toString()));
      assert.strictEqual(texts.find((each) => each.method === 'message').body.data.length, size);
    }
    raw.end();
  }));
}

/* ---- certificates ---- */

test('SIGHUP reads the certificate again: who is there stays, who comes sees the new one', () => withServer({}, async (server, folder) => {
  const ann = await server.client('ann');
  const before = fingerprint(server.config.ssl_cert);
  assert.strictEqual(await shown(server), before);
  const next = makeCertificate(folder, 'two');
  for (const name of ['ssl_cert', 'ssl_key']) fs.copyFileSync(next[name], server.config[name]);
  server.signal('SIGHUP');
  await until(async () => await shown(server) === fingerprint(next.ssl_cert), 'the new certificate');
  await ann.command('ping');
  ann.end();
}));

test('a new certificate that is none, or has another key, changes nothing and is named', () => withServer({}, async (server, folder) => {
  const before = fingerprint(server.config.ssl_cert);
  const reloads = () => server.logged().split('successfully reloaded').length;
  const ann = await server.client('ann');
  const spoil = async (name, text, problem) => {
    const good = fs.readFileSync(server.config[name]);
    const count = reloads();
    fs.writeFileSync(server.config[name], text);
    server.signal('SIGHUP');
    await until(() => reloads() > count && problem.test(server.logged()), String(problem));
    assert.strictEqual(await shown(server), before);
    fs.writeFileSync(server.config[name], good);
  };
  await spoil('ssl_cert', 'nonsense', /\[E\].*the certificate stays the one before: option 'ssl_cert': .*one\.crt gives no certificate in PEM form/);
  await spoil('ssl_key', fs.readFileSync(makeCertificate(folder, 'other').ssl_key), /option 'ssl_key': .*one\.key is not the key of the certificate of 'ssl_cert'/);
  await ann.command('ping');
  ann.end();
}));

test('checkconfig says of certificate and key what the start would say', async () => {
  const folder = temporaryFolder();
  const good = makeCertificate(folder, 'good');
  const check = async (over) => {
    fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(Object.assign({ secret: 's', ssl: true }, over)));
    const result = await runProgram(['checkconfig'], { cwd: folder });
    return [result.code, result.out];
  };
  assert.deepStrictEqual(await check(good), [0, '']);
  fs.chmodSync(good.ssl_key, 0o644);
  const [code, warning] = await check(good);
  assert.strictEqual(code, 0);
  assert.match(warning, /\[W\].*option 'ssl_key': .*good\.key is open to every user of the machine/);
  for (const [over, problem] of [
    [{}, /option 'ssl_cert': names no file/],
    [{ ssl_cert: good.ssl_cert }, /option 'ssl_key': names no file/],
    [Object.assign({}, good, { ssl_cert: 'nowhere.crt' }), /option 'ssl_cert': nowhere\.crt .*No such file or directory/],
    [Object.assign({}, good, { ssl_key: folder }), /option 'ssl_key': /],
    [{ ssl_autocert: true }, /option 'ssl_autocert' cannot be used: .* certbot .* SIGHUP/],
  ]) {
    const [status, out] = await check(over);
    assert.strictEqual(status, 1, out);
    assert.match(out, problem);
  }
  await run('openssl', ['pkey', '-in', good.ssl_key, '-aes128', '-passout', 'pass:x', '-out', path.join(folder, 'locked.key')]);
  const made = (name, ...kind) => {
    const key = path.join(folder, name + '.key'), request = path.join(folder, 'request'), cert = path.join(folder, name + '.crt');
    execFileSync('openssl', ['req', '-new', ...kind, '-nodes', '-subj', '/CN=' + name, '-keyout', key, '-out', request], { stdio: 'ignore' });
    execFileSync('openssl', ['x509', '-req', '-in', request, '-CA', good.ssl_cert, '-CAkey', good.ssl_key, '-days', name === 'expired' ? '-1' : '9', '-out', cert], { stdio: 'ignore' });
    return { ssl_cert: cert, ssl_key: key };
  };
  fs.chmodSync(good.ssl_key, 0o600);
  const rsa = made('rsa', '-newkey', 'rsa:2048'), ed = made('ed', '-newkey', 'ed25519'), weak = made('weak', '-newkey', 'rsa:1024'), expired = made('expired', '-newkey', 'rsa:2048');
  const joined = (name, ...files) => {
    fs.writeFileSync(path.join(folder, name), files.map((file) => fs.readFileSync(file, 'utf8')).join(''));
    return path.join(folder, name);
  };
  await run('openssl', ['pkey', '-in', rsa.ssl_key, '-outform', 'der', '-out', path.join(folder, 'binary.key')]);
  for (const [over, problem] of [
    [rsa, /^$/],
    [ed, /^$/],
    [{ ssl_cert: joined('chain.crt', rsa.ssl_cert, good.ssl_cert), ssl_key: rsa.ssl_key }, /^$/],
    [{ ssl_cert: joined('order.crt', good.ssl_cert, rsa.ssl_cert), ssl_key: rsa.ssl_key }, /\[F\].*rsa\.key is not the key of the certificate of 'ssl_cert', which is the first in .*order\.crt/],
    [{ ssl_cert: joined('other.crt', rsa.ssl_cert, ed.ssl_cert), ssl_key: rsa.ssl_key }, /\[W\].*other\.crt has certificates of which one does not vouch for the one before it/],
    [{ ssl_cert: rsa.ssl_cert, ssl_key: good.ssl_key }, /\[F\].*good\.key is not the key of the certificate of 'ssl_cert'/],
    [expired, /\[W\].*expired\.crt has a certificate that nobody takes any more, get a new one: it expired on \d{4}-\d\d-\d\d /],
    [weak, /\[F\].*weak\.crt has a certificate that is too weak: .*\(ee key too small\)/],
    [{ ssl_cert: folder, ssl_key: good.ssl_key }, /\[F\].*option 'ssl_cert': .* is a folder/],
    [{ ssl_cert: good.ssl_cert, ssl_key: folder }, /\[F\].*option 'ssl_key': .* is a folder/],
    [{ ssl_cert: rsa.ssl_cert, ssl_key: 'binary.key' }, /\[F\].*binary\.key gives no private key in PEM form \(.*openssl pkey -inform der/],
    [{ ssl_cert: rsa.ssl_key, ssl_key: rsa.ssl_key }, /\[F\].*rsa\.key gives no certificate in PEM form \(no start line\): such a text begins with/],
  ]) {
    for (const file of fs.readdirSync(folder)) if (file.endsWith('.key')) fs.chmodSync(path.join(folder, file), 0o600);
    const [status, out] = await check(over);
    assert.match(out, problem);
    assert.strictEqual(status, /\[F\]/.test(out) ? 1 : 0);
  }
  const [, locked] = await check(Object.assign({}, good, { ssl_key: 'locked.key' }));
  assert.match(locked, /option 'ssl_key': locked\.key needs a passphrase/);
  fs.rmSync(folder, { recursive: true, force: true });
});

/* ---- records ---- */

test('what a turn has for a connection leaves in one record, or in full ones', () => withServer({ workers: 1 }, async (server) => {
  const between = await relay(server, (data, write) => write(data));
  const raw = await (await server.raw({ port: between.port })).upgrade();
  raw.write(frame(1, JSON.stringify([{ method: 'connect', params: credentials('ann') }].concat(
    Array.from({ length: 40 }, (unused, i) => ({ method: 'subscribe', params: { channel: 'all:' + i } }))))));
  await raw.frame();
  const publish = async (size) => {
    const before = between.records;
    await server.api(Array.from({ length: 40 }, (unused, i) => ({ method: 'publish', params: { channel: 'all:' + i, data: 'x'.repeat(size) } })));
    for (let i = 0; i < 40; i++) await raw.frame();
    return between.records - before;
  };
  assert.strictEqual(await publish(10), 1);
  const large = await publish(10000); // 400 kB, 25 records, and a rest where a socket was full
  assert.ok(large <= 40, large + ' records');
  raw.end();
  between.close();
}));

/* ---- bad behaviour ---- */

test('versions before 1.2 are refused with an alert, and named in the log', () => withServer({ log_level: 'info' }, async (server) => {
  for (const version of ['-tls1', '-tls1_1']) {
    const out = await client(server, [version, '-cipher', 'DEFAULT@SECLEVEL=0', '-msg'], () => {});
    assert.match(out, /<<< TLS 1\.[01], Alert \[length 0002\], fatal protocol_version/);
  }
  await until(() => /TLS with 127\.0\.0\.1 ended: unsupported protocol/.test(server.logged()), 'the line in the log');
}));

test('what is sent with the hello, before the handshake, is not taken', () => withServer({}, async (server, folder) => {
  const session = path.join(folder, 'session');
  const early = path.join(folder, 'early');
  fs.writeFileSync(early, 'GET /early HTTP/1.1\r\nHost: x\r\n\r\n');
  const get = async ({ write, said }) => {
    await said('---\n');
    write('GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  };
  await client(server, ['-tls1_3', '-sess_out', session], get);
  const out = await client(server, ['-tls1_3', '-sess_in', session, '-early_data', early], get);
  assert.match(out, /Reused, TLSv1\.3/);
  assert.doesNotMatch(out, /Early data was accepted/);
  assert.strictEqual(out.split('404 page not found').length, 2);
}));

test('handshakes that stall or drip keep nobody waiting, and end', () => withServer({}, async (server) => {
  const hello = Buffer.from('16030100f8010000f40303', 'hex');
  const stalled = Array.from({ length: 50 }, () => net.connect(server.port, '127.0.0.1'));
  for (const socket of stalled) socket.on('error', () => {}).write(hello);
  const drip = net.connect(server.port, '127.0.0.1');
  let sent = 0;
  const timer = setInterval(() => drip.write(hello.subarray(sent, ++sent)), 500);
  drip.on('error', () => {});
  const ended = (socket) => new Promise((resolve) => socket.on('close', resolve));
  const all = Promise.all(stalled.concat(drip).map((socket) => { socket.resume(); return ended(socket); }));
  const ann = await server.client('ann');
  await ann.command('ping');
  await soon(all, 'the server to end them');
  clearInterval(timer);
  await ann.command('ping');
  ann.end();
}));

test('of too many handshakes that have begun the oldest ends, and who comes is served', () => withServer({}, async (server) => {
  const most = 2048; // CF_TLS_HANDSHAKES_MAX
  const hello = Buffer.from('16030100f8010000f40303', 'hex');
  const ended = [];
  const open = (i) => new Promise((resolve) => {
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(hello, () => resolve(socket)));
    socket.on('error', () => {}).on('close', () => ended.push(i)).resume();
  });
  const sockets = [];
  for (let i = 0; i < most + 20; i++) sockets.push(await open(i));
  await until(() => ended.length >= 20, 'the oldest to end');
  const ann = await server.client('ann');
  await ann.command('ping');
  ann.end();
  for (const socket of sockets) socket.destroy();
}));

test('a handshake may come byte by byte', () => withServer({}, async (server) => {
  const between = await relay(server, (data, write) => { for (const byte of data) write(Buffer.from([byte])); });
  const raw = await (await server.raw({ port: between.port })).upgrade();
  raw.write(frame(9, 'x'));
  assert.strictEqual((await raw.frame()).payload.toString(), 'x');
  raw.end();
  between.close();
}));

test('what is no TLS is told so where it can read it, and named in the log', () => withServer({ log_level: 'info' }, async (server) => {
  const tell = (bytes) => new Promise((resolve) => {
    const socket = net.connect(server.port, '127.0.0.1');
    let text = '';
    socket.on('data', (d) => { text += d.toString('latin1'); });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
  assert.match(await tell('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server\.\n$/);
  await until(() => /\[I\].*TLS with 127\.0\.0\.1 ended: http request/.test(server.logged()), 'the line in the log');
  assert.doesNotMatch(await tell(Buffer.alloc(300, 1)), /HTTP/);
}));

test('a record that was changed on its way ends the connection, with an alert', () => withServer({ log_level: 'info' }, async (server) => {
  let spoil = false;
  const between = await relay(server, (data, write) => write(spoil ? data.map((byte, i) => (i === 8 ? byte ^ 1 : byte)) : data));
  const raw = await (await server.raw({ port: between.port })).upgrade();
  const alert = new Promise((resolve) => raw.socket.once('error', resolve));
  spoil = true;
  raw.write(frame(9, 'x'));
  assert.match((await soon(alert, 'the alert')).message, /bad record mac/);
  assert.strictEqual(raw.bytes.length, 0);
  await until(() => /TLS with 127\.0\.0\.1 ended: decryption failed or bad record mac/.test(server.logged()), 'the line in the log');
  between.close();
}));
