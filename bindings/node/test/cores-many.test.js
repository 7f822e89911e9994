'use strict';
/*
 * Ten thousand channels, publications in one batch, and one that is too large, with the real server: nothing that the client sends
 * is more than the server takes. Both cores: the addon and the one that browsers have.
 */
const { test } = require('node:test');
const assert = require('node:assert');
const crypto = require('node:crypto');
const http = require('node:http');
const path = require('node:path');
const { Server, SECRET, soon, until } = require('../../../tests/server/lib');
const WebSocket = require('../../../tests/conformance/node_modules/ws');

const COUNT = 10000;
const root = path.join(__dirname, '../../..');
if (process.env.CENTRIFUGE_BUILD) process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
const cores = { addon: path.join(root, 'bindings/node'), WebAssembly: path.join(root, 'dist/centrifuge.js') };
globalThis.WebSocket = globalThis.WebSocket || WebSocket;

const hmac = (...parts) => crypto.createHmac('sha256', SECRET).update(parts.join('')).digest('hex');

/* Signs whatever it is asked for. */
async function endpoint() {
  const self = { requests: 0, largest: 0 };
  self.http = http.createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const { client, channels } = JSON.parse(text);
    self.requests++;
    self.largest = Math.max(self.largest, text.length);
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(Object.fromEntries(channels.map((channel) => [channel, { sign: hmac(client, channel), info: '' }]))));
  });
  await new Promise((resolve) => self.http.listen(0, '127.0.0.1', resolve));
  self.url = 'http://127.0.0.1:' + self.http.address().port + '/auth';
  self.stop = () => {
    self.http.closeAllConnections();
    return new Promise((resolve) => self.http.close(resolve));
  };
  return self;
}

async function session(file, use) {
  const Centrifuge = require(file);
  const config = { insecure: true, publish: true, client_channel_limit: 3 * COUNT };
  let server = await Server.start(config);
  const auth = await endpoint();
  const client = new Centrifuge({ url: 'ws://127.0.0.1:' + server.port, user: 'u', timestamp: '1', token: '', insecure: true,
    authEndpoint: auth.url, retry: 50, maxRetry: 200, timeout: 60000, authTimeout: 60000, connectTimeout: 60000 });
  const errors = [];
  client.on('error', (error) => errors.push(error));
  const restart = async () => {
    const { port } = server;
    await server.stop();
    server = await Server.start({ ...config, port });
  };
  try {
    await use({ client, errors, restart, auth });
  } finally {
    client.disconnect();
    await server.stop();
    await auth.stop();
  }
}

for (const [name, file] of Object.entries(cores)) {
  test(name + ': ten thousand public and ten thousand private channels come back after a restart', async () => {
    await session(file, async ({ client, errors, restart, auth }) => {
      let subscribed = 0;
      let messages = 0;
      const events = { subscribe: () => { subscribed++; }, message: () => { messages++; } };
      const all = [];
      for (let i = 0; i < COUNT; i++) for (const prefix of ['', '$']) all.push(client.subscribe(prefix + 'channel-' + i, events));
      client.connect();
      await until(() => subscribed === 2 * COUNT, 'the subscriptions');
      await restart();
      await until(() => subscribed === 4 * COUNT, 'the subscriptions after the restart');
      assert.deepStrictEqual(errors, []);
      assert.ok(auth.largest <= 65536, auth.largest + ' bytes');
      for (const subscription of [all[0], all[1], all[all.length - 2], all[all.length - 1]]) await soon(subscription.publish({}), 'an answer');
      await until(() => messages === 4, 'what was published');
    });
  });

  test(name + ': a thousand publications of a batch arrive in order', async () => {
    await session(file, async ({ client }) => {
      const got = [];
      const subscription = client.subscribe('news', (message) => got.push(message.data.i));
      client.connect();
      await soon(new Promise((resolve) => { subscription.on('subscribe', resolve); }), 'the subscription');
      client.startBatching();
      const calls = [];
      for (let i = 0; i < 1000; i++) calls.push(subscription.publish({ i, text: 'x'.repeat(100) }));
      client.stopBatching(true);
      await soon(Promise.all(calls), 'the answers');
      await until(() => got.length === 1000, 'the messages');
      assert.deepStrictEqual(got, calls.map((call, i) => i));
    });
  });

  test(name + ': who publishes as fast as it can to a channel of its own is not too slow for it', async () => {
    await session(file, async ({ client, errors }) => {
      const total = 40000;
      let got = 0;
      let ends = 0;
      client.on('disconnect', () => { ends++; });
      const subscription = client.subscribe('news', (message) => { if (message.data.i === got) got++; });
      client.connect();
      await soon(new Promise((resolve) => { subscription.on('subscribe', resolve); }), 'the subscription');
      let refused = 0;
      for (let sent = 0; sent < total;) {
        const calls = [];
        for (let i = 0; i < 10000 && sent < total; i++, sent++) calls.push(subscription.publish({ i: sent, text: 'x'.repeat(400) }).catch(() => { refused++; }));
        await soon(Promise.all(calls), 'the answers');
      }
      await until(() => got === total, 'the messages, in order');
      assert.deepStrictEqual([refused, ends, errors], [0, 0, []]);
    });
  });

  test(name + ': a publication of 70 kB is refused, and the connection stays', async () => {
    await session(file, async ({ client, errors }) => {
      const subscription = client.subscribe('news');
      let ends = 0;
      client.on('disconnect', () => { ends++; });
      await assert.rejects(subscription.publish('x'.repeat(70000)), (error) => /frameSizeMax|too large/.test(JSON.stringify(error) + error));
      client.connect();
      await soon(new Promise((resolve) => { subscription.on('subscribe', resolve); }), 'the subscription');
      await assert.rejects(subscription.publish('x'.repeat(70000)), (error) => /frameSizeMax|too large/.test(JSON.stringify(error) + error));
      await soon(subscription.publish('small'), 'the answer');
      assert.strictEqual(ends, 0);
      assert.deepStrictEqual(errors, []);
    });
  });
}
