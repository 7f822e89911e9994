'use strict';
/* A server that compresses, and Chromium, whose WebSockets offer it by themselves: with our client. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { FILE, NAMESPACES, Site, Server, launch, openPage, optionsFor, script, until } = require('./lib');

let site;
let server;
let browser;

before(async () => {
  [site, server, browser] = await Promise.all([Site.start(), Server.start({ namespaces: NAMESPACES, websocket_compression: true }), launch()]);
});

after(async () => {
  await browser.close();
  await Promise.all([site.stop(), server.stop()]);
});

test('what the client sends and gets is compressed on its way, and the same at its end', async () => {
  const page = await openPage(browser, site.html('/deflate.html', script('/dist/' + FILE) + script('/clients.js')));
  const extensions = await page.evaluate((url) => new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => { resolve(socket.extensions); socket.close(); };
    socket.onerror = reject;
  }), server.url);
  assert.match(extensions, /^permessage-deflate/);
  const data = { list: Array.from({ length: 200 }, (unused, i) => ({ id: i, text: 'ein Text \u2028 wie "alle" 😀' })) };
  await page.evaluate((given) => { start(...given); }, ['a', optionsFor(server.url, 'a'), 'all:deflate']);
  await until(() => page.evaluate(() => count('a', 'subscribe') === 1), 'the subscription');
  await server.publish('all:deflate', data);
  await until(() => page.evaluate(() => count('a', 'message') === 1), 'the message');
  const [got] = await page.evaluate(() => contexts('a', 'message'));
  assert.deepStrictEqual(got.data, data);
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
});
