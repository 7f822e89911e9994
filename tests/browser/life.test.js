'use strict';
/* What happens to a page in its life: servers die, networks go, timers are late, its own code throws, and what it is told is nonsense. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { FILE, NEVER_MS, NAMESPACES, Site, Server, launch, openPage, seeMemory, coreBytes, heapBytes, relayTo, scripted, optionsFor, script, until, sleep } = require('./lib');

let site;
let server;
let browser;
let url;

before(async () => {
  [site, server, browser] = await Promise.all([Site.start(), Server.start({ namespaces: NAMESPACES }), launch()]);
  url = site.html('/life.html', script('/dist/' + FILE) + script('/clients.js'));
});

after(async () => {
  await browser.close();
  await Promise.all([site.stop(), server.stop()]);
});

/* A test with a page, in which nothing is uncaught. */
function life(name, work, setUp) {
  test(name, async () => {
    const page = await openPage(browser, url, setUp);
    await work(page);
    assert.deepStrictEqual(page.uncaught, []);
    await page.context().close();
  });
}

const start = (page, name, options, channel) => page.evaluate((given) => { start(...given); }, [name, options, channel]);
const contexts = (page, name, event) => page.evaluate((given) => contexts(...given), [name, event]);
const heard = (page, name, event, n) => until(() => page.evaluate((given) => count(given[0], given[1]) >= given[2], [name, event, n]),
  name + ': ' + event + ' ' + n);

/* ---- connections and servers ----------------------------------------------------------- */

life('connections are cut again and again while messages are published: none is lost, none is doubled', async (page) => {
  const relay = await relayTo(server.port);
  const names = ['a', 'b', 'c', 'd'];
  for (const name of names) await start(page, name, optionsFor(relay.url, name, { retry: 10, maxRetry: 40 }), 'all:cut');
  for (const name of names) await heard(page, name, 'subscribe', 1);
  const wanted = [];
  const publish = async () => { await server.publish('all:cut', wanted.length); wanted.push(wanted.length); };
  for (let n = 0; n < 300; n++) {
    await publish();
    if (n % 25 === 10) relay.cut();
    if (n % 100 === 50) relay.down = true;
    if (n % 100 === 60) relay.down = false;
    if (n % 10 === 0) await sleep(20);
  }
  // nothing is missed between these, which is the harder case
  for (let n = 0; n < 4; n++) {
    for (const name of names) await heard(page, name, 'message', wanted.length);
    const before = (await contexts(page, 'a', 'subscribe')).length;
    relay.cut();
    await heard(page, 'a', 'subscribe', before + 1);
  }
  await publish();
  for (const name of names) {
    await heard(page, name, 'message', wanted.length);
    assert.deepStrictEqual((await contexts(page, name, 'message')).map((m) => m.data), wanted, name);
    assert.ok((await contexts(page, name, 'subscribe')).length > 3, 'it was cut');
    assert.ok((await contexts(page, name, 'subscribe')).slice(1).every((s) => s.isResubscribe && s.recovered), 'all was recovered');
  }
  await relay.stop();
});

life('the server is killed and another one takes its place', async (page) => {
  const first = await Server.start({ namespaces: NAMESPACES });
  const relay = await relayTo(first.port);
  await start(page, 'a', optionsFor(relay.url, 'a'), 'all:killed');
  await heard(page, 'a', 'subscribe', 1);
  await first.publish('all:killed', 'before');
  await heard(page, 'a', 'message', 1);
  first.signal('SIGKILL');
  await first.done;
  await heard(page, 'a', 'disconnect', 1);
  const second = await Server.start({ namespaces: NAMESPACES });
  relay.target = second.port;
  await heard(page, 'a', 'subscribe', 2);
  await second.publish('all:killed', 'after');
  await heard(page, 'a', 'message', 2);
  const log = await page.evaluate(() => clients.a.log.map(([event, context]) => event + (event === 'message' ? ' ' + context.data : '')));
  assert.deepStrictEqual(log, ['connect', 'join', 'subscribe', 'message before', 'unsubscribe', 'disconnect', 'connect', 'join', 'subscribe', 'message after']);
  assert.deepStrictEqual(await contexts(page, 'a', 'disconnect'), [{ reason: 'connection closed', reconnect: true }]);
  await relay.stop();
  await second.stop();
});

/* ---- the network, and timers -------------------------------------------------------------- */

life('back online: an attempt at once', async (page) => {
  const relay = await relayTo(server.port);
  await start(page, 'a', optionsFor(relay.url, 'a', { retry: NEVER_MS, maxRetry: NEVER_MS }), 'all:online');
  await heard(page, 'a', 'subscribe', 1);
  await page.context().setOffline(true);
  relay.cut();
  await heard(page, 'a', 'disconnect', 1);
  await server.publish('all:online', 'missed');
  await page.context().setOffline(false);
  await heard(page, 'a', 'subscribe', 2);
  assert.deepStrictEqual((await contexts(page, 'a', 'message')).map((m) => m.data), ['missed']);
  await relay.stop();
});

