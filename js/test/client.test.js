'use strict';
/* The façade's client, over a core that says what the test wants. */
const assert = require('node:assert');
const test = require('node:test');
const { make, asked } = require('./fake');

const thrown = (act) => {
  try {
    act();
  } catch (exception) {
    return exception;
  }
  return undefined;
};

/* What console[method] was called with meanwhile. */
function said(method, act) {
  const lines = [];
  const saved = console[method];
  console[method] = (...values) => lines.push(values.join(' '));
  try {
    act();
  } finally {
    console[method] = saved;
  }
  return lines;
}

/* ---- options ------------------------------------------------------------------------- */

test('what a core refuses is thrown in the words of 1.x', () => {
  const { client, core } = make();
  const refused = (code, option = '') => {
    core.refusal = { code, option };
    return thrown(() => client.configure({}));
  };
  assert.strictEqual(refused(4, 'url'), "Missing required configuration parameter 'url' specifying server URL");
  assert.strictEqual(refused(5, 'user'), "Missing required configuration parameter 'user' specifying user's unique ID in your application");
  assert.strictEqual(refused(6, 'timestamp'), "Missing required configuration parameter 'timestamp'");
  assert.strictEqual(refused(7, 'token'), "Missing required configuration parameter 'token' specifying the sign of authorization request");
  assert.strictEqual(refused(9, 'url'), 'include SockJS client library before Centrifuge javascript client library or provide SockJS object in '
    + 'options or use raw Websocket connection endpoint');
  assert.strictEqual(refused(3, 'calls_max'), "invalid option: 'callsMax'");
  assert.strictEqual(refused(8), 'no address');
});

test('another exception of the core passes as it is', () => {
  const { client, core } = make();
  core.refusal = new RangeError('memory');
  assert.strictEqual(thrown(() => client.configure({})), core.refusal);
});

test('values are merged, also those of a call that failed; undefined leaves, null replaces', () => {
  const { client, core } = make();
  core.refusal = { code: 4, option: 'url' };
  assert.ok(thrown(() => client.configure({ privateChannelPrefix: '%', retry: 7 })));
  core.refusal = null;
  client.configure({ url: 'ws://x', retry: undefined, privateChannelPrefix: null });
  assert.strictEqual(core.options.url, 'ws://x');
  assert.strictEqual(core.options.retry, 7);
  assert.strictEqual(core.options.privateChannelPrefix, null);
});

test('a core gets numbers, booleans and JSON', () => {
  const values = (options) => make(options).core.options;
  assert.strictEqual(values({ url: '' }).url, null);
  assert.deepStrictEqual([values({ retry: '50' }).retry, values({ retry: 'soon' }).retry, values({ timeout: -1 }).timeout], [50, 1, 1]);
  assert.deepStrictEqual([true, 1, 'yes'].map((ping) => values({ ping }).ping), [true, false, false]);
  assert.deepStrictEqual([0, '', null, 1].map((resubscribe) => values({ resubscribe }).resubscribe), [false, false, false, true]);
  assert.deepStrictEqual([null, 0, 2.5, -3, 'x'].map((refreshAttempts) => values({ refreshAttempts }).refreshAttempts), [-1, 0, 3, 1, -1]);
  assert.deepStrictEqual(['', 'u', 7, null].map((user) => values({ user }).user), ['', '"u"', '7', undefined]);
  assert.deepStrictEqual(['', { a: 1 }, null, undefined].map((info) => values({ info }).info), ['', '{"a":1}', 'null', undefined]);
});

test('options of the platform only, and their defaults', () => {
  const platform = { options: { extra: (value) => 'extra ' + value }, defaults: { extra: 1 } };
  assert.strictEqual(make({}, platform).core.options.extra, 'extra 1');
  assert.strictEqual(make({ extra: 2 }, platform).core.options.extra, 'extra 2');
});

test('who answers: a function, or nobody for a transport that there is not', () => {
  const answers = (options) => [make(options).core.options.authorize, make(options).core.options.refresh];
  assert.deepStrictEqual(answers({}), [false, false]);
  assert.deepStrictEqual(answers({ authTransport: 'AJAX', refreshTransport: 'Ajax' }), [false, false]);
  assert.deepStrictEqual(answers({ authTransport: 'jsonp', refreshTransport: null }), [true, true]);
  assert.deepStrictEqual(answers({ onPrivateChannelAuth() {}, onRefresh() {} }), [true, true]);
  assert.deepStrictEqual(answers({ onPrivateChannelAuth: 'no function', onRefresh: {} }), [false, false]);
});

