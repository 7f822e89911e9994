'use strict';
/* The server's own TLS, and Chromium. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const { FILE, NAMESPACES, Site, Server, launch, openPage, optionsFor, script, until } = require('./lib');
const { makeCertificate, temporaryFolder } = require('../server/lib');

const folder = temporaryFolder();
let site;
let server;
let browser;

before(async () => {
  const config = Object.assign({ namespaces: NAMESPACES, ssl: true }, makeCertificate(folder, 'page'));
  [site, server, browser] = await Promise.all([Site.start(), Server.start(config), launch(['--ignore-certificate-errors'])]);
});

after(async () => {
  await browser.close();
  await Promise.all([site.stop(), server.stop()]);
  fs.rmSync(folder, { recursive: true, force: true });
});

test('a page gets messages of one record and of many, on its first connection and on the next one', async () => {
  const page = await openPage(browser, site.html('/tls.html', script('/dist/' + FILE) + script('/clients.js')));
  const sizes = [10, 16384, 60000];
  for (const name of ['a', 'b']) {
    await page.evaluate((given) => { start(...given); }, [name, optionsFor(server.url, name), 'all:tls']);
    await until(() => page.evaluate((who) => count(who, 'subscribe') === 1, name), 'the subscription');
    for (const size of sizes) await server.publish('all:tls', 'x'.repeat(size));
    await until(() => page.evaluate((who) => count(who, 'message') === 3, name), 'the messages');
    const got = await page.evaluate((who) => contexts(who, 'message').map((each) => each.data.length), name);
    assert.deepStrictEqual(got, sizes);
  }
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
});
