'use strict';
/*
 * The real SockJS client below the library: as a global and as an option, over its WebSocket and over XMLHttpRequest. The server is
 * as much of SockJS as these two need, and says what a test wants; centrifuged's is in transports.test.js.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { FILE, Site, launch, openPage, script, until } = require('./lib');
const { WebSocket } = require('../server/lib');

const SOCKJS = path.join(__dirname, '../../js/node_modules/sockjs-client/dist/sockjs.min.js');

let site;
let browser;

before(async () => {
  [site, browser] = await Promise.all([Site.start(), launch()]);
  site.add('/sockjs.js', fs.readFileSync(SOCKJS));
});

after(async () => {
  await browser.close();
  await site.stop();
});

/* What the protocol of the library needs: each command is answered with success. */
function answers(command) {
  const { uid, method, params } = command;
  if (method === 'connect') return { uid, method, body: { version: '1.8.0', client: 'c', expires: false, expired: false, ttl: 0 } };
  return { uid, method, body: { channel: params && params.channel, status: true, last: '', messages: null, recovered: false } };
}

class SockJSServer {
  static async start() {
    const self = new SockJSServer();
    self.sessions = new Map(); // path -> function that sends a frame
    self.asked = [];
    self.server = http.createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (d) => { body += d; }).on('end', () => self.answer(request, response, body));
    });
    const wss = new WebSocket.Server({ server: self.server, perMessageDeflate: false });
    wss.on('connection', (socket, request) => {
      const session = self.open(request.url, (frame) => socket.send(frame));
      socket.on('message', (data) => self.take(session, data.toString()));
    });
    await new Promise((resolve) => self.server.listen(0, '127.0.0.1', resolve));
    self.url = 'http://127.0.0.1:' + self.server.address().port + '/connection';
    return self;
  }

  /* /connection/SERVER/SESSION/TRANSPORT */
  open(url, write) {
    const session = url.split('/').slice(0, 4).join('/');
    this.asked.push(url.split('?')[0]);
    this.sessions.set(session, write);
    write('o');
    return session;
  }

  take(session, text) {
    const write = this.sessions.get(session);
    for (const one of JSON.parse(text)) {
      for (const command of [].concat(JSON.parse(one))) write('a' + JSON.stringify([JSON.stringify(answers(command))]));
    }
  }

  tell(frame) { for (const write of this.sessions.values()) write(frame); }

  answer(request, response, body) {
    const headers = {
      'Access-Control-Allow-Origin': request.headers.origin || '*',
      'Access-Control-Allow-Credentials': 'true',
      'Access-Control-Allow-Headers': 'content-type',
    };
    const name = request.url.split('?')[0];
    if (name.endsWith('/info')) {
      response.writeHead(200, { ...headers, 'Content-Type': 'application/json' });
      return response.end(JSON.stringify({ websocket: true, origins: ['*:*'], cookie_needed: false, entropy: 1 }));
    }
    if (name.endsWith('/xhr_streaming') && request.method === 'POST') {
      response.writeHead(200, { ...headers, 'Content-Type': 'application/javascript' });
      response.write('h'.repeat(2048) + '\n');
      return this.open(request.url, (frame) => response.write(frame + '\n'));
    }
    response.writeHead(204, headers);
    response.end();
    if (name.endsWith('/xhr_send') && request.method === 'POST') this.take(name.split('/').slice(0, 4).join('/'), body);
    return undefined;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

const GLOBAL = script('/sockjs.js');
const OPTION = script('/sockjs.js') + '<script>window.Given = SockJS; delete window.SockJS;</script>';

for (const [name, head, transport, asked] of [
  ['a global', GLOBAL, 'websocket', 'websocket'],
  ['an option', OPTION, 'websocket', 'websocket'],
  ['a global', GLOBAL, 'xhr-streaming', 'xhr_streaming'],
  ['an option', OPTION, 'xhr-streaming', 'xhr_streaming'],
]) {
  test('SockJS as ' + name + ' over ' + transport, async () => {
    const server = await SockJSServer.start();
    const page = await openPage(browser, site.html('/sockjs.html', head + script('/dist/' + FILE) + script('/clients.js'), { 'Cache-Control': 'no-store' }));
    const heard = (event, n) => until(() => page.evaluate(([e, least]) => count('a', e) >= least, [event, n]), event + ' ' + n);
    await page.evaluate((options) => {
      start('a', window.Given ? { ...options, sockJS: window.Given } : options, 'news');
    }, { url: server.url, insecure: true, transports: [transport], server: 'srv', retry: 20, maxRetry: 50 });
    await heard('subscribe', 1);
    assert.strictEqual(await page.evaluate(() => contexts('a', 'connect')[0].transport), transport);
    server.tell('h');
    server.tell('a' + JSON.stringify([JSON.stringify({ method: 'message', body: { uid: 'm', channel: 'news', data: 'ü' } })]));
    await heard('message', 1);
    assert.deepStrictEqual(await page.evaluate(() => contexts('a', 'message').map((m) => m.data)), ['ü']);
    const published = await page.evaluate(() => clients.a.subscription.publish({ x: 1 }));
    assert.strictEqual(published.status, true);
    server.tell('c[3000,"{\\"reason\\":\\"r\\",\\"reconnect\\":true}"]');
    await heard('subscribe', 2);
    assert.deepStrictEqual(await page.evaluate(() => contexts('a', 'disconnect')), [{ reason: 'r', reconnect: true }]);
    assert.ok(server.asked.every((url) => /^\/connection\/srv\/\w+\//.test(url) && url.endsWith('/' + asked)), server.asked.join(' '));
    await page.evaluate(() => clients.a.client.disconnect());
    assert.deepStrictEqual(page.uncaught, []);
    await page.context().close();
    await server.stop();
  });
}

test('a SockJS address without SockJS: the constructor says so', async () => {
  const page = await openPage(browser, site.html('/none.html', script('/dist/' + FILE)));
  const thrown = await page.evaluate(() => { try { return new Centrifuge({ url: 'http://127.0.0.1:1/connection', insecure: true }) && ''; } catch (e) { return e; } });
  assert.match(thrown, /^include SockJS client library before Centrifuge javascript client library/);
  await page.context().close();
});
