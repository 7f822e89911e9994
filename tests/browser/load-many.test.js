'use strict';
/* Many clients in one page, and many messages for one of them. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { FILE, Site, Server, launch, openPage, seeMemory, coreBytes, heapBytes, relayTo, optionsFor, script, until } = require('./lib');
const { WebSocket } = require('../server/lib');

const CLIENTS = 1000;
const REAL = 200; // of them, with a WebSocket of the browser
const MESSAGES = 20;

let site;
let server;
let browser;

before(async () => {
  const namespaces = [{ name: 'news', history_size: 2000, history_lifetime: 600, recover: true }];
  [site, server, browser] = await Promise.all([Site.start(), Server.start({ namespaces }), launch()]);
  site.add('/many.js', fs.readFileSync(path.join(__dirname, 'many.js')));
});

after(async () => {
  await browser.close();
  await Promise.all([site.stop(), server.stop()]);
});

/* The server's end of many.js. */
async function multiplexer() {
  const wss = new WebSocket.Server({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await new Promise((resolve) => wss.once('listening', resolve));
  wss.on('connection', (line) => {
    const far = new Map();
    const tell = (...parts) => { if (line.readyState === 1) line.send(JSON.stringify(parts)); };
    const open = (number, url) => {
      const socket = new WebSocket(url, { perMessageDeflate: false });
      far.set(number, socket);
      socket.on('open', () => tell(number, 'open'));
      socket.on('message', (data) => tell(number, 'message', data.toString()));
      socket.on('error', () => {});
      socket.on('close', (code, reason) => tell(number, 'close', { code, reason: reason.toString(), wasClean: code !== 1006 }));
    };
    line.on('message', (data) => {
      const [number, what, value] = JSON.parse(data.toString());
      if (what === 'open') open(number, value);
      else if (what === 'send') far.get(number).send(value);
      else far.get(number).close();
    });
    line.on('close', () => { for (const socket of far.values()) socket.terminate(); });
  });
  const stop = () => new Promise((resolve) => { for (const line of wss.clients) line.terminate(); wss.close(resolve); });
  return { url: 'ws://127.0.0.1:' + wss.address().port + '/', stop };
}

test(CLIENTS + ' clients in one page: each hears each message once, also when all connections are lost', async () => {
  const [shared, relay] = await Promise.all([multiplexer(), relayTo(server.port)]);
  const page = await openPage(browser, site.html('/many.html', script('/many.js') + script('/dist/' + FILE)), seeMemory);
  await page.evaluate(({ line, real, count, options }) => {
    allowMany(line, real);
    window.told = [];
    window.subscribed = 0;
    for (let n = 0; n < count; n++) {
      const heard = told[n] = [];
      const client = new Centrifuge(options);
      client.subscribe('news:all', { message: (m) => { heard.push(m.data); }, subscribe: () => { subscribed++; } });
      client.connect();
    }
  }, { line: shared.url, real: REAL, count: CLIENTS, options: optionsFor(relay.url, 'ann', { retry: 100, maxRetry: 2000 }) });
  const subscribed = (times) => until(() => page.evaluate((n) => subscribed >= n, times * CLIENTS), 'all to be subscribed');
  await subscribed(1);
  const wanted = [];
  const publish = async () => { wanted.push(wanted.length); await server.publish('news:all', wanted.length - 1); };
  const complete = (n) => until(() => page.evaluate((least) => told.every((heard) => heard.length >= least), n), 'every client to hear ' + n);
  while (wanted.length < MESSAGES) await publish();
  await complete(MESSAGES);
  relay.cut();
  while (wanted.length < 2 * MESSAGES) await publish();
  await subscribed(2);
  while (wanted.length < 3 * MESSAGES) await publish();
  await complete(3 * MESSAGES);
  const different = await page.evaluate(() => [...new Set(told.map((heard) => JSON.stringify(heard)))]);
  assert.deepStrictEqual(different, [JSON.stringify(wanted)]);
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
  await Promise.all([shared.stop(), relay.stop()]);
});

test('100,000 messages leave nothing behind', async () => {
  const page = await openPage(browser, site.html('/messages.html', script('/dist/' + FILE)), seeMemory);
  await page.evaluate((options) => {
    window.heard = 0;
    window.sum = 0;
    window.lost = [];
    window.client = new Centrifuge(options);
    const subscription = client.subscribe('news:growth', (m) => { heard++; sum += m.data.n; });
    client.on('disconnect', (context) => lost.push(context));
    client.connect();
    return new Promise((resolve) => subscription.on('subscribe', resolve));
  }, optionsFor(server.url, 'ann'));
  let sent = 0;
  const command = () => ({ method: 'publish', params: { channel: 'news:growth', data: { n: sent++, text: 'x'.repeat(100) } } });
  const publish = () => server.api(Array.from({ length: 500 }, command));
  const heard = (total) => until(() => page.evaluate((n) => heard >= n, total), total + ' messages');
  // not faster than the page reads: the server would take it for a slow one, and close
  const afterwards = async (total) => {
    while (sent < total) {
      await publish();
      if (sent % 5000 === 0) await heard(sent);
    }
    return { heap: await heapBytes(page), core: await coreBytes(page) };
  };
  const early = await afterwards(20000);
  const late = await afterwards(100000);
  assert.deepStrictEqual(await page.evaluate(() => [heard, sum, lost]), [100000, 100000 * 99999 / 2, []]);
  assert.ok(early.core > 0 || /asm/.test(FILE), 'the core has memory');
  assert.strictEqual(late.core, early.core);
  assert.ok(late.heap < early.heap + 200000, 'the heap grew from ' + early.heap + ' to ' + late.heap);
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
});
