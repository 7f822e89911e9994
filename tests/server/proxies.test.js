'use strict';
/* Two nodes behind nginx and behind HAProxy, each as docs/operating.md sets it up, but for ports and files. */
const { test } = require('node:test');
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const https = require('node:https');
const net = require('node:net');
const path = require('node:path');
const { Server, Client, credentials, makeCertificate, soon, until, temporaryFolder, PATIENCE } = require('./lib');

const PAGE = fs.readFileSync(path.join(__dirname, '../../docs/operating.md'), 'utf8');
const TOLD = { code: 3000, reason: '{"reason":"shutting down","reconnect":true}' };

/* Debian's: installed, or as scripts/install-packages unpacks it. */
function program(name) {
  const file = ['/usr/sbin/' + name, path.join(__dirname, '../../build', name, 'usr/sbin', name)].find((each) => fs.existsSync(each));
  if (!file) throw new Error('no ' + name + ' here: scripts/install-packages test');
  return file;
}

async function freePort() {
  const probe = net.createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

/* The page's block with other ports and files, each of which has to stand there. */
function documented(notation, changes) {
  let [, text] = new RegExp('```' + notation + '\\n([^]*?)```').exec(PAGE);
  for (const [from, to] of changes) {
    assert.ok(text.includes(from), from + ' in the configuration of ' + notation);
    text = text.replace(from, to);
  }
  return text;
}

const nodesOf = (ports) => [['127.0.0.1:8000', '127.0.0.1:' + ports[0]], ['127.0.0.1:8001', '127.0.0.1:' + ports[1]]];

function nginx(folder, port, ports, files) {
  const text = documented('nginx', [['listen 443', 'listen 127.0.0.1:' + port], ['/etc/ssl/example.org/fullchain.pem', files.ssl_cert],
    ['/etc/ssl/example.org/privkey.pem', files.ssl_key], ...nodesOf(ports)]);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => name + '_temp_path ' + folder + '/' + name + ';').join(' ');
  const file = path.join(folder, 'nginx.conf');
  fs.writeFileSync(file, 'daemon off; master_process off; pid ' + folder + '/pid; events {} http { access_log off; ' + temporary + '\n' + text + '}');
  return spawn(program('nginx'), ['-p', folder, '-e', folder + '/error.log', '-c', file], { stdio: 'inherit' });
}

function haproxy(folder, port, ports, files) {
  const bundle = path.join(folder, 'bundle.pem');
  fs.writeFileSync(bundle, fs.readFileSync(files.ssl_cert, 'utf8') + fs.readFileSync(files.ssl_key, 'utf8'));
  const file = path.join(folder, 'haproxy.cfg');
  fs.writeFileSync(file, documented('haproxy', [['bind :443', 'bind 127.0.0.1:' + port], ['/etc/haproxy/example.org.pem', bundle], ...nodesOf(ports)]));
  return spawn(program('haproxy'), ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/* What a client sees of nodes behind a proxy. */
class Site {
  static async start(make) {
    const self = new Site();
    self.folder = temporaryFolder();
    self.files = makeCertificate(self.folder, 'site');
    self.trust = { ca: fs.readFileSync(self.files.ssl_cert) };
    self.port = await freePort();
    self.nodes = [await Server.start({ shutdown_spread: 3600 }), await Server.start({ shutdown_spread: 3600 })];
    self.proxy = make(self.folder, self.port, self.nodes.map((node) => node.port), self.files);
    self.done = new Promise((resolve) => self.proxy.once('exit', resolve));
    await until(() => self.ask('GET', '/connection/info').then((answer) => answer.status === 200, () => false), 'the proxy to serve');
    return self;
  }

  ask(method, target, body) {
    return new Promise((resolve, reject) => {
      const request = https.request({ host: '127.0.0.1', port: this.port, method, path: target, agent: false, timeout: PATIENCE, ...this.trust }, (response) => {
        let text = '';
        response.on('data', (data) => { text += data; });
        response.on('end', () => resolve({ status: response.statusCode, text }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async client(channel) {
    const client = await Client.open(this, undefined, 'wss://127.0.0.1:' + this.port + '/connection/websocket', this.trust);
    await client.command('connect', credentials('ann'));
    await client.command('subscribe', { channel });
    return client;
  }

  /* The node at which somebody is subscribed to the channel. */
  async nodeOf(channel) {
    for (const node of this.nodes) {
      if ((await node.api({ method: 'channels' }))[0].body.data.includes(channel)) return node;
    }
    throw new Error('nobody has ' + channel);
  }

  async stop() {
    this.proxy.kill('SIGKILL');
    await this.done;
    for (const node of this.nodes) {
      if (!node.ended) node.signal('SIGTERM'); // the second one ends it
      await node.stop();
    }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

for (const [name, make] of [['nginx', nginx], ['HAProxy', haproxy]]) {
  async function behind(work) {
    const site = await Site.start(make);
    try {
      await work(site);
    } finally {
      await site.stop();
    }
  }

  test('WebSocket and SockJS come through ' + name + ', and what is not for everybody does not', () => behind(async (site) => {
    const client = await site.client('news');
    await (await site.nodeOf('news')).publish('news', { hello: 1 });
    assert.deepStrictEqual((await client.push('message')).body.data, { hello: 1 });
    const session = '/connection/000/one/';
    assert.deepStrictEqual(await site.ask('POST', session + 'xhr'), { status: 200, text: 'o\n' });
    for (let i = 0; i < 6; i++) { // one node has the session
      const ping = JSON.stringify([JSON.stringify({ uid: '1', method: i > 0 ? 'ping' : 'connect', params: i > 0 ? {} : credentials('bob') })]);
      assert.strictEqual((await site.ask('POST', session + 'xhr_send', ping)).status, 204);
      assert.match((await site.ask('POST', session + 'xhr')).text, i > 0 ? /ping/ : /connect/);
    }
    for (const target of ['/api/', '/health', '/metrics', '/socket', '/']) assert.strictEqual((await site.ask('GET', target)).status, 404, target);
    client.end();
  }));

  test('who comes to ' + name + ' while a node ends is sent to the other one, and who is there stays', () => behind(async (site) => {
    const clients = [await site.client('one'), await site.client('one')];
    const ending = await site.nodeOf('one');
    ending.signal('SIGTERM');
    const told = await until(() => clients.find((client) => client.closed), 'the first to be told');
    const stays = clients.find((client) => client !== told);
    assert.deepStrictEqual(told.closed, TOLD);
    const next = await until(() => site.client('two').catch(() => null), 'a node for who comes');
    site.nodes = [...site.nodes.filter((node) => node !== ending), ending];
    assert.strictEqual(await site.nodeOf('two'), site.nodes[0]);
    await stays.command('ping');
    ending.signal('SIGTERM');
    await stays.waitClosed();
    assert.deepStrictEqual(stays.closed, TOLD);
    assert.strictEqual((await soon(ending.done, 'the end')).code, 0);
    await next.command('ping');
    next.end();
  }));
}
