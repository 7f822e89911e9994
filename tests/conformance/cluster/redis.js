'use strict';
/*
 * Redis for the cluster suite: a RESP2 reader, a client, redis-server and
 * sentinel processes, and the protobuf reader for what nodes exchange.
 */
const fs = require('fs');
const net = require('net');
const os = require('os');
const path = require('path');
const { spawn } = require('child_process');
const { sleep } = require('../lib/util');

/* ---- RESP ---------------------------------------------------------------- */

/* Incremental reader: feed(buffer) returns the complete values so far. */
class RespReader {
  constructor() { this.buf = Buffer.alloc(0); }

  feed(data) {
    this.buf = this.buf.length ? Buffer.concat([this.buf, data]) : data;
    const out = [];
    for (;;) {
      this.at = 0;
      const v = this.value();
      if (v === undefined) return out;
      out.push(v);
      this.buf = this.buf.subarray(this.at);
    }
  }

  value() {
    const end = this.buf.indexOf('\r\n', this.at);
    if (end < 0) return undefined;
    const kind = String.fromCharCode(this.buf[this.at]);
    const rest = this.buf.toString('latin1', this.at + 1, end);
    if (kind === '+' || kind === '-' || kind === ':') {
      this.at = end + 2;
      return { kind, v: rest };
    }
    if (kind === '$') {
      const n = Number(rest);
      if (n < 0) { this.at = end + 2; return { kind, v: null }; }
      if (this.buf.length < end + 2 + n + 2) return undefined;
      this.at = end + 2 + n + 2;
      return { kind, v: Buffer.from(this.buf.subarray(end + 2, end + 2 + n)) };
    }
    if (kind === '*') {
      const n = Number(rest);
      this.at = end + 2;
      if (n < 0) return { kind, v: null };
      const v = [];
      for (let k = 0; k < n; k++) {
        const e = this.value();
        if (e === undefined) return undefined;
        v.push(e);
      }
      return { kind, v };
    }
    // an inline command
    this.at = end + 2;
    return { kind: 'inline', v: this.buf.toString('latin1', 0, end) };
  }
}

function encode(args) {
  const parts = [Buffer.from('*' + args.length + '\r\n')];
  for (const a of args) {
    const b = Buffer.isBuffer(a) ? a : Buffer.from(String(a));
    parts.push(Buffer.from('$' + b.length + '\r\n'), b, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/* A reply as plain values: Buffers, numbers, null, arrays; errors as Error. */
function plainReply(r) {
  switch (r.kind) {
    case '+': return r.v;
    case '-': return new Error(r.v);
    case ':': return Number(r.v);
    case '$': return r.v;
    default: return r.v === null ? null : r.v.map(plainReply);
  }
}

class RedisClient {
  constructor(port) {
    this.port = port;
    this.waiting = [];
  }

  connect() {
    return new Promise((resolve, reject) => {
      this.sock = net.connect(this.port, '127.0.0.1');
      this.sock.setNoDelay(true);
      const reader = new RespReader();
      this.sock.once('connect', resolve);
      this.sock.once('error', reject);
      this.sock.on('error', () => {});
      this.sock.on('close', () => { this.closed = true; for (const w of this.waiting.splice(0)) w.reject(new Error('redis connection closed')); });
      this.sock.on('data', (d) => {
        for (const r of reader.feed(d)) {
          const w = this.waiting.shift();
          if (w) w.resolve(plainReply(r));
          else if (this.onPush) this.onPush(plainReply(r));
        }
      });
    });
  }

  cmd(...args) {
    if (this.closed) return Promise.reject(new Error('redis connection closed'));
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve: (v) => (v instanceof Error ? reject(v) : resolve(v)), reject });
      this.sock.write(encode(args));
    });
  }

  close() { if (this.sock) this.sock.destroy(); }
}

/* ---- protobuf ------------------------------------------------------------ */

/* [[field, Buffer|number], ...] or null when it is not well formed. */
function pbFields(buf) {
  const out = [];
  let i = 0;
  const varint = () => {
    let v = 0, mul = 1;
    for (;;) {
      if (i >= buf.length) return -1;
      const b = buf[i++];
      v += (b & 0x7f) * mul;
      if (!(b & 0x80)) return v;
      mul *= 128;
    }
  };
  while (i < buf.length) {
    const tag = varint();
    if (tag < 8) return null;
    if ((tag & 7) === 2) {
      const n = varint();
      if (n < 0 || i + n > buf.length) return null;
      out.push([tag >> 3, Buffer.from(buf.subarray(i, i + n))]);
      i += n;
    } else if ((tag & 7) === 0) out.push([tag >> 3, varint()]);
    else return null;
  }
  return out;
}

function pbWrite(fields) {
  const varint = (n) => { const o = []; while (n > 127) { o.push((n & 127) | 128); n = Math.floor(n / 128); } o.push(n); return Buffer.from(o); };
  const parts = [];
  for (const [f, v] of fields) {
    if (typeof v === 'number') { parts.push(varint(f * 8), varint(v)); continue; }
    const b = Buffer.isBuffer(v) ? v : Buffer.from(v);
    parts.push(varint(f * 8 + 2), varint(b.length), b);
  }
  return Buffer.concat(parts);
}

const SHAPES = {
  info: { 1: 'user', 2: 'client', 3: 'default_info', 4: 'channel_info' },
  message: { 1: 'uid', 3: 'channel', 4: 'data', 5: 'client', 6: ['info', 'info'] },
  join: { 1: 'channel', 2: ['data', 'info'] },
  control: { 1: 'uid', 2: 'method', 3: 'params' },
};
SHAPES.leave = SHAPES.join;
SHAPES.admin = SHAPES.control;

