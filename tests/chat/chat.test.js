'use strict';
/* The chat's page in Chromium: what a visitor sees and does. */
const { describe, test, before, after } = require('node:test');
const assert = require('node:assert');
const { Chat, launch, openPage, ready, join, connected, say, texts } = require('./lib');

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const scenes = [];

/* Every test has a server and a backend of its own, and visitors who are gone in the end. */
function scene(name, work, config) {
  scenes.push({ name, run: async () => {
    const chat = await Chat.start(config);
    const pages = [];
    const visit = async (visitor, options) => {
      const page = await join(browser, chat.address, visitor, options);
      pages.push(page);
      return page;
    };
    try {
      await work(chat, visit, pages);
    } finally {
      for (const page of pages) await page.context().close();
      await chat.stop();
    }
  } });
}

const people = async (page, names) => {
  const list = page.locator('#side ul:visible .who');
  await list.nth(names.length - 1).waitFor();
  await assert.doesNotReject(() => page.waitForSelector('#people-count:text-is("' + names.length + '")'));
  assert.deepStrictEqual(await list.allTextContents(), names);
};

const notice = (page, text) => page.locator('.log:visible .notice', { hasText: text }).last().waitFor();

scene('the page loads without complaint, from one address, and remembers the name', async (chat, visit, pages) => {
  const page = await openPage(browser, chat.address);
  pages.push(page);
  const asked = [];
  page.on('request', (request) => asked.push(new URL(request.url()).origin + '/'));
  page.on('websocket', (socket) => asked.push(socket.url()));
  await page.getByLabel('Your name').fill('Ada');
  await page.getByRole('button', { name: 'Join' }).click();
  await connected(page);
  assert.strictEqual(await page.locator('#transport').textContent(), 'raw-websocket');
  assert.match(await page.locator('#latency').textContent(), /^\d+ ms$/);
  const socket = 'ws://127.0.0.1:' + chat.server.port + '/connection/websocket';
  assert.deepStrictEqual(new Set(asked), new Set([chat.address, socket]));
  assert.deepStrictEqual(page.problems, []);

  // Another window of the same browser asks, and knows the name.
  const second = await page.context().newPage();
  await second.goto(chat.address);
  await ready(second);
  assert.strictEqual(await second.getByLabel('Your name').inputValue(), 'Ada');

  // The policy is at work, and a breach of it would have been a complaint.
  await assert.rejects(page.evaluate(() => { document.body.innerHTML = '<p>'; }), /TrustedHTML/);
  await assert.rejects(page.evaluate((address) => fetch(address), 'http://127.0.0.1:' + chat.server.port), /Failed to fetch/);
  assert.ok(page.problems.some((text) => text.includes('Content Security Policy')));
});

scene('two windows see what the other writes, and who comes and goes', async (chat, visit) => {
  const ada = await visit('Ada');
  const grace = await visit('Grace');
  await notice(ada, 'Grace joined');
  await people(ada, ['Ada', 'Grace']);
  await people(grace, ['Ada', 'Grace']);
  await say(ada, 'hello');
  assert.deepStrictEqual(await texts(grace, 1), ['hello']);
  await say(grace, 'hi');
  assert.deepStrictEqual(await texts(ada, 2), ['hello', 'hi']);
  assert.strictEqual(await ada.locator('.message.mine').count(), 1);
  assert.strictEqual(await ada.locator('.pending').count(), 0);
  await grace.close();
  await notice(ada, 'Grace left');
  await people(ada, ['Ada']);
  assert.deepStrictEqual(ada.problems, []);
});

scene('a page that is loaded again shows the history, and the same visitor', async (chat, visit) => {
  const ada = await visit('Ada');
  for (const text of ['one', 'two', 'three']) {
    await say(ada, text);
    await ada.locator('.text', { hasText: text }).waitFor();
  }
  await ada.reload();
  await connected(ada);
  assert.deepStrictEqual(await texts(ada, 3), ['one', 'two', 'three']);
  assert.strictEqual(await ada.locator('.message.mine').count(), 3);
  await ada.getByRole('button', { name: 'Change name' }).click();
  await ada.locator('#welcome').waitFor();
  await ready(ada);
  await ada.getByLabel('Your name').fill('Ada Lovelace');
  await ada.keyboard.press('Enter');
  await people(ada, ['Ada Lovelace']);
  assert.strictEqual(await ada.locator('.message.mine').count(), 3);
});

