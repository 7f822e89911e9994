'use strict';
/* Private channels, refresh and batching: names and values. */
const assert = require('node:assert');
const http = require('node:http');
const path = require('node:path');
const test = require('node:test');
const { start } = require('./server');

if (process.env.CENTRIFUGE_BUILD) process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
const Centrifuge = require('..');

const told = (emitter, name) => new Promise((resolve) => { emitter.once(name, resolve); });

/* A server that notes its commands; `use` gets { url, commands, client(options) }. */
async function withServer(use, on) {
  const commands = [];
  const clients = [];
  const server = await start((command, socket) => {
    commands.push(command);
    return on ? on(command, socket) : false;
  });
  const client = (options) => {
    clients.push(new Centrifuge(Object.assign({ url: server.url, insecure: true }, options)));
    return clients[clients.length - 1];
  };
  try {
    await use({ commands, client });
  } finally {
    for (const each of clients) each.disconnect();
    server.stop();
  }
}

/* An endpoint that answers with answer(body of the request); `use` gets its address and the list of requests. */
async function withEndpoint(answer, use) {
  const requests = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    requests.push({ url: request.url, headers: request.headers, body: JSON.parse(body) });
    response.end(JSON.stringify(answer(JSON.parse(body))));
  });
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  try {
    await use('http://127.0.0.1:' + server.address().port + '/auth', requests);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const signed = ({ channels }) => Object.fromEntries(channels.map((channel) => [channel, { sign: 'sign of ' + channel, info: '' }]));
const ofMethod = (commands, method) => commands.filter((command) => command.method === method).map(({ params }) => params);
const expiring = (command, socket) => {
  if (command.method !== 'connect') return false;
  socket.send(JSON.stringify({ uid: command.uid, method: 'connect', body: { client: 'c1', expires: true, expired: false, ttl: 1 } }));
  return true;
};

test('an endpoint is asked with headers and parameters, once for all channels that wait', () => withEndpoint(signed,
  (authEndpoint, requests) => withServer(async ({ client, commands }) => {
    const made = client({ authEndpoint, authHeaders: { 'X-Key': 7 }, authParams: { 'a b': 'c&d', n: 1 }, privateChannelPrefix: 'secret:' });
    const subscriptions = ['secret:a', 'news', 'secret:b'].map((channel) => made.subscribe(channel));
    made.connect();
    await Promise.all(subscriptions.map((subscription) => told(subscription, 'subscribe')));
    const [{ url, headers, body }] = requests;
    assert.strictEqual(requests.length, 1);
    assert.strictEqual(url, '/auth?a%20b=c%26d&n=1');
    assert.strictEqual(headers['x-key'], '7');
    assert.deepStrictEqual(body, { client: 'c1', channels: ['secret:a', 'secret:b'] });
    assert.deepStrictEqual(ofMethod(commands, 'subscribe').map(({ channel, sign }) => [channel, sign]),
      [['news', undefined], ['secret:a', 'sign of secret:a'], ['secret:b', 'sign of secret:b']]);
  })));

/* Something stands for a page meanwhile. */
async function withPage(href, use) {
  globalThis.location = { href };
  try {
    await use();
  } finally {
    delete globalThis.location;
  }
}

test('endpoints are relative to the page, where there is one, and have the defaults of 1.x', () => withEndpoint(signed,
  (address, requests) => withPage(address + '/chat/index.html', () => withServer(async ({ client }) => {
    const asks = async (options) => {
      const made = client(options);
      made.connect();
      await told(made.subscribe('$a'), 'subscribe');
      made.disconnect();
      return requests.pop().url;
    };
    assert.strictEqual(await asks({}), '/centrifuge/auth/');
    assert.strictEqual(await asks({ authEndpoint: '../sign?a=1', authParams: { b: 2 } }), '/auth/sign?a=1&b=2');
    assert.strictEqual(await asks({ authEndpoint: address }), '/auth');
  }))));

test('without a page an endpoint is a whole address, without a default', async () => {
  const options = { url: 'ws://localhost', insecure: true };
  for (const name of ['authEndpoint', 'refreshEndpoint']) {
    for (const endpoint of ['/auth/', 'auth', '']) {
      assert.throws(() => new Centrifuge({ ...options, [name]: endpoint }), (text) => /is not a whole address/.test(text));
    }
    for (const secret of ['http://joe:hunter2@h:99999', 'http://joe:hunter2/x?@h:x', 'joe@hunter2@h', '/x?token=hunter2']) {
      assert.throws(() => new Centrifuge({ ...options, [name]: secret }), (text) => /is not a whole address/.test(text) && !/hunter2/.test(text));
    }
    assert.throws(() => new Centrifuge({ ...options, [name]: 'ftp://localhost/' }), (text) => text === "invalid option: '" + name + "'");
    assert.ok(new Centrifuge({ ...options, [name]: null }));
  }
  await withPage('about:blank', () => { assert.ok(new Centrifuge(options)); });
  await withServer(async ({ client }) => {
    const made = client();
    made.connect();
    const { error } = await told(made.subscribe('$a'), 'error');
    assert.strictEqual(error, 'authorization request failed');
  });
});

test('channels that wait are asked for again after a reconnect', () => withEndpoint(signed, (authEndpoint, requests) => {
  let lost = false;
  return withServer(async ({ client, commands }) => {
    const made = client({ authEndpoint, retry: 1, maxRetry: 1 });
    const subscription = made.subscribe('$a');
    made.connect();
    await told(subscription, 'subscribe');
    const again = told(subscription, 'subscribe');
    made.subscribe('lost');
    const { isResubscribe } = await again;
    assert.strictEqual(isResubscribe, true);
    assert.strictEqual(requests.length, 2);
    assert.strictEqual(ofMethod(commands, 'subscribe').filter(({ sign }) => sign === 'sign of $a').length, 2);
  }, (command, socket) => {
    if (lost || !command.params || command.params.channel !== 'lost') return false;
    lost = true;
    socket.close(3000, 'lost');
    return true;
  });
}));

test('a function answers for private channels, now or later, or fails', () => withServer(async ({ client }) => {
  const asked = [];
  const ways = {
    $now: (answer, data) => answer(false, signed(data)),
    $later: (answer, data) => setTimeout(answer, 1, undefined, signed(data)),
    $failed: (answer) => answer(true),
    $nothing: (answer) => answer(false, undefined),
    $other: (answer) => answer(false, {}),
  };
  const onPrivateChannelAuth = ({ data }, answer) => {
    asked.push(data);
    ways[data.channels[0]](answer, data);
  };
  const made = client({ onPrivateChannelAuth });
  made.connect();
  await told(made, 'connect');
  const outcome = (channel) => new Promise((resolve) => {
    made.subscribe(channel, { subscribe: () => resolve('subscribed'), error: ({ error, advice }) => resolve([error, advice]) });
  });
  assert.strictEqual(await outcome('$now'), 'subscribed');
  assert.strictEqual(await outcome('$later'), 'subscribed');
  assert.deepStrictEqual(await outcome('$failed'), ['authorization request failed', 'fix']);
  assert.deepStrictEqual(await outcome('$nothing'), ['authorization request failed', 'fix']);
  assert.deepStrictEqual(await outcome('$other'), ['channel not found in authorization response', 'fix']);
  assert.deepStrictEqual(asked[0], { client: 'c1', channels: ['$now'] });
}));

test('an unknown transport is thrown out of the call that needs it', () => withServer(async ({ client }) => {
  const unknown = (name) => (thrown) => thrown === 'Unknown private channel auth transport ' + name;
  const made = client({ authTransport: 'JSONP', authEndpoint: 'http://127.0.0.1:1/' });
  made.connect();
  await told(made, 'connect');
  made.subscribe('news');
  assert.throws(() => made.subscribe('$a'), unknown('jsonp'));
  made.startAuthBatching();
  made.subscribe('$b');
  assert.throws(() => made.stopAuthBatching(), unknown('jsonp'));
  made.configure({ authTransport: 'AJAX', onPrivateChannelAuth: ({ data }, answer) => answer(false, signed(data)) });
  await told(made.subscribe('$c').unsubscribe().subscribe(), 'subscribe');
}));

test('credentials are renewed by a function', () => {
  let renewed;
  const done = new Promise((resolve) => { renewed = resolve; });
  return withServer(async ({ client }) => {
    client({ insecure: false, user: 'u', timestamp: '1', token: 't', onRefresh: (context, answer) => {
      assert.deepStrictEqual(context, {});
      answer(false, { user: 'u2', timestamp: '2', token: 't2', info: 'i2' });
    } }).connect();
    assert.deepStrictEqual(await done, { user: 'u2', timestamp: '2', token: 't2', info: 'i2' });
  }, (command, socket) => {
    if (command.method === 'refresh') renewed(command.params);
    return expiring(command, socket);
  });
});

test('credentials are renewed by an endpoint', () => withEndpoint(() => ({ user: 'u2', timestamp: '2', token: 't2' }),
  (refreshEndpoint, requests) => {
    let renewed;
    const done = new Promise((resolve) => { renewed = resolve; });
    return withServer(async ({ client }) => {
      client({ insecure: false, user: 'u', timestamp: '1', token: 't', refreshEndpoint, refreshData: { a: [1] }, refreshHeaders: { 'X-Key': 'k' },
        refreshParams: { p: 'q' } }).connect();
      assert.deepStrictEqual(await done, { user: 'u2', timestamp: '2', token: 't2', info: '' });
      assert.deepStrictEqual(requests.map(({ url, body, headers }) => [url, body, headers['x-key']]), [['/auth?p=q', { a: [1] }, 'k']]);
    }, (command, socket) => {
      if (command.method === 'refresh') renewed(command.params);
      return expiring(command, socket);
    });
  }));

test('attempts that are used up are told without arguments', () => withServer(async ({ client }) => {
  const notes = [];
  await new Promise((resolve) => {
    const made = client({ refreshAttempts: 1, onRefresh: (context, answer) => answer(true), refreshFailed: (...values) => {
      notes.push(values);
      resolve();
    } });
    made.on('disconnect', (context) => notes.push(context));
    made.connect();
  });
  assert.deepStrictEqual(notes, [{ reason: 'refresh failed', reconnect: false }, []]);
}, expiring));

test('numbers are taken as JavaScript takes them; refreshAttempts null sets no limit', () => {
  for (const options of [{ refreshAttempts: null }, { refreshAttempts: -2 }, { refreshInterval: -1 }, { retry: 0 }, { timeout: 'soon' }, { maxRetry: Infinity }]) {
    assert.doesNotThrow(() => new Centrifuge(Object.assign({ url: 'ws://localhost', insecure: true }, options)));
  }
});

test('batching collects until flush() or stopBatching(true)', () => withServer(async ({ client, commands }) => {
  const made = client();
  for (const name of ['startBatching', 'stopBatching', 'flush', 'startAuthBatching', 'stopAuthBatching']) {
    assert.strictEqual(made[name](), undefined);
    assert.strictEqual(new Centrifuge()[name](), undefined);
  }
  made.connect();
  await told(made, 'connect');
  made.startBatching();
  const held = made.subscribe('held');
  made.stopBatching('yes'); // only exactly true flushes
  await told(made.subscribe('sent'), 'subscribe');
  assert.deepStrictEqual(ofMethod(commands, 'subscribe').map(({ channel }) => channel), ['sent']);
  made.flush();
  await told(held, 'subscribe');
  made.startBatching();
  const last = made.subscribe('last');
  made.stopBatching(true);
  await told(last, 'subscribe');
}));
