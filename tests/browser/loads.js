'use strict';
/* The ways to load the library, as pages that report a session: for each browser the same. */
const assert = require('node:assert');
const { script, optionsFor } = require('./lib');

const SCRIPTS = ['centrifuge.js', 'centrifuge.min.js', 'centrifuge.asm.js'];
const MODULES = ['centrifuge.mjs', 'centrifuge.asm.mjs'];

const run = (name, library, options) => 'reportSession(' + [JSON.stringify(name), library, JSON.stringify(options), '"all:' + name + '"'].join(', ') + ');';

function importing(file, name, options) {
  return 'import "/session.js"; import Centrifuge, { Centrifuge as named } from "/dist/' + file + '";' +
    'if (named !== Centrifuge) report("' + name + '", { failed: "two of them" }); else ' + run(name, 'Centrifuge', options);
}

/* What does not show its own failure shows it to its page. */
function worker(site, name, file, text, options) {
  site.add('/' + name + '.js', text);
  return '<script>' +
    'const worker = new Worker("/' + name + '.js", ' + options + ');' +
    'worker.onerror = (event) => report("' + name + '", { failed: event.message || "not loaded" });</script>';
}

/* [{ name, url }], with the site prepared. */
function prepare(site, server) {
  const pages = [];
  const page = (kind, file, head) => {
    const name = kind + '-' + file.replace(/\W/g, '-');
    const options = optionsFor(server.url, name);
    pages.push({ name, url: site.html('/' + name + '.html', script('/session.js') + head(name, options)) });
  };
  for (const file of SCRIPTS) {
    page('script', file, (name, options) => '<script>const before = Object.getOwnPropertyNames(window);</script>' + script('/dist/' + file) +
      '<script>const added = Object.getOwnPropertyNames(window).filter((key) => !before.includes(key) && key !== "added");' +
      'if (String(added) !== "Centrifuge") report("' + name + '", { failed: "globals: " + added }); else ' + run(name, 'Centrifuge', options) + '</script>');
    page('worker', file, (name, options) => worker(site, name, file, 'importScripts("/session.js", "/dist/' + file + '");' + run(name, 'Centrifuge', options), '{}'));
  }
  for (const file of MODULES) {
    page('module', file, (name, options) => '<script>onerror = (text) => report("' + name + '", { failed: text });</script>' +
      '<script type="module" onerror=\'report("' + name + '", { failed: "not loaded" })\'>' + importing(file, name, options) + '</script>');
    page('module-worker', file, (name, options) => worker(site, name, file, importing(file, name, options), '{ type: "module" }'));
  }
  return pages;
}

/* The report of a session against centrifuged. */
function check({ name, failed, events }) {
  assert.strictEqual(failed, undefined);
  const data = { text: 'h\u00e9llo <&> \u2603', n: 1.5 };
  const one = (wanted) => events.filter(([event]) => event === wanted).map(([, context]) => context);
  assert.deepStrictEqual(events.map(([event]) => event),
    ['connect', 'join', 'subscribe', 'message', 'published', 'presence', 'history', 'unsubscribe', 'disconnect']);
  assert.strictEqual(one('connect')[0].transport, 'raw-websocket');
  assert.deepStrictEqual(one('subscribe')[0], { channel: 'all:' + name, isResubscribe: false, recovered: false });
  assert.deepStrictEqual(one('message')[0].data, data);
  assert.deepStrictEqual(one('history')[0].data.map((m) => m.data), [data]);
  assert.strictEqual(Object.values(one('presence')[0].data)[0].user, name);
  assert.deepStrictEqual(one('disconnect')[0], { reason: 'client', reconnect: false });
}

module.exports = { SCRIPTS, MODULES, prepare, check };
