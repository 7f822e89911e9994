'use strict';
/*
 * The adapter for a client in a real browser: each scenario gets a fresh page of a Chromium, whose origin is the scripted server.
 *
 *   CENTRIFUGE_JS        the library, dist/centrifuge.min.js without it
 *   CHROMIUM_DEVTOOLS    the DevTools address of a Chromium that runs; one is started for each scenario without it
 */
const path = require('path');
const Remote = require('../browser/remote/remote');
const { startChromium } = require('../browser/remote/chromium');

const library = path.resolve(process.env.CENTRIFUGE_JS || path.join(__dirname, '../../dist/centrifuge.min.js'));

let own = null;
let remote;

module.exports = {
  name: 'Chromium, ' + path.basename(library),

  async setup({ report, origin }) {
    if (!process.env.CHROMIUM_DEVTOOLS) own = await startChromium();
    const devtools = process.env.CHROMIUM_DEVTOOLS || own.devtools;
    remote = await Remote.open({ devtools, origin, library });
    remote.page.report(report);
    remote.page.debug((...args) => console.debug(...args));
  },

  makeClient(...args) { return remote.page.construct(...args); },

  async teardown() {
    remote.close();
    if (own) await own.stop();
  },
};