test('configure() keeps what a refresh has brought, unless it says otherwise', () => {
  const { client, core } = make({ user: 'u', info: { old: 1 } });
  core.given = { user: '"u2"', timestamp: '2', token: '"t2"', info: '{"new":1}' };
  client.configure({ info: '' });
  assert.deepStrictEqual([core.options.user, core.options.timestamp, core.options.token, core.options.info], ['"u2"', '2', '"t2"', '']);
});

/* ---- calls ------------------------------------------------------------------------------ */

test('without options nothing is checked until connect()', () => {
  const { client, core } = make();
  assert.match(thrown(() => client.connect()), /configure/);
  assert.ok(client.subscribe('news'));
  client.configure({ url: 'ws://x', insecure: true });
  client.connect();
  assert.strictEqual(asked(core, 'connect').length, 1);
});

test('a listener that connect() is given is added if the call is not ignored', () => {
  const { client, core } = make({});
  let count = 0;
  const listener = () => { count++; };
  for (const state of [1, 2, 0]) {
    core.clientState = state;
    client.connect(listener);
  }
  client.connect('no function');
  core.tell('connect', 'c', 'raw-websocket', 1);
  assert.strictEqual(count, 1);
});

test('states and id are the core\'s', () => {
  const { client, core } = make({});
  const seen = [0, 1, 2].map((state) => {
    core.clientState = state;
    return [client.isDisconnected(), client.isConnected()];
  });
  assert.deepStrictEqual(seen, [[true, false], [false, false], [false, true]]);
  assert.strictEqual(client.getClientId(), null);
  core.clientId = 'c1';
  assert.strictEqual(client.getClientId(), 'c1');
});

test('calls without a result return undefined', () => {
  const { client, core } = make({});
  for (const name of ['connect', 'disconnect', 'ping', 'startBatching', 'stopBatching', 'flush', 'startAuthBatching', 'stopAuthBatching']) {
    assert.strictEqual(client[name](), undefined, name);
    assert.strictEqual(asked(core, name).length, 1, name);
  }
  client.stopBatching('yes');
  client.stopBatching(true);
  assert.deepStrictEqual(asked(core, 'stopBatching').map(([, flush]) => flush), [false, false, true]);
});

test('an error of a call is thrown as its text', () => {
  const { client, core } = make({});
  core.codes.connect = 1;
  assert.strictEqual(thrown(() => client.connect()), 'out of memory');
});

/* ---- events ------------------------------------------------------------------------------ */

test('events of the client have the fields of 1.x', () => {
  const { client, core, reported } = make({ onTransportClose: (context) => notes.push(context), refreshFailed: (...values) => notes.push(values) });
  const notes = [];
  for (const name of ['connect', 'disconnect', 'error', 'highWater']) client.on(name, (context) => notes.push(context));
  const event = { type: 'close' };
  core.tell('connect', 'c1', 'raw-websocket', 12);
  core.tell('connect', 'c2', 'xhr-streaming', -1);
  core.tell('error', '{"error":"e","advice":"fix"}');
  core.tell('error', '');
  core.tell('transportClose', event, 'bye', true);
  core.tell('disconnect', 'bye', true);
  core.tell('highWater', 19, 3, 4);
  core.tell('refreshFailed');
  assert.deepStrictEqual(notes, [
    { client: 'c1', transport: 'raw-websocket', latency: 12 },
    { client: 'c2', transport: 'xhr-streaming', latency: null },
    { message: { error: 'e', advice: 'fix' } },
    { message: undefined },
    { event, reason: 'bye', reconnect: true },
    { reason: 'bye', reconnect: true },
    { limit: 'LIMIT_SUBSCRIPTIONS', used: 3, max: 4 },
    [],
  ]);
  assert.deepStrictEqual(reported, []);
});

test('callbacks that are none are not called', () => {
  const { core, reported } = make({ onTransportClose: null, refreshFailed: 'no function' });
  core.tell('transportClose', {}, '', true);
  core.tell('refreshFailed');
  assert.deepStrictEqual(reported, []);
});