scene('the private room opens for those whom the backend lets in', async (chat, visit) => {
  const ada = await visit('Ada');
  const grace = await visit('Grace');
  for (const page of [ada, grace]) {
    await page.getByRole('button', { name: 'Members' }).click();
    await page.getByRole('heading', { name: 'Members only' }).waitFor();
  }
  await ada.getByLabel('The word').fill('wrong');
  await ada.getByRole('button', { name: 'Enter' }).click();
  await ada.getByRole('alert').filter({ hasText: 'that is not the word' }).waitFor();
  await ada.getByLabel('The word').fill('open');
  await ada.getByRole('button', { name: 'Enter' }).click();
  await people(ada, ['Ada']);
  await say(ada, 'for members only');
  assert.deepStrictEqual(await texts(ada, 1), ['for members only']);
  await grace.getByLabel('The word').fill('open');
  await grace.keyboard.press('Enter');
  assert.deepStrictEqual(await texts(grace, 1), ['for members only']);
  await people(ada, ['Ada', 'Grace']);
  // What comes while one looks at the lobby is counted.
  await ada.getByRole('button', { name: 'Lobby' }).click();
  await say(grace, 'psst');
  await ada.getByRole('button', { name: 'Members 1 new' }).waitFor();
  assert.deepStrictEqual(await texts(ada, 0), []);
  // A member stays one when the page is loaded again.
  await grace.reload();
  await connected(grace);
  await grace.getByRole('button', { name: 'Members' }).click();
  assert.deepStrictEqual(await texts(grace, 2), ['for members only', 'psst']);
  // The refusal is an answer that Chromium does not complain of: status 200, with 403 for the channel.
  assert.deepStrictEqual(grace.problems, []);
});

scene('credentials are renewed, and the connection stays', async (chat, visit) => {
  const page = await visit('Ada');
  await people(page, ['Ada']);
  const client = await chat.clients();
  const answers = [];
  page.on('response', (response) => { if (response.url().endsWith('/centrifuge/refresh/')) answers.push(response.status()); });
  await page.locator('#credentials', { hasText: /^renewed \d s ago$/ }).waitFor();
  // By then it would have been closed.
  while (answers.length < 3) await page.waitForTimeout(100);
  await say(page, 'still here');
  await texts(page, 1);
  assert.deepStrictEqual(new Set(answers), new Set([200]));
  assert.deepStrictEqual(await chat.clients(), client);
  assert.deepStrictEqual(page.problems, []);
  // Requests that fail, one every three or four seconds, renew nothing.
  await chat.backend.stop();
  await page.locator('#credentials', { hasText: /^renewed [6-9] s ago$/ }).waitFor();
}, { connection_lifetime: 2, expired_connection_close_delay: 3 });

scene('the server restarts: the windows come back', async (chat, visit) => {
  const ada = await visit('Ada');
  const grace = await visit('Grace');
  await say(ada, 'before');
  await texts(grace, 1);
  await chat.server.stop();
  await ada.locator('#state', { hasText: 'Reconnecting' }).waitFor();
  await say(ada, 'written without a server');
  await chat.startServer(chat.server.port);
  for (const page of [ada, grace]) {
    await connected(page);
    await notice(page, 'the server lost its history');
  }
  await texts(ada, 2);
  await say(grace, 'after');
  for (const page of [ada, grace]) assert.deepStrictEqual(await texts(page, 3), ['before', 'written without a server', 'after']);
  await people(ada, ['Ada', 'Grace']);
});

scene('offline for some seconds: what was missed comes back once, in order, and is marked', async (chat, visit) => {
  const ada = await visit('Ada');
  const grace = await visit('Grace');
  await say(grace, 'zero');
  await texts(ada, 1);
  await ada.getByRole('button', { name: 'Go offline for 5 s' }).click();
  await ada.locator('#state', { hasText: 'Reconnecting' }).waitFor();
  await notice(grace, 'Ada left');
  for (const text of ['one', 'two', 'three']) {
    await say(grace, text);
    await grace.locator('.message:not(.pending) .text', { hasText: text }).waitFor();
  }
  await say(ada, 'from the tunnel');
  assert.deepStrictEqual(await texts(ada, 0), ['zero']);
  assert.strictEqual(await ada.locator('.pending').count(), 1);
  await notice(ada, 'Back again: 3 messages recovered');
  await texts(grace, 5);
  await texts(ada, 5);
  assert.deepStrictEqual((await texts(ada, 5)).sort(), ['from the tunnel', 'one', 'three', 'two', 'zero']);
  assert.deepStrictEqual(await ada.locator('.recovered .text').allTextContents(), ['one', 'two', 'three']);
  assert.deepStrictEqual(await ada.locator('.recovered .mark').allTextContents(), ['recovered', 'recovered', 'recovered']);
  assert.strictEqual(await grace.locator('.recovered').count(), 0);
  assert.deepStrictEqual(ada.problems, []);
});

