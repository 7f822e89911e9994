'use strict';
/*
 * What the tests in a browser share: pages from 127.0.0.1 with the headers that a test wants, the library among them; reports
 * that a page sends back; Chromium; a relay that loses connections; a WebSocket server that says what a test wants.
 */
const { chromium } = require('../../js/node_modules/playwright-core');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { Server, WebSocket, credentials, until, soon, sleep, PATIENCE } = require('../server/lib');

const DIST = path.resolve(process.env.CENTRIFUGE_DIST || path.join(__dirname, '../../dist'));
const FILES = {
  '/session.js': path.join(__dirname, 'session.js'),
  '/clients.js': path.join(__dirname, 'clients.js'),
  '/reference.js': path.join(__dirname, '../../js/node_modules/centrifuge/centrifuge.min.js'), // the 1.x client
};
const FILE = process.env.CENTRIFUGE_FILE || 'centrifuge.min.js';
const NEVER_MS = 3600000; // for an option: an attempt that comes is not one of the backoff
const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.map': 'application/json' };

const NAMESPACES = [{ name: 'all', publish: true, presence: true, join_leave: true, history_size: 1000, history_lifetime: 600, recover: true }];

/* A web server for pages. What a page posts to /report is what report() gives. */
class Site {
  static async start() {
    const self = new Site();
    self.pages = new Map(); // path -> { body, headers } or function(request, response, body)
    self.reports = [];
    self.server = http.createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (d) => { body += d; }).on('end', () => self.answer(request, response, body));
    });
    await new Promise((resolve) => self.server.listen(0, '127.0.0.1', resolve));
    self.origin = 'http://127.0.0.1:' + self.server.address().port;
    return self;
  }

  add(name, body, headers) { this.pages.set(name, typeof body === 'function' ? body : { body, headers }); }

  /* A page with this head; the library is in /dist, and /session.js and /clients.js define what those files say. */
  html(name, head, headers) {
    this.add(name, '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>test</title><link rel="icon" href="/icon.png">' +
      head + '</head><body></body></html>', headers);
    return this.origin + name;
  }

  answer(request, response, body) {
    const name = request.url.split('?')[0];
    const page = this.pages.get(name);
    if (typeof page === 'function') return void page(request, response, body);
    if (page) return void this.send(response, page.body, TYPES[path.extname(name)], page.headers);
    if (name === '/icon.png') return void this.send(response, '', 'image/png');
    if (name === '/report') { this.reports.push(JSON.parse(body)); return void this.send(response, ''); }
    const file = FILES[name] || (/^\/dist\/[\w.]+$/.test(name) && path.join(DIST, path.basename(name)));
    if (!file || !fs.existsSync(file)) { response.writeHead(404); return void response.end(); }
    return void this.send(response, fs.readFileSync(file), TYPES[path.extname(file)]);
  }

  send(response, body, type, headers) {
    response.writeHead(200, Object.assign({ 'Content-Type': (type || 'text/plain') + '; charset=utf-8', 'Cache-Control': 'max-age=60' }, headers));
    response.end(body);
  }

  /* The report of that name. */
  report(name) { return until(() => this.reports.find((r) => r.name === name), 'the page to report ' + name); }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

function launch(args = []) {
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS.concat(args), timeout: PATIENCE });
}

/* A page of its own that keeps what nobody caught. */
async function openPage(browser, url, setUp) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.uncaught = [];
  page.on('pageerror', (error) => page.uncaught.push(error instanceof Error ? error.message : String(error)));
  if (setUp) await setUp(page, context);
  if (url) await page.goto(url);
  return page;
}

/* For a page that is about to be opened: afterwards its coreBytes() can be asked for. */
function seeMemory(page) {
  return page.addInitScript(() => {
    window.memories = [];
    WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
      construct(target, args) {
        const made = Reflect.construct(target, args);
        window.memories.push(...Object.values(made.exports).filter((e) => e instanceof WebAssembly.Memory));
        return made;
      },
    });
  });
}

/* The memory of the C core, which is no part of the heap; 0 for a build without WebAssembly. */
const coreBytes = (page) => page.evaluate(() => window.memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0));

/* What is in use in the page's heap when the garbage is gone. */
async function heapBytes(page) {
  const devtools = await page.context().newCDPSession(page);
  for (let n = 0; n < 3; n++) await devtools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devtools.send('Runtime.getHeapUsage');
  await devtools.detach();
  return usedSize;
}

/* A TCP relay before a server: cut() ends its connections, `down` refuses new ones. */
async function relayTo(port) {
  const sockets = new Set();
  const relay = { down: false, accepted: 0, cut() { for (const socket of sockets) socket.destroy(); } };
  const server = net.createServer((near) => {
    if (relay.down) return near.destroy();
    relay.accepted++;
    const far = net.connect(relay.target, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => { sockets.delete(socket); other.destroy(); });
      socket.pipe(other);
    }
    return undefined;
  });
  relay.target = port;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  relay.port = server.address().port;
  relay.url = 'ws://127.0.0.1:' + relay.port + '/connection/websocket';
  relay.stop = () => { relay.cut(); return new Promise((resolve) => server.close(resolve)); };
  return relay;
}

/*
 * A WebSocket server that answers connect and ping, and the other commands by `answers`: method -> function(command, peer) that
 * returns a body, or undefined for no answer.
 */
async function scripted(answers = {}) {
  const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await new Promise((resolve) => wss.once('listening', resolve));
  const self = { peers: [], url: 'ws://127.0.0.1:' + wss.address().port + '/connection/websocket' };
  const all = Object.assign({
    connect: () => ({ version: '1.8.0', client: 'client' + self.peers.length, expires: false, expired: false, ttl: 0 }),
    ping: () => null,
    subscribe: ({ params }) => ({ channel: params.channel, status: true, last: '', messages: null, recovered: false }),
    unsubscribe: ({ params }) => ({ channel: params.channel, status: true }),
  }, answers);
  wss.on('connection', (peer) => {
    self.peers.push(peer);
    peer.commands = [];
    peer.say = (value) => peer.send(typeof value === 'string' ? value : JSON.stringify(value));
    peer.on('error', () => {});
    peer.on('message', (data) => {
      for (const command of [].concat(JSON.parse(data.toString()))) {
        peer.commands.push(command);
        const body = all[command.method] && all[command.method](command, peer);
        if (body !== undefined) peer.say({ uid: command.uid, method: command.method, body });
      }
    });
  });
  self.peer = (n) => until(() => self.peers[n], 'connection ' + (n + 1));
  self.stop = () => {
    for (const peer of self.peers) peer.terminate();
    return new Promise((resolve) => wss.close(resolve));
  };
  return self;
}

/* Options of a client for a server. */
function optionsFor(url, user, more) {
  const { timestamp, info, token } = credentials(user, JSON.stringify({ name: user }));
  return Object.assign({ url, user, timestamp, info, token, retry: 50, maxRetry: 200 }, more);
}

const script = (name) => '<script src="' + name + '"></script>';

module.exports = {
  FILE, NEVER_MS, NAMESPACES, Site, Server, launch, openPage, seeMemory, coreBytes, heapBytes, relayTo, scripted, optionsFor, script,
  until, soon, sleep,
};