test('what a callback throws is reported, and breaks nothing', () => {
  const up = (text) => () => { throw text; };
  const { client, core, reported } = make({ onTransportClose: up('close'), refreshFailed: up('refresh failed'), onPrivateChannelAuth: up('auth'), onRefresh: up('refresh') });
  const notes = [];
  client.on('connect', up('connect')).on('connect', () => notes.push('connect')).on('disconnect', () => notes.push('disconnect'));
  core.tell('connect', 'c1', 'raw-websocket', 1);
  core.tell('authorize', 1, '{}');
  core.tell('refresh', 2);
  core.tell('transportClose', {}, '', true);
  core.tell('refreshFailed');
  core.tell('disconnect', '', true);
  assert.deepStrictEqual(reported, ['connect', 'auth', 'refresh', 'close', 'refresh failed']);
  assert.deepStrictEqual(notes, ['connect', 'disconnect']);
  client.ping(); // nothing of it is left to be thrown
});

test('in a listener `this` is the client, and calls chain', () => {
  const { client, core } = make({});
  let self;
  assert.strictEqual(client.on('connect', function () { self = this; }).once('error', () => {}).off('error', () => {}), client);
  core.tell('connect', 'c1', 'raw-websocket', 1);
  assert.strictEqual(self, client);
});

/* ---- requests ------------------------------------------------------------------------------ */

test('the application answers: now, later, never, more than once', () => {
  const answers = [];
  const { core } = make({ onPrivateChannelAuth: (context, answer) => answers.push([context, answer]), onRefresh: (context, answer) => answers.push([context, answer]) });
  core.tell('authorize', 1, '{"client":"c1","channels":["$a"]}');
  core.tell('refresh', 2);
  assert.deepStrictEqual(answers.map(([context]) => context), [{ data: { client: 'c1', channels: ['$a'] } }, {}]);
  answers[0][1](false, { $a: { sign: 's' } });
  answers[0][1](true, {});
  answers[1][1]('true', undefined); // only exactly true is a failure; JSON has no undefined
  answers[1][1](undefined, { user: 'u' });
  assert.deepStrictEqual(asked(core, 'authorizeAnswer'), [['authorizeAnswer', 1, '{"$a":{"sign":"s"}}'], ['authorizeAnswer', 1, undefined]]);
  assert.deepStrictEqual(asked(core, 'refreshAnswer'), [['refreshAnswer', 2, undefined], ['refreshAnswer', 2, '{"user":"u"}']]);
});

test('an unknown transport is thrown out of the call that needs it, else as uncaught', () => {
  const { client, core, reported } = make({ authTransport: 'Pigeon', refreshTransport: 'jsonp' });
  core.during.stopAuthBatching = () => core.tell('authorize', 1, '{}');
  assert.strictEqual(thrown(() => client.stopAuthBatching()), 'Unknown private channel auth transport pigeon');
  core.tell('refresh', 2);
  assert.deepStrictEqual(reported, ['Unknown refresh transport jsonp']);
  assert.deepStrictEqual([asked(core, 'authorizeAnswer'), asked(core, 'refreshAnswer')], [[['authorizeAnswer', 1, undefined]], [['refreshAnswer', 2, undefined]]]);
});

test('what a listener\'s own call throws is that listener\'s', () => {
  const { client, core, reported } = make({ authTransport: 'pigeon' });
  const notes = [];
  core.during.ping = () => core.tell('connect', 'c1', 'raw-websocket', 1);
  core.during.stopAuthBatching = () => core.tell('authorize', 1, '{}');
  client.on('connect', () => notes.push(thrown(() => client.stopAuthBatching())));
  client.ping();
  assert.deepStrictEqual(notes, ['Unknown private channel auth transport pigeon']);
  assert.deepStrictEqual(reported, []);
});

/* ---- the console ------------------------------------------------------------------------------ */

test('credentials that are no text are noted for each transport', () => {
  const odd = { user: 1, timestamp: 2, token: 3, info: null };
  const notes = (options) => said('info', () => make(options).core.tell('open'));
  const all = ['user', 'info', 'timestamp', 'token'].map((name) => name + ' expected to be string');
  assert.deepStrictEqual(notes({ insecure: false, ...odd }), all);
  assert.deepStrictEqual(notes(odd), all.slice(0, 2));
  assert.deepStrictEqual(notes({ insecure: false, user: '', timestamp: '1', token: 't' }), []);
});

test('steps are written with debug exactly true', () => {
  const lines = (debug) => said('debug', () => make({ debug }).core.tell('log', 'a step'));
  assert.deepStrictEqual([true, 1, undefined].map(lines), [['a step'], [], []]);
});
