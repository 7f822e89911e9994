'use strict';
/* Several libraries in one page: builds of ours, and the 1.x client beside ours with the same user's code. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { NAMESPACES, Site, Server, launch, openPage, relayTo, optionsFor, script, until, soon } = require('./lib');
const { hmac } = require('../server/lib');
const { check } = require('./loads');

let site;
let server;
let browser;

before(async () => {
  const namespaces = [...NAMESPACES, { name: 'quiet' }];
  [site, server, browser] = await Promise.all([Site.start(), Server.start({ namespaces }), launch()]);
  site.add('/app.js', fs.readFileSync(path.join(__dirname, 'app.js')));
});

after(async () => {
  await browser.close();
  await Promise.all([site.stop(), server.stop()]);
});

/* ---- builds of ours ------------------------------------------------------------------ */

test('two builds, and one of them twice, work side by side', async () => {
  const keep = (name) => '<script>const ' + name + ' = Centrifuge;</script>';
  const module = 'import Fourth from "/dist/centrifuge.mjs"; window.Fourth = Fourth;';
  const url = site.html('/builds.html', script('/session.js') + script('/dist/centrifuge.min.js') + keep('First') + script('/dist/centrifuge.asm.js') + keep('Second') +
    script('/dist/centrifuge.min.js?again') + keep('Third') + '<script type="module">' + module + '</script>');
  const page = await openPage(browser, url);
  await page.evaluate((all) => {
    const libraries = [First, Second, Third, window.Fourth];
    if (new Set(libraries).size !== 4) throw new Error('not four of them');
    libraries.forEach((library, n) => reportSession('builds-' + n, library, all[n], 'all:builds-' + n));
  }, [0, 1, 2, 3].map((n) => optionsFor(server.url, 'builds-' + n)));
  for (let n = 0; n < 4; n++) check(await soon(site.report('builds-' + n), 'the session'));
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
});

/* ---- beside the 1.x client ----------------------------------------------------------- */

/* Ids and times by the order of their appearance. */
function neutral(log) {
  const seen = new Map();
  const name = (id) => seen.get(id) || seen.set(id, '<id ' + (seen.size + 1) + '>').get(id);
  const text = JSON.stringify(log, (key, value) => (key === 'latency' ? '<ms>' : key === 'timestamp' ? '<s>' : value));
  return JSON.parse(text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b[0-9A-Za-z]{20,}\b/g, name));
}

/* client-spec.md D52: what is pushed before a recovery is answered, here the join of oneself, is told behind what was missed. */
function missedFirst(log) {
  const at = log.findIndex(([what, context]) => what === 'message' && context.data.text === 'missed');
  const [join] = log.splice(at - 1, 1);
  assert.strictEqual(join[0], 'join');
  log.splice(at + 1, 0, join);
}

/* What the user's code is told of one session with the library that the page has under this name. */
async function session(page, library, channel) {
  const [ann, bob] = ['ann' + library, 'bob' + library];
  const relay = await relayTo(server.port);
  const steps = {
    async cut() {
      relay.down = true;
      relay.cut();
      for (const text of ['missed', 'too']) await server.publish(channel, { text });
      relay.down = false;
    },
    async kick() { await server.api({ method: 'disconnect', params: { user: ann } }); },
  };
  const bound = 'say_' + library;
  await page.exposeFunction(bound, (step) => steps[step]());
  const options = [{ ann: optionsFor(relay.url, ann), bob: optionsFor(server.url, bob), channel }, library, bound];
  const log = await soon(page.evaluate(([given, name, say]) => app(window[name], { ...given, say: window[say] }), options), 'the session');
  await relay.stop();
  if (library === 'Reference') missedFirst(log);
  const text = JSON.stringify(log).replaceAll(channel, 'CHANNEL').replaceAll(ann, 'ann').replaceAll(bob, 'bob');
  return neutral(JSON.parse(text));
}

for (const file of ['centrifuge.min.js', 'centrifuge.asm.js']) {
  test('the same code is told the same by the 1.x client and by ' + file, async () => {
    const url = site.html('/beside-' + file + '.html', script('/app.js') + script('/reference.js') + '<script>window.Reference = Centrifuge;</script>' +
      script('/dist/' + file) + '<script>window.Ours = Centrifuge;</script>');
    const page = await openPage(browser, url);
    const channel = 'all:' + file;
    const [reference, ours] = await Promise.all([session(page, 'Reference', channel + '1'), session(page, 'Ours', channel + '2')]);
    assert.deepStrictEqual(ours, reference);
    assert.ok(ours.length > 30, 'something happened');
    assert.deepStrictEqual(page.uncaught, []);
    await page.context().close();
  });
}

/* ---- the global ------------------------------------------------------------------------ */

/* A private channel by JSONP, whose answer names the global. */
const jsonp = (library, options, name) => new Promise((resolve) => {
  const client = new window[library](options);
  client.subscribe('$all:' + name, { subscribe: () => resolve('subscribed'), error: (e) => resolve(e.error) });
  client.connect();
});

function signingRoute() {
  site.add('/auth', (request, response) => {
    const query = new URL(request.url, site.origin).searchParams;
    const { client, channels } = JSON.parse(query.get('data'));
    const entries = channels.map((channel) => [channel, { sign: hmac(client, channel), info: '' }]);
    site.send(response, query.get('callback') + '(' + JSON.stringify(Object.fromEntries(entries)) + ')', 'text/javascript');
  });
}

for (const [name, first, second] of [['ours-last', '/reference.js', '/dist/centrifuge.min.js'], ['ours-first', '/dist/centrifuge.min.js', '/reference.js']]) {
  test('JSONP of ours works when the 1.x client is in the page, too: ' + name, async () => {
    signingRoute();
    const keep = (as) => '<script>window.' + as + ' = Centrifuge;</script>';
    const url = site.html('/' + name + '.html', script(first) + keep('First') + script(second) + keep('Second'));
    const page = await openPage(browser, url);
    const ours = name === 'ours-last' ? 'Second' : 'First';
    const options = optionsFor(server.url, name, { authEndpoint: '/auth', authTransport: 'jsonp' });
    const run = new Function('given', 'return (' + jsonp + ')(...given)');
    assert.strictEqual(await soon(page.evaluate(run, [ours, options, name]), 'a subscription'), 'subscribed');
    await page.context().close();
  });
}

test('an ES module leaves the global as it was, with JSONP as well', async () => {
  signingRoute();
  const url = site.html('/module-jsonp.html', '<script>window.Centrifuge = { mine: true };</script>' +
    '<script type="module">import Ours from "/dist/centrifuge.mjs"; window.Ours = Ours;</script>');
  const page = await openPage(browser, url);
  const options = optionsFor(server.url, 'module-jsonp', { authEndpoint: '/auth', authTransport: 'jsonp' });
  const run = new Function('given', 'return (' + jsonp + ')(...given)');
  assert.strictEqual(await soon(page.evaluate(run, ['Ours', options, 'module']), 'a subscription'), 'subscribed');
  assert.strictEqual(await page.evaluate(() => window.Centrifuge.mine), true);
  await page.context().close();
});
