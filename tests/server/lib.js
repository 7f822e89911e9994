'use strict';
/*
 * What the tests of centrifuged share: a server process on a free port, raw and
 * WebSocket connections, the HTTP API, and waiting for something instead of for
 * a time. With CENTRIFUGE_TLS=1 in the environment all of it is encrypted,
 * with CENTRIFUGE_TLS=openssl by OpenSSL alone.
 */
const { execFileSync, spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const tls = require('node:tls');
const WebSocket = require('../conformance/node_modules/ws');

const BUILD = process.env.CENTRIFUGE_BUILD || path.join(__dirname, '../../build/dev');
const PROGRAM = path.join(BUILD, 'centrifuged');
const SECRET = 'secret';
const PATIENCE = 120000; // ms: only ever reached when something is broken

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Waits until `condition` gives something true, and returns it. */
async function until(condition, what) {
  const limit = Date.now() + PATIENCE;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > limit) throw new Error('waited in vain for ' + what);
    await sleep(5);
  }
}

/* Fails instead of hanging. */
function soon(promise, what) {
  let timer;
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('waited in vain for ' + what)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function temporaryFolder() {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuged-test-'));
}

/* What some SockJS servers escape: controls, combining marks, what has no width or is no character. */
const DOUBTFUL_TEXT = [[0, 0x1f], [0x7f, 0x9f], [0xad, 0xad], [0x300, 0x333], [0x600, 0x604], [0x200b, 0x200f], [0x2028, 0x202f],
  [0x2060, 0x206f], [0xfeff, 0xfeff], [0xfff0, 0xffff]]
  .map(([first, last]) => String.fromCharCode(...Array.from({ length: last - first + 1 }, (none, i) => first + i))).join('');

/* A certificate that vouches for itself, in a file, and its key. */
function makeCertificate(folder, name) {
  const files = { ssl_cert: path.join(folder, name + '.crt'), ssl_key: path.join(folder, name + '.key') };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '10', '-subj', '/CN=' + name,
    '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', files.ssl_key, '-out', files.ssl_cert], { stdio: 'ignore' });
  return files;
}

