'use strict';
/*
 * The core's memory in centrifuge.js: what is asked for is given back, and when. And what happens where a host lacks something.
 */
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const test = require('node:test');
const v8 = require('node:v8');
const vm = require('node:vm');

v8.setFlagsFromString('--expose-gc');
const gc = vm.runInNewContext('gc');
const pause = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

/* The functions of the module, as the library calls them. */
let core = null;
const { Instance } = WebAssembly;
WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  core = instance.exports;
  return instance;
};

const { Centrifuge, file, make, subscribed, message } = require('./peer');

test('nothing is compiled before the first client', () => {
  assert.strictEqual(core, null);
  make();
  assert.notStrictEqual(core, null);
});

const size = () => core.memory.buffer.byteLength;

test('100,000 messages need no more memory than 1,000', () => {
  const { client, socket, messages } = subscribed();
  const receive = (count) => {
    for (let i = 0; i < count; i++) socket.push(message('news', { text: 'ж'.repeat(i % 500) }, String(i)));
    messages.length = 0;
  };
  receive(1000);
  const before = size();
  receive(100000);
  assert.strictEqual(size(), before);
  client.disconnect();
});

test('subscribing, publishing and leaving again and again needs no more either', async () => {
  const { client, socket } = subscribed();
  const round = async (count) => {
    for (let i = 0; i < count; i++) {
      const subscription = client.subscribe('channel' + i);
      socket.answer('subscribe');
      const call = subscription.publish(i);
      socket.answer('publish');
      await call;
      subscription.remove();
      socket.answer('unsubscribe');
    }
  };
  await round(200);
  const before = size();
  await round(5000);
  assert.strictEqual(size(), before);
  client.disconnect();
});

test('a large frame is given back to the next one', () => {
  const { client, socket, messages } = subscribed();
  const frame = message('news', 'x'.repeat(1000000));
  socket.push(frame, frame); // an array: read by the core
  const before = size();
  for (let i = 0; i < 20; i++) socket.push(frame, frame);
  assert.strictEqual(messages.length, 42);
  assert.strictEqual(size(), before);
  client.disconnect();
});

test('a large message by itself takes no memory of the core', () => {
  const { client, socket, messages } = subscribed();
  const before = size();
  socket.push(message('news', 'ж'.repeat(1000000)));
  assert.strictEqual(messages[0].data.length, 1000000);
  assert.strictEqual(size(), before);
  client.disconnect();
});

test('clients that nobody holds any more are given back', async () => {
  const abandon = (count) => { for (let i = 0; i < count; i++) subscribed('news' + i).client.disconnect(); };
  const collect = async () => {
    for (let i = 0; i < 4; i++) {
      require('./peer').page.sockets.length = 0;
      gc();
      await pause(10);
    }
  };
  abandon(1000);
  await collect();
  const before = size();
  for (let round = 0; round < 10; round++) {
    abandon(1000);
    await collect();
  }
  assert.ok(size() <= before + 2 * 65536, `${before} -> ${size()}`);
});

/* ---- what a host may lack --------------------------------------------------------------- */

/* In a process of its own: `before` runs before the library is loaded. */
function run(before, after, library = file) {
  const program = `${before}
    const { Centrifuge, make, subscribed, message } = require(${JSON.stringify(path.join(__dirname, 'peer.js'))});
    ${after}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 120000, env: { ...process.env, CENTRIFUGE_JS: library } });
  assert.strictEqual(status, 0, stderr);
  return stdout.trim();
}

test('where WebAssembly is forbidden the error says what to do', () => {
  const said = run('WebAssembly.Module = class { constructor() { throw new WebAssembly.CompileError("blocked by the policy"); } };',
    'try { make(); } catch (error) { console.log(error.message); }');
  for (const hint of ["'wasm-unsafe-eval'", 'Content-Security-Policy', 'centrifuge.asm.js', 'blocked by the policy']) assert.ok(said.includes(hint), said);
});

test('without WebAssembly, TextEncoder and TextDecoder texts come through in centrifuge.asm.js', () => {
  const said = run('delete globalThis.WebAssembly; delete globalThis.TextEncoder; delete globalThis.TextDecoder;',
    `const text = 'aж☃😀\\ud83d'.repeat(200);
    const { socket, subscription, messages } = subscribed('жизнь');
    subscription.publish(text);
    const data = socket.answer('publish').params.data;
    socket.push(message('жизнь', 'aж☃😀'.repeat(3000)));
    console.log(data === text, messages[0].data === 'aж☃😀'.repeat(3000), messages[0].channel);
    process.exit();`, path.join(path.dirname(file), 'centrifuge.asm.js'));
  assert.strictEqual(said, 'true true жизнь');
});

test('without FinalizationRegistry it works', () => {
  assert.strictEqual(run('delete globalThis.FinalizationRegistry;', 'console.log(subscribed().client.isConnected()); process.exit();'), 'true');
});

test('a process ends when its clients are disconnected', () => {
  assert.strictEqual(run('', 'const { client } = subscribed(); client.disconnect(); console.log("ends");'), 'ends');
});
