'use strict';
/*
 * The real SockJS client in Chromium against centrifuged: every transport, below the 1.x client and below ours, across a restart
 * of the server; and the same through nginx as docs/configuration.md sets it up.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { DOUBTFUL_TEXT } = require('../server/lib');
const { Nginx } = require('../server/nginx');
const { FILE, NAMESPACES, Site, Server, launch, openPage, optionsFor, script, until } = require('./lib');

const SOCKJS = path.join(__dirname, '../../js/node_modules/sockjs-client/dist/sockjs.min.js');
const TEXT = '100 % <b>"é😀' + DOUBTFUL_TEXT;
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
  for (const transport of TRANSPORTS) {
    test(transport + ' below ' + name, (t) => talk(t, library, transport, (server) => server.port));
    test(transport + ' below ' + name + ' through nginx', (t) => talk(t, library, transport, async (server) => {
      const nginx = await Nginx.start('configuration.md', await freePort(), { '127.0.0.1:8000': '127.0.0.1:' + server.port });
      t.after(() => nginx.stop());
      return nginx.port;
    }));
  }
}

async function freePort() {
  const listener = net.createServer();
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/* `through`: of a server, the port that the page talks to. */
async function talk(t, library, transport, through) {
  let server = await serve(0);
  t.after(() => server.stop());
  const port = await through(server);
  const page = await openPage(browser, site.html('/transports.html', script('/sockjs.js') + script(library) + script('/clients.js'), { 'Cache-Control': 'no-store' }));
  t.after(() => page.context().close());
  const heard = (event, n) => until(() => page.evaluate(([e, least]) => count('a', e) >= least, [event, n]), event + ' ' + n);
  const options = optionsFor('http://127.0.0.1:' + port + '/connection', 'u', { transports: [transport] });
  await page.evaluate((given) => { start('a', given, 'all:news'); }, options);
  await heard('subscribe', 1);
  assert.strictEqual(await page.evaluate(() => contexts('a', 'connect')[0].transport), transport);
  await server.publish('all:news', TEXT);
  await page.evaluate(() => { clients.a.subscription.publish({ x: 1 }); });
  await heard('message', 2);
  await server.stop();
  server = await serve(server.port);
  await heard('subscribe', 2);
  const [end, ...more] = await page.evaluate(() => contexts('a', 'disconnect'));
  // Between two polls there is nobody whom the server could tell.
  if (!transport.endsWith('polling')) assert.strictEqual(end.reason, 'shutting down');
  assert.deepStrictEqual([end.reconnect, more], [true, []]);
  await server.publish('all:news', 'after');
  await heard('message', 3);
  const texts = await page.evaluate(() => contexts('a', 'message').map((m) => JSON.stringify(m.data)));
  assert.deepStrictEqual(texts.sort(), [TEXT, 'after', { x: 1 }].map((data) => JSON.stringify(data)).sort());
  await page.evaluate(() => clients.a.client.disconnect());
  assert.deepStrictEqual(page.uncaught, []);
}
