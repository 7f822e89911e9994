'use strict';
/* How a client lives in a process: what keeps it, what ends it, what an exception does. */
const assert = require('node:assert');
const path = require('node:path');
const test = require('node:test');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { start } = require('./server');

if (process.env.CENTRIFUGE_BUILD) process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
const Centrifuge = require('..');
const binding = JSON.stringify(path.join(__dirname, '..'));

/* Runs a program that has `url`, `Centrifuge` and `client`; gives what it said and how it ended. */
async function run(url, program, ...flags) {
  const text = `const url = ${JSON.stringify(url)};
    const Centrifuge = require(${binding});
    const client = new Centrifuge({ url, insecure: true });
    ${program}`;
  const child = spawn(process.execPath, [...flags, '-e', text], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  const [code, signal] = await once(child, 'close');
  return { said, code, signal };
}

async function withServer(on, use) {
  const server = await start(on);
  try {
    return await use(server.url);
  } finally {
    server.stop();
  }
}

test('a process ends when its clients are disconnected', () => withServer(null, async (url) => {
  const ended = await run(url, `
    client.subscribe('news').publish(1).then(() => { console.log('published'); client.disconnect(); });
    client.connect();`);
  assert.deepStrictEqual(ended, { said: 'published\n', code: 0, signal: null });
}));

test('a connected client keeps its process, without being held by anybody', () => withServer((command, socket) => {
  if (command.method === 'subscribe') {
    setTimeout(() => socket.send('{"method":"message","body":{"uid":"1","channel":"news","data":"late"}}'), 300);
  }
  return false;
}, async (url) => {
  const ended = await run(url, `
    (() => {
      const other = new Centrifuge({ url, insecure: true });
      other.subscribe('news', (message) => { console.log(message.data); process.exit(3); });
      other.connect();
    })();
    setTimeout(gc, 50).unref();
    setTimeout(gc, 150).unref();`, '--expose-gc');
  assert.deepStrictEqual(ended, { said: 'late\n', code: 3, signal: null });
}));

test('clients that nobody holds and that have nothing to do are collected', () => withServer(null, async (url) => {
  const ended = await run(url, `
    const gone = [];
    const registry = new FinalizationRegistry((name) => {
      if (gone.push(name) < 2) return;
      console.log(gone.sort().join(' '));
      process.exit(0);
    });
    (() => {
      const idle = new Centrifuge({ url, insecure: true });
      idle.subscribe('news').presence();
      registry.register(idle, 'idle');
      const used = new Centrifuge({ url, insecure: true });
      registry.register(used, 'used');
      used.on('connect', () => used.disconnect());
      used.connect();
    })();
    let rounds = 0;
    setInterval(() => { gc(); if (++rounds > 200) process.exit(1); }, 10);`, '--expose-gc');
  assert.deepStrictEqual(ended, { said: 'idle used\n', code: 0, signal: null });
}));

test('process.exit inside a callback', () => withServer(null, async (url) => {
  const ended = await run(url, `
    client.on('connect', () => process.exit(7));
    client.connect();`);
  assert.strictEqual(ended.code, 7);
}));

test('workers have clients of their own and may be stopped at any time', () => withServer(null, async (url) => {
  const worker = new Worker(`
    const { parentPort } = require('worker_threads');
    const Centrifuge = require(${binding});
    const client = new Centrifuge({ url: ${JSON.stringify(url)}, insecure: true });
    const subscription = client.subscribe('news', { subscribe: () => parentPort.postMessage('subscribed') });
    client.connect();`, { eval: true });
  const [message] = await once(worker, 'message');
  assert.strictEqual(message, 'subscribed');
  assert.strictEqual(await worker.terminate(), 1);
}));

test('an exception of a listener is an uncaught exception, and other listeners are called', () => withServer(null, async (url) => {
  const ended = await run(url, `
    process.on('uncaughtException', (exception) => console.log('uncaught ' + exception.message));
    client.on('connect', () => { throw new Error('mine'); });
    client.on('connect', () => { console.log('second'); client.disconnect(); });
    client.on('disconnect', () => { throw new Error('again'); });
    client.connect();`);
  assert.deepStrictEqual(ended, { said: 'uncaught mine\nsecond\nuncaught again\n', code: 0, signal: null });
}));

test('without a handler it ends the process', () => withServer(null, async (url) => {
  const ended = await run(url, `
    client.on('connect', () => { throw 0; });
    client.connect();`);
  assert.notStrictEqual(ended.code, 0);
}));

test('promises go on when the event is over', () => withServer(null, async (url) => {
  const order = [];
  const client = new Centrifuge({ url, insecure: true });
  const done = new Promise((resolve) => {
    client.on('connect', () => { Promise.resolve().then(() => order.push('promise')); });
    client.on('connect', () => { order.push('second listener'); setTimeout(resolve, 0); });
  });
  client.connect();
  await done;
  client.disconnect();
  assert.deepStrictEqual(order, ['second listener', 'promise']);
}));
