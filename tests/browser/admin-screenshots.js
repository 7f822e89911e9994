'use strict';
/*
 * Makes the pictures of the page for operators in docs/images: node tests/browser/admin-screenshots.js [FOLDER]
 * They are drawn with the fonts of this machine.
 */
const path = require('node:path');
const { Server, launch, sleep } = require('./lib');

const FOLDER = process.argv[2] || path.join(__dirname, '../../docs/images');
const CHANNELS = ['news', 'match:1', 'match:2', 'chat:lobby'];
const LINES = [{ text: 'Kick-off!' }, { score: [1, 0], minute: 12 }, { text: 'What a goal' }, { score: [1, 1], minute: 31 }, { text: 'Half time' }];

const CONFIG = {
  insecure_admin: true, web: true, insecure: true, name: 'node-1', node_ping_interval: 1, node_metrics_interval: 3,
  watch: true, presence: true, publish: true, history_size: 10, history_lifetime: 600,
  namespaces: ['match', 'chat'].map((name) => ({ name, watch: true, presence: true, publish: true, history_size: 10, history_lifetime: 600 })),
};

/* Visitors who come one by one, and talk. */
async function fill(server) {
  for (let i = 0; i < 24; i++) {
    const client = await server.client('user-' + (i + 1));
    for (const channel of CHANNELS.slice(0, 1 + i % 4)) await client.command('subscribe', { channel });
    await client.command('publish', { channel: 'news', data: LINES[i % LINES.length] });
    await sleep(1000);
  }
}

async function picture(page, hash, name, scheme) {
  await page.emulateMedia({ colorScheme: scheme });
  await page.evaluate((where) => { location.hash = where; }, hash);
  await sleep(1500);
  await page.screenshot({ path: path.join(FOLDER, name), animations: 'disabled', caret: 'hide' });
}

async function main() {
  const server = await Server.start(CONFIG);
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 560 } });
    const phone = await browser.newPage({ viewport: { width: 360, height: 640 } });
    for (const each of [page, phone]) await each.goto('http://127.0.0.1:' + server.apiPort + '/');
    await fill(server);
    await picture(page, '#nodes', 'admin-nodes.png', 'light');
    await picture(page, '#messages', 'admin-messages.png', 'dark');
    await picture(phone, '#channel/news', 'admin-phone.png', 'light');
  } finally {
    await browser.close();
    await server.stop();
  }
}

main();
