'use strict';
/* Every build, loaded in every way that a page has, against centrifuged. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { NAMESPACES, Site, Server, launch, openPage, soon } = require('./lib');
const { SCRIPTS, MODULES, prepare, check } = require('./loads');

let site;
let server;
let browser;
let pages;

before(async () => {
  [site, server, browser] = await Promise.all([Site.start(), Server.start({ namespaces: NAMESPACES }), launch()]);
  pages = prepare(site, server);
});

after(async () => {
  await browser.close();
  await Promise.all([site.stop(), server.stop()]);
});

for (const [kind, files] of [['script', SCRIPTS], ['worker', SCRIPTS], ['module', MODULES], ['module-worker', MODULES]]) {
  for (const file of files) {
    test(kind + ': ' + file, async () => {
      const { name, url } = pages.find((p) => p.name === kind + '-' + file.replace(/\W/g, '-'));
      const page = await openPage(browser, url);
      check(await soon(site.report(name), 'the report'));
      assert.deepStrictEqual(page.uncaught, []);
      await page.context().close();
    });
  }
}
