'use strict';
/*
 * What the façade and a core make of odd programs, with both cores: this one, and centrifuge.js in dist/. Each program is a process
 * of its own, since it must not end it.
 */
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { start } = require('./server');

if (process.env.CENTRIFUGE_BUILD) process.env.CENTRIFUGE_NODE = path.resolve(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
const top = path.join(__dirname, '..', '..', '..');
const cores = { native: path.join(top, 'bindings', 'node'), WebAssembly: path.join(top, 'dist', 'centrifuge.js') };
const LIMIT_MS = 120000; // of a program that hangs
const webSocket = path.join(top, 'tests', 'conformance', 'node_modules', 'ws');

/* The lines that a program says. It has `url`, `Centrifuge` and say(); what nobody caught is said, too. */
async function run(core, url, program) {
  const text = `const url = ${JSON.stringify(url)};
    globalThis.WebSocket = require(${JSON.stringify(webSocket)});
    const Centrifuge = require(${JSON.stringify(core)});
    const say = (...values) => console.log(values.join(' '));
    process.on('uncaughtException', (exception) => say('uncaught', exception));
    ${program}`;
  const child = spawn(process.execPath, ['-e', text], { stdio: ['ignore', 'pipe', 'inherit'], timeout: LIMIT_MS });
  let said = '';
  child.stdout.on('data', (data) => { said += data; });
  const [code] = await once(child, 'close');
  assert.strictEqual(code, 0, said);
  return said.trim().split('\n');
}

function both(title, on, use) {
  for (const [name, core] of Object.entries(cores)) {
    test(name + ': ' + title, { skip: fs.existsSync(core) ? false : 'scripts/web builds it' }, async () => {
      const server = await start(on);
      try {
        await use((program) => run(core, server.url, program));
      } finally {
        server.stop();
      }
    });
  }
}

const greeting = (command, socket) => {
  if (command.method !== 'ping') return false;
  for (const channel of ['\ufffd', 'news']) socket.send(JSON.stringify({ method: 'message', body: { uid: '1', channel, data: 'hello' } }));
  return true;
};

both('half an emoji in a channel name is U+FFFD', greeting, async (program) => {
  assert.deepStrictEqual(await program(`
    const client = new Centrifuge({ url, insecure: true });
    const subscription = client.subscribe('😀'[0], ({ data, channel }) => { say(data, channel === '\\ufffd'); client.disconnect(); });
    subscription.on('subscribe', ({ channel }) => { say('subscribed', channel === subscription.channel); client.ping(); });
    client.connect();`), ['subscribed true', 'hello true']);
});

both('subscribe() inside of `unsubscribe`, then disconnect and connect', greeting, async (program) => {
  assert.deepStrictEqual(await program(`
    const client = new Centrifuge({ url, insecure: true });
    let times = 0;
    const subscription = client.subscribe('news', {
      message: ({ data }) => { say(data); client.disconnect(); },
      unsubscribe: () => { say('unsubscribe'); if (times < 2) subscription.subscribe(); },
      subscribe: () => {
        say('subscribe');
        if (++times === 2) return void client.ping();
        client.disconnect();
        client.connect();
      },
    });
    client.connect();`), ['subscribe', 'unsubscribe', 'subscribe', 'hello', 'unsubscribe']);
});

both('as many names as one likes, with remove()', null, async (program) => {
  assert.deepStrictEqual(await program(`
    const client = new Centrifuge({ url, insecure: true });
    for (let i = 0; i < 70000; i++) client.subscribe('removed ' + i).remove();
    for (let i = 0; i < 65536; i++) client.subscribe('kept ' + i);
    try { client.subscribe('one more'); } catch (text) { say(text); }
    client.subscribe('kept 7').remove();
    say(client.subscribe('one more').channel);`), ["more subscriptions than the limit 'subscriptionsMax' allows", 'one more']);
});

both('remove() inside of listeners, and after a disconnect', null, async (program) => {
  assert.deepStrictEqual(await program(`
    const client = new Centrifuge({ url, insecure: true });
    const first = client.subscribe('first', { subscribe: () => { first.remove(); first.remove(); again(); }, unsubscribe: () => say('never') });
    function again() {
      const second = client.subscribe('first', { subscribe: () => {
        say('again', second !== first);
        second.presence().catch(({ error }) => say(error)).then(() => client.disconnect());
        second.remove();
        client.subscribe('other');
      } });
    }
    client.once('disconnect', () => {
      client.subscribe('other').remove();
      client.once('connect', () => { client.disconnect(); say('end'); });
      setTimeout(() => client.connect());
    });
    client.connect();`), ['again true', 'subscription unsubscribed', 'end']);
});

const expiring = (command, socket) => {
  if (command.method !== 'connect') return false;
  socket.send(JSON.stringify({ uid: command.uid, method: 'connect', body: { client: 'c1', expires: true, expired: false, ttl: 1 } }));
  return true;
};

both('what callbacks throw is uncaught, and the client goes on', expiring, async (program) => {
  assert.deepStrictEqual((await program(`
    const up = (text) => () => { throw text; };
    const client = new Centrifuge({
      url, insecure: true, refreshAttempts: 1, authTimeout: 100, refreshTimeout: 100,
      onTransportClose: up('close'),
      refreshFailed: up('refreshFailed'),
      onPrivateChannelAuth: up('auth'),
      onRefresh: up('refresh'),
    });
    client.subscribe('$a', { error: ({ error }) => say(error) });
    client.subscribe('news', { subscribe: up('subscribe') }).on('subscribe', () => say('subscribed'));
    client.on('disconnect', ({ reason }) => say(reason));
    client.connect();`)).sort(), ['authorization request failed', 'refresh failed', 'subscribed', 'uncaught auth', 'uncaught close', 'uncaught refresh',
    'uncaught refreshFailed', 'uncaught subscribe']);
});

both('a listener that throws inside of a call does not reach the caller', null, async (program) => {
  assert.deepStrictEqual((await program(`
    const client = new Centrifuge({ url, insecure: true });
    client.on('disconnect', () => { throw 'mine'; });
    client.on('connect', () => { client.disconnect(); say('after'); });
    client.connect();`)).sort(), ['after', 'uncaught mine']);
});

both('options with a getter that throws', null, async (program) => {
  assert.deepStrictEqual(await program(`
    const client = new Centrifuge({ url, insecure: true });
    try { client.subscribe('news', { get message() { throw 'mine'; } }); } catch (text) { say(text); }
    client.subscribe('news').on('subscribe', () => { say('subscribed'); client.disconnect(); });
    client.connect();`), ['mine', 'subscribed']);
});

both('a transport that cannot be opened, or is given up, is told and no exception', null, async (program) => {
  assert.deepStrictEqual(await program(`
    const client = new Centrifuge({ url, insecure: true });
    client.once('disconnect', ({ reason }) => {
      say(reason);
      client.configure({ url: 'ws://127.0.0.1:1' });
      client.once('disconnect', ({ reason }) => { say(reason); client.disconnect(); });
      client.connect();
    });
    client.connect();
    client.disconnect();`), ['client', 'connection closed']);
});