/* Runs the program to its end. */
function runProgram(args, options) {
  return new Promise((resolve) => {
    const child = spawn(PROGRAM, args, Object.assign({ stdio: ['ignore', 'pipe', 'pipe'] }, options));
    let out = '';
    let err = '';
    child.stdout.on('data', (d) => { out += d; });
    child.stderr.on('data', (d) => { err += d; });
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
}

class Server {
  /* `config` is merged over a secret and 127.0.0.1; a port is chosen by the system. A text is the file as it is. */
  static async start(config, args, name) {
    const self = new Server();
    self.folder = temporaryFolder();
    self.file = path.join(self.folder, name || 'config.json');
    self.writeConfig(config);
    self.output = '';
    self.ended = null;
    self.child = spawn(PROGRAM, ['-c', self.file].concat(args || []), {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: self.folder,
      // what a sanitizer keeps of freed memory would be counted as ours
      env: Object.assign({}, process.env, { ASAN_OPTIONS: 'quarantine_size_mb=4' }),
    });
    for (const stream of [self.child.stdout, self.child.stderr]) stream.on('data', (d) => { self.output += d; });
    self.done = new Promise((resolve) => self.child.on('close', (code, signal) => {
      self.ended = { code, signal };
      resolve(self.ended);
    }));
    await until(() => self.ended || /endpoints on .*:\d+/.test(self.logged()), 'the server to listen');
    if (self.ended) throw new Error('the server ended: ' + JSON.stringify(self.ended) + '\n' + self.output);
    self.ports = [...self.logged().matchAll(/endpoints on .*:(\d+)/g)].map((m) => Number(m[1]));
    self.port = self.ports[0];
    self.apiPort = self.ports[self.ports.length - 1];
    return self;
  }

  writeConfig(config) {
    if (typeof config === 'string') {
      this.config = {};
      fs.writeFileSync(this.file, config);
      return;
    }
    const encrypted = process.env.CENTRIFUGE_TLS && Object.assign({ ssl: true, ssl_only_openssl: process.env.CENTRIFUGE_TLS === 'openssl' }, makeCertificate(this.folder, 'server'));
    this.config = Object.assign({ secret: SECRET, address: '127.0.0.1', port: 0 }, encrypted, config);
    fs.writeFileSync(this.file, JSON.stringify(this.config, null, 2));
  }

  /* Standard output, or the log file. */
  logged() {
    const file = this.config.log_file;
    return this.output + (file && fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '');
  }

  get workers() { return Number(/Workers: (\d+)/.exec(this.logged())[1]); }

  signal(name) { this.child.kill(name); }

  /* Ends it and insists that it ended well: sanitizers report by the exit status. */
  async stop() {
    if (!this.ended) this.signal('SIGTERM');
    const ended = await soon(this.done, 'the server to end');
    fs.rmSync(this.folder, { recursive: true, force: true });
    if (ended.code !== 0) throw new Error('the server ended with ' + JSON.stringify(ended) + '\n' + this.output.slice(-6000));
  }

  /* Resident memory in bytes. */
  memory() {
    const status = fs.readFileSync('/proc/' + this.child.pid + '/status', 'utf8');
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)[1]) * 1024;
  }

  /* What a client needs to trust it; nothing where it does not encrypt. */
  get trust() { return this.config.ssl ? { ca: fs.readFileSync(this.config.ssl_cert) } : {}; }

  connect(options) {
    const all = Object.assign({ host: '127.0.0.1', port: this.port }, this.trust, options);
    return this.config.ssl ? tls.connect(all) : net.connect(all);
  }

  request(options, body) {
    return new Promise((resolve, reject) => {
      const all = Object.assign({ host: '127.0.0.1', port: this.apiPort, method: 'POST', path: '/api/', agent: false, timeout: PATIENCE }, this.trust, options);
      const request = (this.config.ssl ? https : http).request(all, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (d) => { text += d; });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
        response.on('error', reject);
      });
      request.on('error', reject);
      request.on('timeout', () => request.destroy(new Error('no answer')));
      request.end(body);
    });
  }

  /* Signed commands; the replies. */
  async api(commands) {
    const body = typeof commands === 'string' ? commands : JSON.stringify(commands);
    const response = await this.request({ headers: { 'Content-Type': 'application/json', 'X-API-Sign': sign(body) } }, body);
    if (response.status !== 200) throw new Error('the API answered ' + response.status + ' ' + response.text);
    return JSON.parse(response.text);
  }

  publish(channel, data) { return this.api({ method: 'publish', params: { channel, data } }); }

  get origin() { return (this.config.ssl ? 'https' : 'http') + '://127.0.0.1:' + this.port; }

  get url() { return this.origin.replace('http', 'ws') + '/connection/websocket'; }

  raw(options) { return Raw.open(this.connect(options)); }

  /* `url`: another way than straight to the server. */
  client(user, url) { return Client.open(this, user, url); }

  /* An operator's WebSocket: its answers are arrays, of which `messages` has the elements. */
  async admin(options) {
    const admin = await Client.open(this, undefined, this.origin.replace('http', 'ws').replace(/\d+$/, this.apiPort) + '/socket', options);
    admin.ws.removeAllListeners('message').on('message', (data) => admin.messages.push(...[JSON.parse(data.toString())].flat()));
    return admin;
  }
}

