'use strict';
/* The page for operators in Chromium: what an operator sees and does. */
const { describe, test, before, after } = require('node:test');
const assert = require('node:assert');
const { Server, launch, until } = require('./lib');

const CONFIG = {
  web: true, admin_password: 'open sesame', admin_secret: 'key of tokens', name: 'main', watch: true,
  presence: true, publish: true, history_size: 10, history_lifetime: 60, http_prefix: '/live',
};

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/* A page, and what it complains of: nothing may. */
async function openAdmin(server, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => { if (message.type() === 'error' && !/400 \(Bad Request\)/.test(message.text())) complaints.push(message.text()); });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto('http://127.0.0.1:' + server.apiPort + '/live/');
  return { page, complaints, close: () => context.close() };
}

async function logIn(page, password = CONFIG.admin_password) {
  await page.getByLabel('Password of the admin interface').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

function withPage(config, work) {
  return async () => {
    const server = await Server.start(Object.assign({}, CONFIG, config));
    const admin = await openAdmin(server, { viewport: { width: 320, height: 640 } });
    try {
      await work(admin.page, server);
      assert.deepStrictEqual(admin.complaints, []);
    } finally {
      await admin.close();
      await server.stop();
    }
  };
}

/* Nothing needs to be moved sideways. */
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

describe('the page for operators', () => {
  test('a wrong password is told, the right one lets in, and logging out ends it', withPage({}, async (page) => {
    await logIn(page, 'wrong');
    await page.getByText('The password is wrong').waitFor();
    await logIn(page);
    await page.getByText('connected', { exact: true }).waitFor();
    await page.locator('#name', { hasText: 'main' }).waitFor();
    await page.reload();
    await page.getByText('connected', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Password of the admin interface').waitFor();
    assert.strictEqual(await page.evaluate(() => sessionStorage.length), 0);
  }));

  test('what is published to a channel is seen live, there and in its history', withPage({}, async (page, server) => {
    const ann = await connect(server, 'ann');
    await ann.command('subscribe', { channel: 'news <b>more</b>' });
    await logIn(page);
    await page.getByRole('link', { name: 'Channels' }).click();
    await page.getByRole('link', { name: 'news <b>more</b>' }).click();
    await page.getByRole('cell', { name: 'ann' }).waitFor();
    await page.getByLabel('Publish JSON to this channel').fill('{"text": "<b>hello</b>"}');
    await page.getByRole('button', { name: 'Publish' }).click();
    assert.deepStrictEqual((await ann.push('message')).body.data, { text: '<b>hello</b>' });
    await page.locator('#history article', { hasText: '<b>hello</b>' }).waitFor();
    await page.getByRole('link', { name: 'Messages' }).click();
    await page.locator('#live article', { hasText: '<b>hello</b>' }).waitFor();
    await ann.command('publish', { channel: 'news <b>more</b>', data: 'by ann' });
    await page.locator('#live article', { hasText: 'from ann' }).waitFor();
    assert.ok(await fits(page));
  }));

  test('what is no JSON is not published', withPage({}, async (page) => {
    await logIn(page);
    await page.getByText('connected', { exact: true }).waitFor();
    await page.goto(page.url().split('#')[0] + '#channel/a');
    await page.getByLabel('Publish JSON to this channel').fill('{text}');
    await page.getByRole('button', { name: 'Publish' }).click();
    await page.getByText('This is no JSON').waitFor();
  }));

  test('of more channels than are shown, those are found that have what is typed in their names', withPage({ client_channel_limit: 1000 }, async (page, server) => {
    const ann = await connect(server, 'ann');
    for (let i = 0; i < 600; i++) ann.send({ uid: 's' + i, method: 'subscribe', params: { channel: 'room-' + String(i).padStart(3, '0') } });
    await ann.take((m) => m.uid === 's599', 'the last subscription');
    await logIn(page);
    await page.getByRole('link', { name: 'Channels', exact: true }).click();
    await page.getByText('600 with subscribers, the first 500 are shown').waitFor();
    await page.getByLabel('Channel', { exact: true }).fill('59');
    await page.getByText('16 of 600 with subscribers').waitFor();
    assert.deepStrictEqual(await page.locator('#channel-list a').allInnerTexts(),
      ['room-059', ...Array.from({ length: 5 }, (none, i) => `room-${i + 1}59`), ...Array.from({ length: 10 }, (none, i) => 'room-59' + i)]);
    await page.getByRole('link', { name: 'room-599' }).click();
    await page.getByRole('cell', { name: 'ann' }).waitFor();
  }));

  test('an address that somebody typed is a channel as it stands', withPage({}, async (page) => {
    await logIn(page);
    await page.getByText('connected', { exact: true }).waitFor();
    await page.goto(page.url().split('#')[0] + '#channel/50%/a');
    await page.getByRole('heading', { name: '50%/a' }).waitFor();
    await page.getByText('Nobody is there.').waitFor();
  }));

  test('users are unsubscribed and disconnected', withPage({}, async (page, server) => {
    const ann = await connect(server, 'ann');
    for (const channel of ['a', 'b']) await ann.command('subscribe', { channel });
    await logIn(page);
    await page.getByRole('link', { name: 'Users' }).click();
    await page.getByLabel('User', { exact: true }).fill('ann');
    await page.getByLabel('Channel (empty: all of them)').fill('a');
    await page.getByRole('button', { name: 'Unsubscribe' }).click();
    assert.strictEqual((await ann.push('unsubscribe')).body.channel, 'a');
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await ann.waitClosed();
  }));

  test('nodes show their load, options and no secret, and every view fits on a small phone', withPage({}, async (page, server) => {
    await connect(server, 'ann');
    await logIn(page);
    const card = page.locator('article.card', { hasText: 'main' });
    await until(async () => /Clients\s*1/.test(await card.innerText()), 'the gauge of clients');
    assert.match(await card.locator('.line').first().getAttribute('d'), /^M\d+,[\d.]+/);
    for (const view of ['Nodes', 'Channels', 'Messages', 'Users', 'Options']) {
      await page.getByRole('link', { name: view, exact: true }).click();
      await page.getByRole('heading', { name: view, level: 2 }).waitFor();
      assert.ok(await fits(page), view);
    }
    await page.getByRole('cell', { name: 'history_size' }).waitFor();
    const text = await page.locator('#option-list').innerText();
    assert.ok(!text.includes(CONFIG.admin_secret) && !text.includes(CONFIG.admin_password) && text.includes('[hidden]'));
  }));

  test('it comes back with its server, and needs no password where there is none', withPage({ insecure_admin: true }, async (page, server) => {
    await page.getByText('connected', { exact: true }).waitFor();
    server.writeConfig(Object.assign({}, CONFIG, { admin_secret: 'another' }));
    server.signal('SIGHUP');
    await page.getByLabel('Password of the admin interface').waitFor();
  }));
});

/* A client at the prefix. */
async function connect(server, user) {
  const { Client, credentials } = require('../server/lib');
  const client = await Client.open(server, undefined, server.origin.replace('http', 'ws') + '/live/connection/websocket');
  await client.command('connect', credentials(user));
  return client;
}
