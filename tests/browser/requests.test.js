'use strict';
/* What a real browser adds to requests for signs and credentials: another origin's permission, cookies, scripts from elsewhere. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { FILE, NAMESPACES, Site, Server, launch, openPage, optionsFor, script, until } = require('./lib');
const { hmac } = require('../server/lib');

let site;
let backend; // of another origin
let server;
let browser;
let url;

before(async () => {
  [site, backend, server, browser] = await Promise.all([Site.start(), Site.start(), Server.start({ namespaces: NAMESPACES, connection_lifetime: 2 }), launch()]);
  url = site.html('/requests.html', script('/dist/' + FILE) + script('/clients.js'), { 'Set-Cookie': 'session=42; Path=/; HttpOnly' });
});

after(async () => {
  await browser.close();
  await Promise.all([site.stop(), backend.stop(), server.stop()]);
});

/* Requests that reach `name` of the other origin; `answer` gives a JSON value to each POST, allowed for our page. */
function allow(name, headers, answer) {
  const seen = [];
  backend.add(name, (request, response, body) => {
    seen.push({ method: request.method, headers: request.headers, url: request.url, body });
    const allowed = { 'Access-Control-Allow-Origin': site.origin, 'Access-Control-Allow-Credentials': 'true', 'Access-Control-Allow-Headers': headers };
    backend.send(response, request.method === 'POST' ? JSON.stringify(answer(body)) : '', 'application/json', allowed);
  });
  return seen;
}

const signs = (body) => {
  const { client, channels } = JSON.parse(body);
  return Object.fromEntries(channels.map((channel) => [channel, { sign: hmac(client, channel), info: '' }]));
};

async function subscribing(options, user, channel) {
  const page = await openPage(browser, url);
  await page.evaluate((given) => {
    const { subscription } = start(...given);
    clients.a.refused = [];
    subscription.on('error', (e) => clients.a.refused.push(e.error));
  }, ['a', optionsFor(server.url, user, options), channel]);
  return page;
}

const subscribed = (page) => until(() => page.evaluate(() => count('a', 'subscribe') === 1), 'a subscription');

test('signs from another origin: its permission is asked for, the cookie is sent', async () => {
  const seen = allow('/auth', 'content-type, x-requested-with, x-csrf', signs);
  const page = await subscribing({ authEndpoint: backend.origin + '/auth', authHeaders: { 'X-CSRF': 'c' }, authParams: { a: '1 &' } }, 'ann', '$all:p');
  await subscribed(page);
  assert.deepStrictEqual(seen.map((r) => r.method), ['OPTIONS', 'POST']);
  const { headers, url: asked } = seen[1];
  assert.deepStrictEqual([headers.cookie, headers['x-csrf'], headers['x-requested-with'], headers.origin], ['session=42', 'c', 'XMLHttpRequest', site.origin]);
  assert.strictEqual(asked, '/auth?a=1%20%26');
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
});

test('an origin that does not allow it: the subscription is refused', async () => {
  const seen = allow('/strict', 'content-type', signs);
  const page = await subscribing({ authEndpoint: backend.origin + '/strict' }, 'ann', '$all:p');
  await until(() => page.evaluate(() => clients.a.refused.length === 1), 'the refusal');
  assert.deepStrictEqual(await page.evaluate(() => clients.a.refused), ['authorization request failed']);
  assert.deepStrictEqual(seen.map((r) => r.method), ['OPTIONS']);
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
});

test('JSONP from another origin: the cookie is sent, the script element and the function are gone afterwards', async () => {
  let asked = null;
  backend.add('/jsonp', (request, response) => {
    const query = new URL(request.url, backend.origin).searchParams;
    asked = request;
    backend.send(response, query.get('callback') + '(' + JSON.stringify(signs(query.get('data'))) + ');', 'text/javascript');
  });
  const page = await subscribing({ authEndpoint: backend.origin + '/jsonp', authTransport: 'jsonp' }, 'ann', '$all:p');
  await subscribed(page);
  assert.strictEqual(asked.method, 'GET');
  assert.strictEqual(asked.headers.cookie, 'session=42');
  await until(() => page.evaluate(() => document.scripts.length === 2 && Object.keys(Centrifuge._jsonpCallbacks).length === 0), 'both to be gone');
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
});

for (const [name, text, error] of [
  ['is no script', '<html>', 'authorization request failed'],
  ['throws', 'throw new Error("of the backend")', 'authorization request failed'],
  ['says nothing', '', 'authorization request failed'],
]) {
  test('JSONP whose answer ' + name + ': the subscription is refused', async () => {
    site.add('/odd.js', text);
    const page = await subscribing({ authEndpoint: '/odd.js', authTransport: 'jsonp' }, 'ann', '$all:p');
    await until(() => page.evaluate(() => clients.a.refused.length === 1), 'the refusal');
    assert.deepStrictEqual(await page.evaluate(() => clients.a.refused), [error]);
    await page.context().close();
  });
}

test('credentials from another origin, again and again: the connection lives on', async () => {
  const seen = allow('/refresh', 'content-type, x-requested-with', () => {
    const { user, timestamp, info, token } = optionsFor('', 'bob');
    return { user, timestamp, info, token };
  });
  const page = await subscribing({ refreshEndpoint: backend.origin + '/refresh', refreshData: { q: 'ü' } }, 'bob', 'all:refresh');
  await until(() => seen.filter((r) => r.method === 'POST').length >= 3, 'three refreshes');
  const posts = seen.filter((r) => r.method === 'POST');
  assert.deepStrictEqual([...new Set(posts.map((r) => r.headers.cookie + r.body))], ['session=42{"q":"ü"}']);
  assert.deepStrictEqual(await page.evaluate(() => contexts('a', 'disconnect')), []);
  assert.deepStrictEqual(page.uncaught, []);
  await page.context().close();
});
