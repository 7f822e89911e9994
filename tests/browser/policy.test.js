'use strict';
/* Content security policies: which build works under which, what the other one says, and that nothing is reported where it works. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { NAMESPACES, Site, Server, launch, openPage, optionsFor, soon } = require('./lib');
const { hmac } = require('../server/lib');
const { check } = require('./loads');

let site;
let server;
let browser;

before(async () => {
  [site, server, browser] = await Promise.all([Site.start(), Server.start({ namespaces: NAMESPACES }), launch()]);
});

after(async () => {
  await browser.close();
  await Promise.all([site.stop(), server.stop()]);
});

const WATCH = 'const violations = []; addEventListener("securitypolicyviolation", (e) => violations.push(e.effectiveDirective + " " + e.blockedURI));';

/* What a page under this policy reports; all of its scripts are files of its own origin with the nonce 'abc'. */
async function under(policy, name, file, text) {
  const tags = ['/watch.js', '/session.js', '/dist/' + file, '/' + name + '.js'].map((src) => '<script nonce="abc" src="' + src + '"></script>');
  site.add('/watch.js', WATCH);
  site.add('/' + name + '.js', text);
  const url = site.html('/' + name + '.html', tags.join(''), { 'Content-Security-Policy': policy });
  const page = await openPage(browser, url);
  const result = await soon(site.report(name), 'the report');
  await page.context().close();
  return { ...result, uncaught: page.uncaught };
}

function sessionText(name) {
  return 'session(Centrifuge, ' + JSON.stringify(optionsFor(server.url, name)) + ', "all:' + name + '")' +
    '.then((events) => ({ events }), (e) => ({ failed: String(e) })).then((r) => report("' + name + '", { ...r, violations }));';
}

async function works(policy, name, file) {
  const result = await under(policy, name, file, sessionText(name));
  assert.deepStrictEqual(result.violations, []);
  assert.deepStrictEqual(result.uncaught, []);
  check(result);
}

const STRICT = {
  self: "script-src 'self'",
  default: "default-src 'self'; connect-src *",
  nonce: "script-src 'nonce-abc' 'strict-dynamic'; object-src 'none'; base-uri 'none'",
};

const TYPES = "; require-trusted-types-for 'script'";

for (const [name, policy] of Object.entries(STRICT)) {
  test('centrifuge.asm.js works under ' + policy, () => works(policy, 'asm-' + name, 'centrifuge.asm.js'));
  test('centrifuge.asm.js works under ' + policy + TYPES, () => works(policy + TYPES, 'asm-typed-' + name, 'centrifuge.asm.js'));

  test('centrifuge.min.js says what to do under ' + policy, async () => {
    const result = await under(policy, 'refused-' + name, 'centrifuge.min.js',
      'let thrown; try { new Centrifuge({ url: "ws://127.0.0.1:1", insecure: true }); } catch (e) { thrown = e; }' +
      'report("refused-' + name + '", { error: thrown instanceof Error, text: String(thrown) });');
    assert.strictEqual(result.error, true);
    assert.match(result.text, /wasm-unsafe-eval/);
    assert.match(result.text, /centrifuge\.asm\.js/);
    assert.deepStrictEqual(result.uncaught, []);
  });

  const allowed = policy.replace(/(script-src|default-src)/, "$1 'wasm-unsafe-eval'");
  test('centrifuge.min.js works under ' + allowed, () => works(allowed, 'wasm-' + name, 'centrifuge.min.js'));

  test('centrifuge.min.js works under ' + allowed + TYPES, () => works(allowed + TYPES, 'wasm-typed-' + name, 'centrifuge.min.js'));
}

/* ---- script elements for JSONP -------------------------------------------------- */

/* A private channel by JSONP; the backend signs. */
function jsonpText(name, before) {
  site.add('/auth', (request, response) => {
    const query = new URL(request.url, site.origin).searchParams;
    const { client, channels } = JSON.parse(query.get('data'));
    const entries = channels.map((channel) => [channel, { sign: hmac(client, channel), info: '' }]);
    site.send(response, query.get('callback') + '(' + JSON.stringify(Object.fromEntries(entries)) + ')', 'text/javascript');
  });
  const options = optionsFor(server.url, name, { authEndpoint: '/auth', authTransport: 'jsonp' });
  return before + 'const client = new Centrifuge(' + JSON.stringify(options) + ');' +
    'const done = (result) => () => report("' + name + '", { result, violations });' +
    'client.subscribe("$all:p", { subscribe: done("subscribed"), error: (e) => done(e.error)() }); client.connect();';
}

const TYPED = "script-src 'self' 'wasm-unsafe-eval'" + TYPES;
const POLICY = 'trustedTypes.createPolicy("default", { createScriptURL: (url) => new URL(url, location).origin === location.origin ? url : null });';

for (const [name, policy, before, wanted] of [
  ['jsonp-self', "script-src 'self' 'wasm-unsafe-eval'", '', 'subscribed'],
  ['jsonp-nonce', STRICT.nonce.replace("'strict-dynamic'", "'strict-dynamic' 'wasm-unsafe-eval'"), '', 'subscribed'],
  ['jsonp-typed', TYPED, '', 'subscribed'],
  ['jsonp-named', TYPED + '; trusted-types centrifuge', '', 'subscribed'],
  ['jsonp-default', TYPED + '; trusted-types default', POLICY, 'subscribed'],
  ['jsonp-refused', TYPED + "; trusted-types 'none'", '', 'authorization request failed'],
]) {
  test('a private channel by JSONP: ' + wanted + ' under ' + policy, async () => {
    const result = await under(policy, name, 'centrifuge.min.js', jsonpText(name, before));
    assert.strictEqual(result.result, wanted);
    assert.deepStrictEqual(result.uncaught, []);
    if (wanted === 'subscribed' && !before) assert.deepStrictEqual(result.violations, []);
  });
}