scene('what others write is shown as text, whatever it looks like', async (chat, visit) => {
  const evil = '<img src=x onerror="window.ran=1">';
  const ada = await visit('Ada');
  const mallory = await visit(evil.slice(0, 24));
  await say(mallory, evil);
  await say(mallory, '</li><script>window.ran=1</script>');
  assert.deepStrictEqual(await texts(ada, 2), [evil, '</li><script>window.ran=1</script>']);
  assert.strictEqual(await ada.locator('.log img, .log script, .people img').count(), 0);
  // Not by this page, and not a text.
  for (const data of [{ text: { html: evil } }, null, 7, { text: 'x', sent: 'yesterday', id: {} }]) await chat.publish('chat:room', data);
  const all = await texts(ada, 6);
  assert.deepStrictEqual(all.slice(2), [JSON.stringify({ text: { html: evil } }), 'null', '7', 'x']);
  assert.strictEqual(await ada.evaluate(() => window.ran), undefined);
  assert.deepStrictEqual(ada.problems, []);
});

scene('everything can be done with the keyboard, and the focus can be seen', async (chat, visit, pages) => {
  const page = await openPage(browser, chat.address);
  pages.push(page);
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  const type = (text) => page.keyboard.type(text);
  const focused = () => page.evaluate(() => document.activeElement.id);
  const outlined = () => page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  await type('Ada');
  await press('Enter');
  await connected(page);
  assert.strictEqual(await focused(), 'text');
  await type('hello');
  await press('Enter');
  await texts(page, 1);
  const visited = [];
  for (let i = 0; i < 8 && !visited.includes('members-button'); i++) {
    await press('Shift+Tab');
    visited.push(await focused());
    assert.strictEqual(await outlined(), 'solid', visited.at(-1));
  }
  assert.deepStrictEqual(visited, ['lobby', 'rename', 'lose', 'members-button']);
  await press('Enter');
  await page.locator('#word:focus').waitFor();
  await type('open');
  await press('Enter');
  await page.locator('#text:focus').waitFor();
  await type('in the private room');
  await press('Enter');
  assert.deepStrictEqual(await texts(page, 1), ['in the private room']);
});

scene('a window of 320 pixels needs no sideways scrolling, and a button opens what has no room', async (chat, visit) => {
  const page = await visit('Ada', { viewport: { width: 320, height: 560 } });
  await say(page, 'a'.repeat(300));
  await say(page, 'a text of several words that has to go on in the next line');
  await texts(page, 2);
  const fits = async () => {
    const widths = await page.evaluate(() => [...document.querySelectorAll('html, .log, .side, .top, .title, .write, .door')].map((e) => [e.scrollWidth, e.clientWidth]));
    for (const [needed, given] of widths) assert.ok(needed <= given, needed + ' > ' + given);
  };
  await fits();
  const more = page.getByRole('button', { name: 'Details' });
  await more.click();
  assert.strictEqual(await more.getAttribute('aria-expanded'), 'true');
  await page.getByRole('button', { name: 'Go offline' }).waitFor();
  await fits();
  await more.click();
  await page.getByRole('button', { name: 'Members' }).click();
  await page.getByLabel('The word').waitFor();
  await fits();
});

scene('a screen reader is told what things are', async (chat, visit) => {
  const page = await visit('Ada');
  await page.getByRole('status').filter({ hasText: 'Connected' }).waitFor();
  await page.getByRole('log', { name: 'Messages in the lobby' }).waitFor();
  await page.getByRole('navigation', { name: 'Rooms' }).waitFor();
  await page.getByRole('region', { name: 'People' }).waitFor();
  const current = page.getByRole('button', { name: 'Lobby' });
  assert.strictEqual(await current.getAttribute('aria-current'), 'true');
  const nameless = await page.evaluate(() => [...document.querySelectorAll('button, input')]
    .filter((e) => !(e.textContent.trim() || e.labels && e.labels.length)).map((e) => e.id));
  assert.deepStrictEqual(nameless, []);
  // The button stays where the focus is while it counts.
  const lose = page.getByRole('button', { name: 'Go offline for 5 s' });
  await lose.focus();
  await page.keyboard.press('Enter');
  await page.locator('#lose:focus', { hasText: 'Back in' }).waitFor();
  await page.getByRole('status').filter({ hasText: 'Reconnecting' }).waitFor();
});

// Most of them wait most of the time.
describe('in Chromium', { concurrency: 3 }, () => {
  for (const { name, run } of scenes) test(name, run);
});
