'use strict';
/* SockJS of the library on Node's loop: found out, remembered for a while, and never two transports at the same time. */
const assert = require('node:assert');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const test = require('node:test');
const { Server } = require('../../../tests/server/lib');

if (process.env.CENTRIFUGE_BUILD) process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
const Centrifuge = require('..');

const ALL = ['websocket', 'xdr-streaming', 'xhr-streaming', 'eventsource', 'iframe-eventsource', 'xhr-polling', 'jsonp-polling'];
const told = (emitter, name) => new Promise((resolve) => { emitter.once(name, resolve); });

let server;
test.before(async () => { server = await Server.start({ insecure: true, anonymous: true, publish: true }); });
test.after(() => server.stop());

function client(url, options) {
  return new Centrifuge({ url, insecure: true, retry: 1, maxRetry: 1, ...options });
}

/* Passes connections on, but for upgrades while `blocked`. */
async function relay() {
  const self = { blocked: true, upgrades: 0, live: new Set(), most: 0 };
  const listener = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (data) => {
      const head = String(data);
      const upgrade = /^upgrade:/im.test(head);
      self.upgrades += upgrade;
      if (upgrade && self.blocked) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      self.live.add(socket);
      const other = net.connect(server.port, '127.0.0.1').on('error', () => {}).on('close', () => socket.destroy());
      socket.on('close', () => { self.live.delete(socket); other.destroy(); });
      other.write(data);
      return socket.pipe(other).pipe(socket);
    });
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  self.url = 'http://127.0.0.1:' + listener.address().port;
  self.cut = () => { for (const socket of self.live) socket.destroy(); };
  self.stop = () => new Promise((resolve) => { listener.close(resolve); self.cut(); });
  return self;
}

for (const transport of ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling']) {
  test(`${transport}: what is published by it comes by it, large and small, in order`, async () => {
    const one = client(`http://127.0.0.1:${server.port}/connection`, { transports: [transport], server: 'node-7', eventsPerTurn: 3 });
    one.connect();
    assert.strictEqual((await told(one, 'connect')).transport, transport);
    const sub = one.subscribe('news');
    await told(sub, 'subscribe');
    const got = [];
    const all = new Promise((resolve) => { sub.on('message', ({ data }) => { if (got.push(data) === 301) resolve(); }); });
    const sent = Array.from({ length: 300 }, (none, i) => i).concat('ü%"\\\u2028'.repeat(5000));
    await Promise.all(sent.map((data) => sub.publish(data)));
    await all;
    assert.deepStrictEqual(got, sent);
    one.disconnect();
  });
}

test('without transports there is no SockJS, as in the 1.x client without it', async () => {
  assert.throws(() => client('http://127.0.0.1/connection'), (thrown) => /include SockJS client library/.test(thrown));
  assert.throws(() => client('http://127.0.0.1/connection', { transports: ['iframe-htmlfile'] }), (thrown) => /include SockJS/.test(thrown));
  assert.throws(() => client('http://127.0.0.1/connection', { transports: ALL, server: 'a/b' }), (thrown) => /'server'/.test(thrown));
  const between = await relay();
  const one = client(between.url);
  one.connect();
  await told(one, 'disconnect');
  one.disconnect();
  assert.deepStrictEqual([between.upgrades, between.live.size], [1, 0]);
  await between.stop();
});

test('the better one is tried again when fallbackTime is over, and kept when it works', async () => {
  const between = await relay();
  const one = client(between.url, { transports: ALL, fallbackTime: 0 });
  one.connect();
  assert.strictEqual((await told(one, 'connect')).transport, 'xhr-streaming');
  between.cut();
  assert.strictEqual((await told(one, 'connect')).transport, 'xhr-streaming');
  assert.strictEqual(between.upgrades, 2);
  between.blocked = false;
  between.cut();
  assert.strictEqual((await told(one, 'connect')).transport, 'raw-websocket');
  between.cut();
  assert.strictEqual((await told(one, 'connect')).transport, 'raw-websocket');
  one.disconnect();
  await between.stop();
});

test('after it is disconnected nothing of it is left', async () => {
  const between = await relay();
  for (const transport of ALL.slice(2)) {
    if (!['xhr-streaming', 'eventsource', 'xhr-polling'].includes(transport)) continue;
    const one = client(between.url + '/connection', { transports: [transport] });
    one.connect();
    await told(one, 'connect');
    one.disconnect();
    while (between.live.size > 0) await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
  await between.stop();
});

test('each request carries the headers that are configured, who the address names, and the cookie of a balancer', async () => {
  const seen = [];
  const balancer = http.createServer((request, response) => {
    const { authorization, cookie } = request.headers;
    seen.push([request.url.replace(/.*\//, ''), authorization, request.headers['x-shop'], cookie]);
    const onward = http.request({ host: '127.0.0.1', port: server.port, method: request.method, path: request.url, headers: request.headers });
    onward.on('error', () => response.destroy());
    onward.on('response', (from) => {
      response.writeHead(from.statusCode, { ...from.headers, 'Set-Cookie': 'NODE=b; Path=/' });
      from.pipe(response);
    });
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((resolve) => balancer.listen(0, '127.0.0.1', resolve));
  const one = client(`http://ann:p%40ss@127.0.0.1:${balancer.address().port}/connection?a=1`, { transports: ['xhr-polling'], headers: { 'X-Shop': '7' } });
  one.connect();
  await told(one, 'connect');
  one.disconnect();
  const who = 'Basic ' + Buffer.from('ann:p@ss').toString('base64');
  assert.deepStrictEqual(seen.slice(0, 2), [['info?a=1', who, '7', undefined], ['xhr?a=1', who, '7', 'NODE=b']]);
  assert.deepStrictEqual(seen.find(([name]) => name === 'xhr_send?a=1').slice(1), [who, '7', 'NODE=b']);
  balancer.closeAllConnections();
  await new Promise((resolve) => balancer.close(resolve));
});

test('what is published before a disconnect arrives', async () => {
  const watch = client(`ws://127.0.0.1:${server.port}`);
  watch.connect();
  const seen = watch.subscribe('last');
  await told(seen, 'subscribe');
  for (const transport of ['websocket', 'xhr-streaming', 'xhr-polling']) {
    const one = client(`http://127.0.0.1:${server.port}/connection`, { transports: [transport] });
    one.connect();
    const sub = one.subscribe('last');
    await told(sub, 'subscribe');
    const message = told(seen, 'message');
    sub.publish(transport).catch(() => {});
    one.disconnect();
    assert.strictEqual((await message).data, transport);
  }
  watch.disconnect();
});
