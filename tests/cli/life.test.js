'use strict';
/* A long life: tokens that are renewed while connected, and lost connections with messages missed meanwhile. */
const test = require('node:test');
const assert = require('node:assert');
const net = require('node:net');
const { cli, running, server } = require('./lib');

/* connection_lifetime is in whole seconds, so that this is as short as a life can be. */
const SHORT = { connection_lifetime: 1, expired_connection_close_delay: 1 };

/* A server until the end of the test. */
async function served(t, config, port) {
  const one = await server(config, port);
  t.after(() => one.stop());
  return one;
}

/* A way to the server that can be cut, and that counts what the server says: answers(method) resolves when it came `times` more. */
async function through(t, target) {
  const pairs = new Set();
  const waiting = [];
  const listener = net.createServer((near) => {
    const far = net.connect(target.port, '127.0.0.1');
    const pair = [near, far];
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    far.on('data', (bytes) => {
      for (const one of waiting) {
        one.times -= bytes.toString('latin1').split(one.text).length - 1;
        if (one.times <= 0) one.resolve();
      }
    });
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => { pairs.delete(pair); pair.forEach((each) => each.destroy()); });
    }
  });
  await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address();
  const cut = () => pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
  t.after(() => { cut(); listener.close(); });
  return {
    url: `http://127.0.0.1:${port}`,
    answers: (method, times) => new Promise((resolve) => waiting.push({ text: `"method":"${method}"`, times, resolve })),
    cut,
    /* Nobody is let in until the returned function is called. */
    close: () => {
      cut();
      listener.close();
      return () => new Promise((resolve) => listener.listen(port, '127.0.0.1', resolve));
    },
  };
}

const env = (way) => ({ CENTRIFUGE_URL: way.url, CENTRIFUGE_SECRET: 'secret', CENTRIFUGE_USER: 'u' });

test('sub and pub renew their tokens while connected, and private channels go on', async (t) => {
  const short = await served(t, SHORT);
  const way = await through(t, short);
  const sub = running(['sub', '$chat:long'], { env: env(way) });
  const pub = running(['pub', '--lines', '$chat:long'], { env: env(way) });
  await sub.event('subscribe');
  pub.child.stdin.write('"before"\n');
  assert.strictEqual((await sub.event('message')).data, 'before');
  await way.answers('refresh', 6); // three of each: longer than a token and its grace last
  pub.child.stdin.end('"after"\n');
  for (;;) {
    const event = JSON.parse(await sub.line());
    assert.ok(['message', 'join', 'leave'].includes(event.event), JSON.stringify(event));
    if (event.event === 'message') {
      assert.strictEqual(event.data, 'after');
      break;
    }
  }
  assert.strictEqual(await pub.code, 0);
  assert.strictEqual(await sub.stop(), 0);
  assert.strictEqual(pub.stderr() + sub.stderr(), '');
});

test('without the secret a token ends with its time: 3', async (t) => {
  // long enough that a slow machine is subscribed before
  const short = await served(t, { ...SHORT, connection_lifetime: 4 });
  const { timestamp, token } = JSON.parse((await cli(['token', '--user', 'u', '--secret', 'secret'])).stdout);
  const sub = await cli(['sub', 'chat:x', '--url', short.url, '--user', 'u', '--timestamp', timestamp, '--token', token]);
  assert.strictEqual(sub.code, 3);
  assert.match(sub.stderr, /the token expired; give --secret/);
  assert.match(sub.stdout, /"event":"subscribe","channel":"chat:x"/);
});

test('sub recovers what was published while its connection was lost, in order and before the subscribe event', async (t) => {
  const secure = await served(t, {});
  const way = await through(t, secure);
  const sub = running(['sub', '$chat:kept', 'chat:open'], { env: env(way) });
  await sub.event('subscribe');
  await sub.event('subscribe');
  const publish = (channel, data) => cli(['pub', '--api', channel, data], { env: env(secure) });
  for (const channel of ['$chat:kept', 'chat:open']) {
    await publish(channel, '"seen"');
    assert.strictEqual((await sub.event('message')).data, 'seen');
  }

  const open = way.close();
  assert.strictEqual((await sub.event('disconnect')).reconnect, true);
  for (const data of ['1', '2', '3']) assert.strictEqual((await publish('$chat:kept', data)).code, 0);
  await publish('chat:open', '"open"');
  await open();

  const seen = { '$chat:kept': [], 'chat:open': [] };
  for (let subscribed = 0; subscribed < 2;) {
    const event = JSON.parse(await sub.line());
    if (event.event === 'message') {
      seen[event.channel].push(event.data);
    } else if (event.event === 'subscribe') {
      subscribed++;
      assert.deepStrictEqual(event, { event: 'subscribe', channel: event.channel, isResubscribe: true, recovered: true });
      seen[event.channel].push('subscribed');
    }
  }
  assert.deepStrictEqual(seen, { '$chat:kept': [1, 2, 3, 'subscribed'], 'chat:open': ['open', 'subscribed'] });
  assert.strictEqual(await sub.stop(), 0);
});

test('sub says that it could not recover when the server has lost its history', async (t) => {
  const first = await server({});
  const sub = running(['sub', '$chat:lost'], { env: env(first) });
  await sub.event('subscribe');
  const publish = (data) => cli(['pub', '--api', '$chat:lost', data], { env: env(first) });
  await publish('1');
  await sub.event('message');
  await first.stop();
  await sub.event('disconnect');
  const second = await served(t, {}, first.port);
  await publish('2');
  const again = await sub.event('subscribe');
  assert.deepStrictEqual(again, { event: 'subscribe', channel: '$chat:lost', isResubscribe: true, recovered: false });
  await publish('3');
  let { data } = await sub.event('message');
  if (data === 2) ({ data } = await sub.event('message')); // it came back before that was published, or was told of it
  assert.strictEqual(data, 3);
  assert.strictEqual(await sub.stop(), 0);
});

test('pub --lines goes on after a lost connection, on a private channel', async (t) => {
  const secure = await served(t, {});
  const way = await through(t, secure);
  const sub = running(['sub', '$chat:lines'], { env: env(secure) });
  await sub.event('subscribe');
  const pub = running(['pub', '--lines', '$chat:lines'], { env: env(way) });
  pub.child.stdin.write('1\n');
  const { client, data } = await sub.event('message');
  assert.strictEqual(data, 1);
  way.cut();
  let leave = await sub.event('leave');
  while (leave.data.client !== client) leave = await sub.event('leave');
  pub.child.stdin.end('2\n3\n');
  assert.strictEqual((await sub.event('message')).data, 2);
  assert.strictEqual((await sub.event('message')).data, 3);
  await pub.code;
  assert.match(pub.stderr(), /lost the connection .*trying again/);
  assert.strictEqual(await sub.stop(), 0);
});
