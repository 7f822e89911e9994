'use strict';
/*
 * The chat as its visitors have it: centrifuged, the backend and Chromium, each a real one, on free ports.
 * CENTRIFUGE_BUILD says where the programs are, CHAT_LIBRARY what is served as centrifuge.js.
 */
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { chromium } = require('../../js/node_modules/playwright-core');

const TOP = path.join(__dirname, '../..');
const BUILD = process.env.CENTRIFUGE_BUILD || path.join(TOP, 'build/dev');
const LIBRARY = process.env.CHAT_LIBRARY || path.join(TOP, 'dist/centrifuge.js');
const FOLDER = path.join(TOP, 'examples/chat');
const SECRET = 'secret of the test';
const PATIENCE = 120000; // ms: only ever reached when something is broken

/* A program that is ready when it has printed `ready`; the first group is its port. */
class Program {
  static async start(name, args, ready) {
    const self = new Program();
    self.output = '';
    self.child = spawn(path.join(BUILD, name), args, { env: { ...process.env, CENTRIFUGO_SECRET: SECRET }, cwd: TOP });
    self.ended = new Promise((resolve) => self.child.on('close', (code, signal) => resolve({ code, signal })));
    const port = new Promise((resolve) => {
      const read = (data) => {
        self.output += data;
        const match = ready.exec(self.output);
        if (match) resolve(Number(match[1]));
      };
      self.child.stdout.on('data', read);
      self.child.stderr.on('data', read);
    });
    self.port = await Promise.race([port, self.ended.then(() => 0)]);
    if (!self.port) throw new Error(name + ' ended: ' + self.output);
    return self;
  }

  /* Sanitizers report by the exit code. */
  async stop() {
    this.child.kill('SIGTERM');
    const { code } = await this.ended;
    if (code !== 0) throw new Error('ended with ' + code + ': ' + this.output);
  }
}

class Chat {
  /* `config` is merged over the demo's own configuration of centrifuged. */
  static async start(config) {
    const self = new Chat();
    self.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chat-test-'));
    self.file = path.join(self.folder, 'config.json');
    const demo = JSON.parse(fs.readFileSync(path.join(FOLDER, 'centrifuged.json'), 'utf8'));
    fs.writeFileSync(self.file, JSON.stringify({ ...demo, ...config }));
    await self.startServer(0);
    await self.startBackend().catch((error) => self.server.stop().then(() => { throw error; }));
    self.address = 'http://127.0.0.1:' + self.backend.port + '/';
    return self;
  }

  async startBackend() {
    this.backend = await Program.start('examples/chat', ['--port', '0', '--server', 'ws://127.0.0.1:' + this.server.port,
      '--word', 'open', '--page', path.join(FOLDER, 'page'), '--library', LIBRARY], /^chat: http:\/\/[^:]+:(\d+)\/$/m);
  }

  /* On the same port again it has an empty memory. */
  async startServer(port) {
    this.server = await Program.start('centrifuged', ['-c', this.file, '-p', String(port)], /endpoints on .*:(\d+)/);
  }

  /* Asks centrifuged by its HTTP API, as a backend does. */
  async call(method, params) {
    const body = JSON.stringify({ method, params });
    const sign = crypto.createHmac('sha256', SECRET).update(body).digest('hex');
    const headers = { 'Content-Type': 'application/json', 'X-API-Sign': sign };
    const answer = await this.request('POST', '/api/', { port: this.server.port, body, headers });
    return JSON.parse(answer.text)[0].body;
  }

  publish(channel, data) {
    return this.call('publish', { channel, data });
  }

  /* The connections of the lobby. */
  async clients() {
    return Object.keys((await this.call('presence', { channel: 'chat:room' })).data);
  }

  /* A request to the backend: {status, headers, text}. */
  request(method, target, { body, headers, port = this.backend.port } = {}) {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, method, path: target, headers, agent: false };
      const request = http.request(options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (data) => { text += data; });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  async stop() {
    await this.backend.stop();
    await this.server.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

function launch() {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
    timeout: PATIENCE,
  });
}

/* A window of its own, and all that its console complained of. */
async function openPage(browser, address, options) {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1100, height: 760 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.problems = [];
  page.on('console', (message) => { if (message.type() === 'error' || message.type() === 'warning') page.problems.push(message.text()); });
  page.on('pageerror', (error) => page.problems.push(String(error)));
  await page.goto(address);
  await ready(page);
  return page;
}

/* The page's script has run. */
const ready = (page) => page.locator('#join:enabled').waitFor({ state: 'attached' });

/* Signs in and waits for the connection. */
async function join(browser, address, name, options) {
  const page = await openPage(browser, address, options);
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Join' }).click();
  await connected(page);
  return page;
}

const connected = (page) => page.locator('#state[data-state=connected]').waitFor();

async function say(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

/* The texts of the messages that are to be seen, once there are `count` of them. */
async function texts(page, count) {
  const messages = page.locator('.log:visible .message:not(.pending) .text');
  if (count > 0) await messages.nth(count - 1).waitFor();
  return messages.allTextContents();
}

module.exports = { BUILD, LIBRARY, TOP, Chat, SECRET, launch, openPage, ready, join, connected, say, texts };
