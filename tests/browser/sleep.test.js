'use strict';
/* A page that nobody looks at, that the browser freezes, that is left and come back to. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { FILE, NEVER_MS, NAMESPACES, Site, Server, relayTo, optionsFor, script, until } = require('./lib');
const { startBrowser } = require('./tab');

let site;
let server;
let browser;
let url;

before(async () => {
  [site, server, browser] = await Promise.all([Site.start(), Server.start({ namespaces: NAMESPACES }), startBrowser()]);
  url = site.html('/sleep.html', script('/dist/' + FILE) + script('/clients.js'));
  site.html('/elsewhere.html', '');
});

after(async () => {
  await browser.stop();
  await Promise.all([site.stop(), server.stop()]);
});

const heard = (tab, event, n) => until(() => tab.evaluate((e, least) => count('a', e) >= least, event, n), event + ' ' + n);
const messages = (tab) => tab.evaluate(() => contexts('a', 'message').map((m) => m.data));

/* A subscribed client behind a relay; the page's own events are in its log, too. */
function sleeper(name, options, work) {
  test(name, async () => {
    const channel = 'all:' + name.replace(/\W+/g, '-');
    const relay = await relayTo(server.port);
    const tab = await browser.open(url);
    await tab.evaluate((given, ch) => {
      const { log } = start('a', given, ch);
      for (const event of ['freeze', 'resume']) document.addEventListener(event, () => log.push([event]));
      addEventListener('pageshow', (event) => log.push(['pageshow', { persisted: event.persisted }]));
    }, optionsFor(relay.url, 'a', options), channel);
    await heard(tab, 'subscribe', 1);
    await work({ tab, relay, publish: (data) => server.publish(channel, data) });
    assert.deepStrictEqual(tab.uncaught, []);
    await tab.evaluate(() => clients.a.client.disconnect());
    await relay.stop();
  });
}

const slow = { retry: NEVER_MS, maxRetry: NEVER_MS };

sleeper('hidden: messages are told, a lost connection comes back', {}, async ({ tab, relay, publish }) => {
  await tab.hide();
  await publish(1);
  await heard(tab, 'message', 1);
  relay.cut();
  await publish(2);
  await heard(tab, 'subscribe', 2);
  await publish(3);
  await heard(tab, 'message', 3);
  assert.deepStrictEqual(await messages(tab), [1, 2, 3]);
});

sleeper('frozen and resumed: what came meanwhile is told, whether or not the connection has survived', {}, async ({ tab, publish }) => {
  await tab.hide();
  await tab.freeze();
  for (let n = 0; n < 10; n++) await publish(n);
  await tab.resume();
  await tab.show();
  await heard(tab, 'message', 10);
  assert.deepStrictEqual(await messages(tab), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.strictEqual(await tab.evaluate(() => count('a', 'freeze') + count('a', 'resume')), 2);
});

sleeper('frozen, its connection lost, resumed: what was missed is told', {}, async ({ tab, relay, publish }) => {
  await publish('first');
  await heard(tab, 'message', 1);
  await tab.hide();
  await tab.freeze();
  relay.cut();
  for (let n = 0; n < 10; n++) await publish(n);
  await tab.resume();
  await tab.show();
  await heard(tab, 'message', 11);
  await publish('last');
  await heard(tab, 'message', 12);
  assert.deepStrictEqual(await messages(tab), ['first', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 'last']);
  assert.deepStrictEqual(await tab.evaluate(() => contexts('a', 'subscribe').map((s) => s.recovered)), [false, true]);
});

sleeper('frozen while it waits for the next attempt, resumed: an attempt at once', slow, async ({ tab, relay }) => {
  relay.cut();
  await heard(tab, 'disconnect', 1);
  await tab.hide();
  await tab.freeze();
  await tab.resume();
  await heard(tab, 'subscribe', 2);
  await tab.show();
});

sleeper('left while it waits for the next attempt, kept, come back to: an attempt at once', slow, async ({ tab, relay, publish }) => {
  await publish('first');
  await heard(tab, 'message', 1);
  relay.cut();
  await heard(tab, 'disconnect', 1);
  await tab.go(site.origin + '/elsewhere.html');
  await publish('missed');
  await tab.back(url);
  assert.deepStrictEqual(await tab.evaluate(() => contexts('a', 'pageshow')), [{ persisted: true }]);
  await heard(tab, 'subscribe', 2);
  assert.deepStrictEqual(await messages(tab), ['first', 'missed']);
});

/* The browser keeps the page, but not its connection. */
sleeper('left with an open connection, kept, come back to: connected again, and what was missed is told', {}, async ({ tab, publish }) => {
  await publish('first');
  await heard(tab, 'message', 1);
  await tab.go(site.origin + '/elsewhere.html');
  await publish('missed');
  await tab.back(url);
  assert.deepStrictEqual(await tab.evaluate(() => contexts('a', 'pageshow')), [{ persisted: true }]);
  await heard(tab, 'message', 2);
  await publish('last');
  await heard(tab, 'message', 3);
  assert.deepStrictEqual(await messages(tab), ['first', 'missed', 'last']);
});