life('timers that ring a minute late break no connection', async (page) => {
  const scriptedServer = await scripted();
  await page.clock.install();
  await start(page, 'a', { url: scriptedServer.url, insecure: true, pingInterval: 25000, pongWaitTimeout: 5000 }, 'news');
  await heard(page, 'a', 'subscribe', 1);
  const peer = await scriptedServer.peer(0);
  const pings = () => peer.commands.filter((c) => c.method === 'ping').length;
  for (let n = 1; n <= 5; n++) {
    await page.clock.fastForward(60000);
    await until(() => pings() >= n, 'ping ' + n);
    peer.say({ method: 'message', body: { uid: 'm' + n, channel: 'news', data: n } });
    await heard(page, 'a', 'message', n);
  }
  assert.deepStrictEqual(await contexts(page, 'a', 'disconnect'), []);
  assert.strictEqual(scriptedServer.peers.length, 1);
  await scriptedServer.stop();
});

life('a dead connection is noticed when the timers ring again', async (page) => {
  const scriptedServer = await scripted({ ping: () => undefined });
  await page.clock.install();
  await start(page, 'a', { url: scriptedServer.url, insecure: true, pingInterval: 25000, pongWaitTimeout: 5000 }, 'news');
  await heard(page, 'a', 'subscribe', 1);
  await page.clock.fastForward(60000);
  await until(() => scriptedServer.peers[0].commands.some((c) => c.method === 'ping'), 'a ping');
  await page.clock.fastForward(60000);
  await heard(page, 'a', 'disconnect', 1);
  assert.deepStrictEqual(await contexts(page, 'a', 'disconnect'), [{ reason: 'no ping', reconnect: true }]);
  await scriptedServer.stop();
});

/* ---- exceptions and nonsense -------------------------------------------------------------- */

test('an exception in a handler reaches window.onerror and breaks nothing', async () => {
  const page = await openPage(browser, url);
  await page.evaluate((options) => {
    window.errors = [];
    window.onerror = (text, file, line, column, error) => { window.errors.push(error && error.message); return true; };
    const { client, subscription } = start('a', options, 'all:throws');
    const thrower = (name) => () => { throw new Error(name); };
    for (const name of ['connect', 'disconnect']) client.on(name, thrower(name));
    for (const name of ['subscribe', 'join', 'message', 'unsubscribe']) subscription.on(name, thrower(name));
  }, optionsFor(server.url, 'a'));
  await heard(page, 'a', 'subscribe', 1);
  for (let n = 0; n < 3; n++) await server.publish('all:throws', n);
  await heard(page, 'a', 'message', 3);
  const published = await page.evaluate(() => clients.a.subscription.publish('mine'));
  assert.strictEqual(published.status, true);
  await page.evaluate(() => clients.a.client.disconnect());
  await heard(page, 'a', 'disconnect', 1);
  const messages = ['message', 'message', 'message', 'message'];
  assert.deepStrictEqual(await page.evaluate(() => window.errors), ['connect', 'join', 'subscribe', ...messages, 'unsubscribe', 'disconnect']);
  await page.context().close();
});

const NONSENSE = [
  '', ' ', '{', '}', '[', 'null', 'true', '17', '"text"', '{}', '[]', '[[]]', '[null,1,"a",{}]', '\u0000\u0001', '\ufeff{}', '{"a":1}{"b":2}',
  '{"method":5}', '{"method":"message"}', '{"method":"message","body":null}', '{"method":"message","body":[]}',
  '{"method":"message","body":{"channel":7}}', '{"method":"message","body":{"channel":{}}}',
  '{"method":"join","body":"x"}', '{"method":"leave"}',
  '{"uid":"1","method":"connect"}', '{"uid":{},"method":"connect","body":[]}',
  '{"uid":"1","method":"subscribe","body":{"channel":null}}', '{"method":"unsubscribe","body":{"channel":"news","status":1}',
  '{"method":"refresh","body":{"ttl":"x"}}',
  '{"method":"__proto__","body":{"channel":"__proto__"}}', '{"__proto__":{"method":"message"}}',
  '{"method":"message","body":{"channel":"__proto__","data":1}}', '{"method":"message","body":{"channel":"constructor","data":1}}',
  '{"method":"message","body":{"channel":"news","data":\u0000}}', '{"method":"message","method":"join","body":{"channel":"x"}}',
];