/*
 * A JSON object of the non-empty fields, in field order; raw JSON fields are
 * spliced in as they are. A reader may not care for empty ones.
 */
function pbJson(shape, buf) {
  const fields = pbFields(buf);
  if (!fields) return JSON.stringify('not protobuf: ' + buf.toString('hex'));
  const names = SHAPES[shape];
  const out = [];
  for (const [f, v] of fields.sort((a, b) => a[0] - b[0])) {
    if (v.length === 0) continue;
    const n = names[f];
    if (n === undefined) out.push('"field ' + f + '":' + JSON.stringify(String(v)));
    else if (Array.isArray(n)) out.push('"' + n[0] + '":' + pbJson(n[1], v));
    else if (['default_info', 'channel_info', 'data', 'params'].includes(n)) out.push('"' + n + '":' + v.toString());
    else out.push('"' + n + '":' + JSON.stringify(v.toString()));
  }
  return '{' + out.join(',') + '}';
}

/* ---- processes ----------------------------------------------------------- */

/* Debian's redis-tools has the program that is redis-server when it is called so. */
const TOOL = '/usr/bin/redis-check-rdb';
const INSTALLED = (process.env.PATH || '').split(path.delimiter).some((folder) => fs.existsSync(path.join(folder, 'redis-server')));

class Process {
  spawn(argv) {
    this.exited = null;
    this.output = '';
    this.child = spawn(INSTALLED ? argv[0] : TOOL, argv.slice(1), { argv0: argv[0], stdio: ['ignore', 'pipe', 'pipe'] });
    for (const s of [this.child.stdout, this.child.stderr]) s.on('data', (d) => { this.output = (this.output + d).slice(-8000); });
    this.done = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => { this.exited = signal || 'code ' + code; resolve(); });
      this.child.on('error', (e) => { this.exited = String(e); resolve(); });
    });
  }

  signal(name) { if (this.exited === null) this.child.kill(name); }

  async end(name) {
    this.signal(name || 'SIGKILL');
    await Promise.race([this.done, sleep(3000)]);
  }
}

/* options: {password, replicaOf: port, config: ['--x', 'y']} */
class RedisServer extends Process {
  constructor(port, options) {
    super();
    this.port = port;
    this.options = options || {};
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'conf-redis-'));
  }

  async start() {
    const o = this.options;
    const argv = ['redis-server', '--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no',
      '--dir', this.dir, '--repl-diskless-sync-delay', '0'];
    if (o.password) argv.push('--requirepass', o.password, '--masterauth', o.password);
    if (o.replicaOf) argv.push('--replicaof', '127.0.0.1', String(o.replicaOf));
    if (o.config) argv.push(...o.config);
    this.spawn(argv);
    for (let k = 0; k < 250; k++) {
      if (this.exited !== null) break;
      try {
        this.client = new RedisClient(this.port);
        await this.client.connect();
        if (o.password) await this.client.cmd('AUTH', o.password);
        if (o.db) await this.client.cmd('SELECT', o.db);
        await this.client.cmd('PING');
        return this;
      } catch (e) { this.client.close(); }
      await sleep(20);
    }
    throw new Error('redis-server did not start: ' + this.output.slice(-600));
  }

  /* A Sentinel that promotes a replica has all its connections killed. */
  async cmd(...args) {
    if (this.client.closed) {
      this.client = new RedisClient(this.port);
      await this.client.connect();
      if (this.options.password) await this.client.cmd('AUTH', this.options.password);
      if (this.options.db) await this.client.cmd('SELECT', this.options.db);
    }
    return this.client.cmd(...args);
  }

  async stop() {
    if (this.client) this.client.close();
    await this.end('SIGKILL');
  }

  async dispose() {
    await this.stop();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

class Sentinel extends Process {
  constructor(port, name, masterPort, password) {
    super();
    this.port = port;
    this.password = password;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'conf-sentinel-'));
    this.file = path.join(this.dir, 'sentinel.conf');
    fs.writeFileSync(this.file, ['port ' + port, 'bind 127.0.0.1', 'dir ' + this.dir,
      'sentinel monitor ' + name + ' 127.0.0.1 ' + masterPort + ' 1',
      'sentinel down-after-milliseconds ' + name + ' 500',
      'sentinel failover-timeout ' + name + ' 3000',
      ...(password ? ['requirepass ' + password, 'sentinel sentinel-pass ' + password] : []), ''].join('\n'));
  }

  async start() {
    this.spawn(['redis-server', this.file, '--sentinel']);
    for (let k = 0; k < 250; k++) {
      try {
        this.client = new RedisClient(this.port);
        await this.client.connect();
        if (this.password) await this.client.cmd('AUTH', this.password);
        await this.client.cmd('PING');
        return this;
      } catch (e) { this.client.close(); }
      await sleep(20);
    }
    throw new Error('redis-sentinel did not start: ' + this.output.slice(-600));
  }

  cmd(...args) { return this.client.cmd(...args); }

  async stop() { if (this.client) this.client.close(); await this.end('SIGKILL'); }

  async dispose() { await this.stop(); fs.rmSync(this.dir, { recursive: true, force: true }); }
}

/* ---- the shard of a channel ---------------------------------------------- */

function shardOf(channel, shards) {
  const M = 0xffffffffffffffffn;
  let h = 14695981039346656037n;
  for (const b of Buffer.from(channel)) h = ((h ^ BigInt(b)) * 1099511628211n) & M;
  let b = -1, j = 0;
  while (j < shards) {
    b = j;
    h = (h * 2862933555777941757n + 1n) & M;
    j = Math.floor((b + 1) * (2147483648 / Number((h >> 33n) + 1n)));
  }
  return b;
}

module.exports = { RespReader, RedisClient, RedisServer, Sentinel, encode, pbFields, pbWrite, pbJson, shardOf };
