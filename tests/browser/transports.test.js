'use strict';
/*
 * The real SockJS client in Chromium against centrifuged: every transport, below the 1.x client and below ours, across a restart
 * of the server.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { FILE, NAMESPACES, Site, Server, launch, openPage, optionsFor, script, until } = require('./lib');

const SOCKJS = path.join(__dirname, '../../js/node_modules/sockjs-client/dist/sockjs.min.js');
const TRANSPORTS = ['websocket', 'xhr-streaming', 'eventsource', 'iframe-eventsource', 'iframe-htmlfile', 'xhr-polling', 'iframe-xhr-polling', 'jsonp-polling'];

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

const serve = (port) => Server.start({ namespaces: NAMESPACES, sockjs_url: site.origin + '/sockjs.js', port });

for (const [name, library] of [['the 1.x client', '/reference.js'], ['ours', '/dist/' + FILE]]) {
  for (const transport of TRANSPORTS) test(transport + ' below ' + name, () => talk(library, transport));
}

async function talk(library, transport) {
  let server = await serve(0);
  const page = await openPage(browser, site.html('/transports.html', script('/sockjs.js') + script(library) + script('/clients.js'), { 'Cache-Control': 'no-store' }));
  const heard = (event, n) => until(() => page.evaluate(([e, least]) => count('a', e) >= least, [event, n]), event + ' ' + n);
  const options = optionsFor('http://127.0.0.1:' + server.port + '/connection', 'u', { transports: [transport] });
  await page.evaluate((given) => { start('a', given, 'all:news'); }, options);
  await heard('subscribe', 1);
  assert.strictEqual(await page.evaluate(() => contexts('a', 'connect')[0].transport), transport);
  await server.publish('all:news', '100 % <b>\u2028"é😀');
  await page.evaluate(() => { clients.a.subscription.publish({ x: 1 }); });
  await heard('message', 2);
  await server.stop();
  server = await serve(server.port);
  await heard('subscribe', 2);
  assert.deepStrictEqual(await page.evaluate(() => contexts('a', 'disconnect')), [{ reason: 'shutting down', reconnect: true }]);
  await server.publish('all:news', 'after');
  await heard('message', 3);
  const texts = await page.evaluate(() => contexts('a', 'message').map((m) => JSON.stringify(m.data)));
  assert.deepStrictEqual(texts.sort(), ['"100 % <b>\u2028\\"é😀"', '"after"', '{"x":1}'].map((text) => JSON.stringify(JSON.parse(text))).sort());
  await page.evaluate(() => clients.a.client.disconnect());
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
  await server.stop();
}