life('a hostile server: nonsense, answers twice, answers that nobody asked for', async (page) => {
  const hostile = await scripted({ publish: () => ({ channel: 'news', status: true }) });
  await start(page, 'a', { url: hostile.url, insecure: true }, 'news');
  await heard(page, 'a', 'subscribe', 1);
  const peer = await hostile.peer(0);
  for (const text of NONSENSE) peer.say(text);
  peer.send(Buffer.from([0, 255, 1, 2, 3])); // binary
  const [connect, subscribe] = peer.commands;
  const missed = [{ uid: 'x', channel: 'news', data: 'no' }];
  const subscribed = { uid: subscribe.uid, method: 'subscribe', body: { channel: 'news', status: true, last: '', messages: missed, recovered: true } };
  const welcome = { uid: connect.uid, method: 'connect', body: { client: 'other', expires: false, expired: false, ttl: 0 } };
  for (let n = 0; n < 3; n++) peer.say([welcome, subscribed]);
  for (const uid of ['1', '999', 'x', '', null]) for (const method of ['publish', 'history', 'presence', 'ping']) peer.say({ uid, method, body: { channel: 'news' } });
  assert.strictEqual((await page.evaluate(() => clients.a.subscription.publish(1))).status, true);
  const publish = peer.commands.find((c) => c.method === 'publish');
  for (let n = 0; n < 3; n++) peer.say({ uid: publish.uid, method: 'publish', body: {} });
  peer.say({ method: 'message', body: { uid: 'm1', channel: 'news', data: 'last' } });
  await heard(page, 'a', 'message', 1);
  assert.deepStrictEqual((await contexts(page, 'a', 'message')).map((m) => m.data), ['last']);
  assert.deepStrictEqual([(await contexts(page, 'a', 'connect')).length, (await contexts(page, 'a', 'subscribe')).length], [1, 1]);
  assert.deepStrictEqual(await contexts(page, 'a', 'disconnect'), []);
  await hostile.stop();
});

life('a hostile server: nesting without an end', async (page) => {
  const hostile = await scripted();
  await start(page, 'a', { url: hostile.url, insecure: true }, 'news');
  await heard(page, 'a', 'subscribe', 1);
  const peer = await hostile.peer(0);
  const deep = '['.repeat(200000) + ']'.repeat(200000);
  peer.say(deep);
  peer.say('{"method":"message","body":{"uid":"d","channel":"news","data":' + deep + '}}');
  peer.say('{"method":"message","body":' + '{"a":'.repeat(100000) + '1' + '}'.repeat(100000) + '}');
  peer.say({ method: 'message', body: { uid: 'm1', channel: 'news', data: 'last' } });
  await until(() => page.evaluate(() => contexts('a', 'message').some((m) => m.data === 'last')), 'the last message');
  assert.ok(await page.evaluate(() => contexts('a', 'message').length) <= 2);
  assert.deepStrictEqual(await contexts(page, 'a', 'disconnect'), []);
  await hostile.stop();
});

life('a hostile server: 100,000 channels that nobody asked for leave nothing behind', async (page) => {
  const hostile = await scripted();
  await start(page, 'a', { url: hostile.url, insecure: true }, 'news');
  await heard(page, 'a', 'subscribe', 1);
  const peer = await hostile.peer(0);
  const flood = async (round) => {
    for (let n = 0; n < 100; n++) {
      const channels = Array.from({ length: 500 }, (_, k) => [round, n, k].join('-'));
      const frame = channels.map((channel, k) => ({ method: ['message', 'join', 'leave', 'unsubscribe'][k % 4], body: { uid: channel, channel, data: { k } } }));
      peer.say(frame);
    }
    peer.say({ method: 'message', body: { uid: round, channel: 'news', data: round } });
    await heard(page, 'a', 'message', round);
  };
  await flood(1);
  const [heap, core] = [await heapBytes(page), await coreBytes(page)];
  assert.ok(core > 0 || /asm/.test(FILE), 'the core has memory');
  await flood(2);
  assert.strictEqual(await coreBytes(page), core);
  assert.ok(await heapBytes(page) < heap + 1000000);
  await hostile.stop();
}, seeMemory);

life('a hostile server: frames larger than any limit', async (page) => {
  const hostile = await scripted();
  await start(page, 'a', { url: hostile.url, insecure: true, retry: 10, maxRetry: 20 }, 'news');
  await heard(page, 'a', 'subscribe', 1);
  const before = await coreBytes(page);
  for (let n = 0; n < 2; n++) {
    const peer = await hostile.peer(n);
    await heard(page, 'a', 'subscribe', n + 1);
    peer.say('{"method":"message","body":{"uid":"h","channel":"news","data":"' + 'x'.repeat(20000000) + '"}}');
    await heard(page, 'a', 'disconnect', n + 1);
  }
  assert.deepStrictEqual(await contexts(page, 'a', 'message'), []);
  assert.strictEqual(await coreBytes(page), before);
  await hostile.stop();
}, seeMemory);