/* sockjs-echo-server on a free port. */
class EchoServer {
  static async start() {
    const self = new EchoServer();
    self.child = spawn(path.join(BUILD, 'sockjs-echo-server'), ['--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    self.done = new Promise((resolve) => self.child.once('exit', resolve));
    const line = await soon(new Promise((resolve) => self.child.stdout.once('data', resolve)), 'the first line');
    self.origin = /http:\S+/.exec(line.toString())[0];
    self.port = Number(new URL(self.origin).port);
    return self;
  }

  raw() { return Raw.open(net.connect({ port: this.port, host: '127.0.0.1' })); }

  async stop() {
    this.child.kill();
    const code = await soon(this.done, 'the end');
    if (code !== 0) throw new Error('sockjs-echo-server ended with ' + code);
  }
}

function hmac(...parts) {
  const hash = crypto.createHmac('sha256', SECRET);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function sign(body) { return hmac(body); }

function credentials(user, info) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  return { user, timestamp, info: info || '', token: hmac(user, timestamp, info || '') };
}

/*
 * A connection on which a test writes what it wants. `options` of server.raw are those of net.connect: { allowHalfOpen: true } keeps our side
 * open when the server ends its own.
 */
class Raw {
  static async open(socket) {
    const self = new Raw();
    self.bytes = Buffer.alloc(0);
    self.closed = false;
    self.socket = socket;
    self.socket.on('data', (d) => { self.bytes = Buffer.concat([self.bytes, d]); });
    self.socket.on('error', () => {});
    self.socket.on('close', () => { self.closed = true; });
    self.socket.on('end', () => { self.closed = true; });
    await soon(new Promise((resolve, reject) => {
      self.socket.once(socket.encrypted ? 'secureConnect' : 'connect', resolve);
      self.socket.once('error', reject);
    }), 'a connection');
    return self;
  }

  write(data) { this.socket.write(data); }

  text() { return this.bytes.toString('latin1'); }

  waitText(part) { return until(() => this.text().includes(part), JSON.stringify(part) + ' in ' + JSON.stringify(this.text().slice(0, 300))); }

  waitClosed() { return until(() => this.closed, 'the server to close the connection'); }

  /* Upgrades; what comes after the response head stays in `bytes`. */
  async upgrade(where) {
    this.write('GET ' + (where || '/connection/websocket') + ' HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
    await this.waitText('\r\n\r\n');
    const end = this.bytes.indexOf('\r\n\r\n') + 4;
    const head = this.bytes.subarray(0, end).toString('latin1');
    this.bytes = this.bytes.subarray(end);
    if (!head.startsWith('HTTP/1.1 101 ')) throw new Error('no upgrade: ' + head);
    return this;
  }

  /* The next frame: { opcode, payload }. */
  async frame() {
    const take = () => {
      if (this.bytes.length < 2) return null;
      let size = this.bytes[1];
      let head = 2;
      if (size === 126) {
        if (this.bytes.length < 4) return null;
        size = this.bytes.readUInt16BE(2);
        head = 4;
      } else if (size === 127) {
        if (this.bytes.length < 10) return null;
        size = Number(this.bytes.readBigUInt64BE(2));
        head = 10;
      }
      if (this.bytes.length < head + size) return null;
      const frame = { opcode: this.bytes[0] & 15, payload: this.bytes.subarray(head, head + size) };
      this.bytes = this.bytes.subarray(head + size);
      return frame;
    };
    return until(take, 'a frame');
  }

  /* The close frame, whatever comes before it. */
  async closeFrame() {
    for (;;) {
      const frame = await this.frame();
      if (frame.opcode !== 8) continue;
      if (frame.payload.length < 2) return { code: 1005, reason: '' };
      return { code: frame.payload.readUInt16BE(0), reason: frame.payload.subarray(2).toString() };
    }
  }

  end() { this.socket.destroy(); }
}

/* A client's frame, masked; `over` changes its header: { fin, rsv, masked, size }. */
function frame(opcode, payload, over) {
  const o = Object.assign({ fin: true, rsv: 0, masked: true, size: null }, over);
  const data = Buffer.from(payload);
  const size = o.size === null ? BigInt(data.length) : BigInt(o.size);
  const head = [(o.fin ? 0x80 : 0) | o.rsv | opcode];
  const bit = o.masked ? 0x80 : 0;
  if (size < 126n) head.push(bit | Number(size));
  else if (size < 65536n) head.push(bit | 126, Number(size >> 8n), Number(size & 255n));
  else {
    head.push(bit | 127);
    for (let shift = 56n; shift >= 0n; shift -= 8n) head.push(Number((size >> shift) & 255n));
  }
  if (!o.masked) return Buffer.concat([Buffer.from(head), data]);
  const mask = crypto.randomBytes(4);
  return Buffer.concat([Buffer.from(head), mask, data.map((byte, i) => byte ^ mask[i & 3])]);
}

/* A WebSocket client that speaks the protocol. */
class Client {
  static async open(server, user, url, options) {
    const self = new Client();
    self.messages = [];
    self.closed = null;
    self.uid = 0;
    self.ws = new WebSocket(url || server.url, Object.assign({ perMessageDeflate: false }, server.trust, options));
    self.ws.on('message', (data) => self.messages.push(JSON.parse(data.toString())));
    self.ws.on('error', () => {});
    self.ws.on('close', (code, reason) => { self.closed = { code, reason: reason.toString() }; });
    await soon(new Promise((resolve, reject) => {
      self.ws.once('open', resolve);
      self.ws.once('error', reject);
    }), 'the connection');
    if (user !== undefined) await self.command('connect', credentials(user));
    return self;
  }

  send(value) { this.ws.send(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)); }

  /* The reply to one command; pushes stay in `messages`. */
  async command(method, params) {
    const uid = String(++this.uid);
    this.send({ uid, method, params });
    return this.take((m) => m.uid === uid, 'the reply to ' + method);
  }

  /* Takes out the first message that fits. */
  async take(fits, what) {
    return until(() => {
      const index = this.messages.findIndex(fits);
      if (index >= 0) return this.messages.splice(index, 1)[0];
      if (this.closed) throw new Error('closed (' + JSON.stringify(this.closed) + ') while waiting for ' + what);
      return null;
    }, what);
  }

  push(method) { return this.take((m) => m.method === method && m.uid === undefined, 'a push: ' + method); }

  waitClosed() { return until(() => this.closed, 'the close'); }

  end() { this.ws.terminate(); }
}

module.exports = { PROGRAM, SECRET, DOUBTFUL_TEXT, Server, EchoServer, Client, Raw, WebSocket, frame, hmac, sign, credentials, until, soon, sleep, runProgram, temporaryFolder, makeCertificate, PATIENCE };
