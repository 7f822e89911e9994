'use strict';
/*
 * Makes the pictures of the chat in docs/images: node tests/chat/screenshots.js [FOLDER]
 * They are drawn with the fonts of this machine; the committed ones with Inter (Debian: fonts-inter).
 */
const path = require('node:path');
const { Chat, launch, join, say, texts } = require('./lib');

const FOLDER = process.argv[2] || path.join(__dirname, '../../docs/images');

const LINES = [
  ['Grace', 'Morning! Is the new client already on the test page?'],
  ['Mehmet', 'For ten minutes now. Same script tag as before, I changed nothing else.'],
  ['Ada', 'That was the idea. How does it look on your side?'],
  ['Mehmet', 'It connects at once, and the history is there when I come.'],
  ['Grace', 'My train went through a tunnel twice, and I missed nothing.'],
  ['Grace', 'All of it came back by itself, in order.'],
];
const MISSED = [
  ['Mehmet', 'Ada has just gone offline, so she does not see this.'],
  ['Grace', 'Not yet :-)'],
];

const hour = (minute) => new Date(2026, 10, 23, 9, 40 + minute);

/* The clocks of the pages stand still, so that the pictures are the same each time. */
async function visitor(browser, chat, name, options) {
  const page = await join(browser, chat.address, name, options);
  await page.evaluate(() => {
    window.minute = 0;
    const now = Date.now;
    Date.now = () => window.minute || now();
  });
  return page;
}

async function converse(pages, lines, minute) {
  for (const [name, text] of lines) {
    const before = await pages[name].locator('.message').count();
    await pages[name].evaluate((time) => { window.minute = time; }, hour(minute).getTime());
    await say(pages[name], text);
    await texts(pages[name], before + 1);
    minute += 1;
  }
  return minute;
}

async function picture(page, name, scheme) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.locator('#lose:not([aria-disabled])').waitFor({ state: 'attached' });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: path.join(FOLDER, name), animations: 'disabled', caret: 'hide' });
}

async function main() {
  // Credentials that are renewed while the pages talk.
  const chat = await Chat.start({ connection_lifetime: 4 });
  const browser = await launch();
  try {
    const options = { viewport: { width: 1120, height: 720 } };
    const pages = {};
    pages.Mehmet = await visitor(browser, chat, 'Mehmet', options);
    pages.Ada = await visitor(browser, chat, 'Ada', options);
    pages.Grace = await visitor(browser, chat, 'Grace', options);
    let minute = await converse(pages, LINES, 0);
    const phone = await visitor(browser, chat, 'Lovisa', { viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true });
    await pages.Ada.getByRole('button', { name: 'Go offline' }).click();
    minute = await converse(pages, MISSED, minute);
    await pages.Ada.getByText('2 messages recovered').waitFor();
    minute = await converse(pages, [['Ada', 'I do now. Five seconds without a network, and nothing is lost.']], minute);
    await picture(pages.Ada, 'chat-light.png', 'light');
    await picture(pages.Ada, 'chat-dark.png', 'dark');
    await texts(phone, LINES.length + MISSED.length + 1);
    await picture(phone, 'chat-phone.png', 'light');
  } finally {
    await browser.close();
    await chat.stop();
  }
}

main();
