'use strict';
/* The façade's subscriptions, over a core that says what the test wants. */
const assert = require('node:assert');
const test = require('node:test');
const { make, asked, State } = require('./fake');

/* A client with the core's handle of one subscribed channel. */
function subscribed(options, events) {
  const made = make(options || {});
  const subscription = made.client.subscribe('news', events);
  const handle = made.core.handles.get('news');
  made.core.states.set(handle, State.SUBSCRIBED);
  made.core.tell('subscribe', handle, false, false);
  return { ...made, subscription, handle };
}

/* ---- subscribe() ---------------------------------------------------------------------------- */

test('wrong arguments are thrown as in 1.x', () => {
  const { client, core } = make({});
  assert.throws(() => client.subscribe(), (text) => text === 'Illegal arguments number: required 1, got 0');
  for (const channel of [undefined, null, 5, {}, ['news']]) {
    assert.throws(() => client.subscribe(channel), (text) => text === 'Illegal argument type: channel must be a string');
  }
  assert.deepStrictEqual(core.calls, []);
  assert.strictEqual(client.subscribe(new String('news')).channel, 'news');
});

test('half a character is sent, and known, as U+FFFD', () => {
  const { client, core } = make({});
  const [emoji] = ['😀'];
  for (const [channel, name] of [['a' + emoji[0], 'a\ufffd'], [emoji[1] + emoji, '\ufffd' + emoji], [emoji[1] + emoji[0], '\ufffd\ufffd'], [emoji, emoji]]) {
    const seen = [];
    assert.strictEqual(client.subscribe(channel, (body) => seen.push(body)).channel, name);
    core.tell('message', core.handles.get(name), '1');
    assert.deepStrictEqual(seen, [1]);
  }
  assert.strictEqual(client.subscribe('a' + emoji[0]), client.subscribe('a\ufffd'));
});

test('what the core refuses is thrown, and nothing has changed', () => {
  const { client, core } = make({});
  core.codes.subscribe = 10;
  assert.throws(() => client.subscribe('news', () => assert.fail()), (text) => text === 'Can not only subscribe in connected state when resubscribe option is off');
  core.codes.subscribe = 19;
  assert.throws(() => client.subscribe('news', () => assert.fail()), (text) => text === 'too many subscriptions');
  core.codes.subscribe = 0;
  client.subscribe('news');
  core.tell('message', core.handles.get('news'), '{}');
});

test('callbacks: a function listens to messages, an object to events by name, the rest is ignored', () => {
  const { client, core, reported } = make({});
  const notes = [];
  const note = (name) => (context) => notes.push(name + ' ' + JSON.stringify(context));
  const events = { message: note('message'), join: note('join'), leave: null, subscribe: 'no function', connect: note('connect'), unsubscribe: note('unsubscribe') };
  const subscription = client.subscribe('news', events);
  for (const more of [note('function'), undefined, null, 7, 'text']) assert.strictEqual(client.subscribe('news', more), subscription);
  const handle = core.handles.get('news');
  for (const name of ['message', 'join', 'leave']) core.tell(name, handle, '{"a":1}');
  core.tell('subscribe', handle, true, true);
  core.tell('connect', 'c', 't', 1);
  core.tell('unsubscribe', handle);
  assert.deepStrictEqual(notes, ['message {"a":1}', 'function {"a":1}', 'join {"a":1}', 'unsubscribe {"channel":"news"}']);
  assert.deepStrictEqual(reported, []);
});

test('what a subscribe() causes at once finds its callbacks', () => {
  const { client, core } = make({});
  const notes = [];
  core.during.subscribe = (handle) => core.tell('message', handle, '"early"');
  client.subscribe('news', (data) => notes.push(data)).on('message', () => notes.push('late'));
  assert.deepStrictEqual(notes, ['early']);
});

test('events of a subscription have the fields of 1.x', () => {
  const notes = [];
  const note = (context) => notes.push(context);
  const { core, handle } = subscribed({}, { subscribe: note, error: note, unsubscribe: note });
  core.tell('subscribe', handle, true, true);
  core.tell('refuse', handle, 'permission denied', false, 'fix', true);
  core.tell('refuse', handle, '403', true, '', false);
  core.tell('unsubscribe', handle);
  assert.deepStrictEqual(notes, [
    { channel: 'news', isResubscribe: false, recovered: false },
    { channel: 'news', isResubscribe: true, recovered: true },
    { error: 'permission denied', advice: 'fix', channel: 'news', isResubscribe: true },
    { error: 403, channel: 'news', isResubscribe: false },
    { channel: 'news' },
  ]);
});

test('`this` is the subscription, and calls chain', () => {
  const { core, subscription, handle } = subscribed();
  const seen = [];
  assert.strictEqual(subscription.on('message', function () { seen.push(this); }), subscription);
  core.tell('message', handle, '1');
  subscription.ready(function () { seen.push(this); });
  assert.strictEqual(subscription.unsubscribe().subscribe(), subscription);
  assert.deepStrictEqual(seen, [subscription, subscription]);
});

test('ready tells what is known now: only the callback that is due, if it is a function', () => {
  const { core, subscription, handle } = subscribed();
  const notes = [];
  const ask = () => subscription.ready((context) => notes.push(context), (error) => notes.push(error));
  ask();
  core.states.set(handle, State.SUBSCRIBING);
  ask();
  core.states.set(handle, State.REFUSED);
  core.tell('refuse', handle, 'no', false, '', false);
  ask();
  subscription.ready(() => assert.fail());
  subscription.ready(null, 'no function');
  assert.deepStrictEqual(notes, [{ channel: 'news', isResubscribe: false, recovered: false }, { error: 'no', channel: 'news', isResubscribe: false }]);
});

/* ---- calls ------------------------------------------------------------------------------------ */

test('promises: bodies as parsed, errors as in 1.x', async () => {
  const { core, subscription, handle } = subscribed();
  const made = [subscription.publish({ a: 1 }), subscription.publish(), subscription.presence(), subscription.history(), subscription.publish(null)];
  assert.deepStrictEqual(asked(core, 'publish'), [['publish', handle, 1, '{"a":1}'], ['publish', handle, 2, undefined], ['publish', handle, 5, 'null']]);
  core.tell('result', 3, 0, '', false, '', '{"data":{}}', false);
  core.tell('result', 1, 0, '', false, '', '', false);
  core.tell('result', 2, 15, 'denied', false, 'fix', '{"status":false}', false);
  core.tell('result', 4, 12, 'timeout', false, 'retry', '', false);
  core.tell('result', 5, 15, '7', true, '', '{}', false);
  assert.deepStrictEqual(await Promise.allSettled(made), [
    { status: 'fulfilled', value: undefined },
    { status: 'rejected', reason: { error: 'denied', advice: 'fix' } },
    { status: 'fulfilled', value: { data: {} } },
    { status: 'rejected', reason: { error: 'timeout', advice: 'retry' } },
    { status: 'rejected', reason: { error: 7 } },
  ]);
});

test('a call that waited for a refused subscription says for which', async () => {
  const { core, subscription, handle } = subscribed();
  const call = subscription.presence();
  core.states.set(handle, State.REFUSED);
  core.tell('refuse', handle, 'denied', false, 'fix', true);
  core.states.set(handle, State.SUBSCRIBING); // a listener asks again
  core.tell('result', 1, 15, 'denied', false, 'fix', '', true);
  await assert.rejects(call, (error) => JSON.stringify(error) === '{"error":"denied","advice":"fix","channel":"news","isResubscribe":true}');
});

test('a call that the core refuses is rejected, and may be told before it returns', async () => {
  const { core, subscription } = subscribed();
  core.codes.history = 18;
  core.during.presence = (handle, call) => core.tell('result', call, 0, '', false, '', '1', false);
  await assert.rejects(subscription.history(), (error) => JSON.stringify(error) === '{"error":"too many calls","advice":"retry"}');
  assert.strictEqual(await subscription.presence(), 1);
});

test('a rejection that nobody looks at is silent', async () => {
  const unhandled = [];
  const listener = (reason) => unhandled.push(reason);
  process.on('unhandledRejection', listener);
  const { core, subscription } = subscribed();
  subscription.presence();
  core.tell('result', 1, 12, 'timeout', false, 'retry', '', false);
  await new Promise(setImmediate);
  process.off('unhandledRejection', listener);
  assert.deepStrictEqual(unhandled, []);
});

test('what has no JSON is thrown by publish() itself', () => {
  const { core, subscription } = subscribed();
  const circle = {};
  circle.self = circle;
  assert.throws(() => subscription.publish(circle), TypeError);
  assert.deepStrictEqual(asked(core, 'publish'), []);
});

/* ---- the end, and what comes after it ------------------------------------------------------------- */

test('after a disconnect a channel is a new subscription, and the old one is ended', async () => {
  const { client, core, subscription, handle, reported } = subscribed();
  const late = subscription.presence();
  core.end('client');
  subscription.unsubscribe().ready(() => assert.fail(), () => assert.fail());
  await assert.rejects(subscription.publish(1), (error) => JSON.stringify(error) === '{"error":"subscription unsubscribed","advice":"fix"}');
  core.tell('result', 1, 13, 'disconnected', false, 'retry', '', false);
  await assert.rejects(late, (error) => error.error === 'disconnected');
  const fresh = client.subscribe('news');
  assert.notStrictEqual(fresh, subscription);
  assert.strictEqual(core.handles.get('news'), handle);
  assert.strictEqual(subscription.subscribe(), subscription); // its channel is another's
  assert.strictEqual(asked(core, 'subscribe').length, 2);
  assert.deepStrictEqual(reported, []);
});

test('an old subscription takes its channel back if nobody has it', () => {
  const { client, core, subscription } = subscribed();
  core.end('client');
  subscription.subscribe();
  assert.strictEqual(client.subscribe('news'), subscription);
  core.codes.subscribe = 10; // with `resubscribe` off
  core.end('client');
  assert.strictEqual(subscription.subscribe(), subscription);
});

test('subscriptions end where no connection brings them back', () => {
  for (const [options, reconnect, forgotten] of [[{}, true, false], [{}, false, true], [{ resubscribe: false }, true, true], [{ resubscribe: 0 }, true, true],
    [{ resubscribe: null }, true, true]]) {
    const { client, core, subscription, handle } = subscribed(options);
    core.states.set(handle, forgotten ? State.UNSUBSCRIBED : State.SUBSCRIBING);
    core.tell('disconnect', '', reconnect);
    assert.strictEqual(client.subscribe('news') !== subscription, forgotten, JSON.stringify(options) + reconnect);
  }
});

test('subscribe() inside of `unsubscribe` outlives the disconnect', () => {
  const notes = [];
  const { client, core, subscription, handle, reported } = subscribed({}, { message: (data) => notes.push(data) });
  subscription.on('unsubscribe', () => subscription.subscribe());
  core.end('client');
  assert.strictEqual(client.subscribe('news'), subscription);
  core.tell('subscribe', handle, false, false);
  core.tell('message', handle, '1');
  core.end('client');
  assert.deepStrictEqual(notes, [1]);
  assert.deepStrictEqual(reported, []);
});

test('what the core still tells of an ended subscription reaches it, and throws nothing', () => {
  const notes = [];
  const { core, handle, reported } = subscribed({}, { message: (data) => notes.push(data), unsubscribe: () => notes.push('unsubscribe') });
  core.end('client');
  core.tell('message', handle, '1');
  core.tell('subscribe', handle, false, false);
  core.tell('refuse', handle, '', false, '', false);
  core.tell('unsubscribe', handle);
  core.tell('disconnect', 'again', false);
  core.tell('transportClose', {}, '', false);
  assert.deepStrictEqual(notes, ['unsubscribe', 1, 'unsubscribe']);
  assert.deepStrictEqual(reported, []);
});

test('the core forgets at the next disconnect what nobody has asked for again', () => {
  const { client, core, handle, reported } = subscribed();
  client.subscribe('kept');
  core.end('client');
  client.subscribe('kept');
  core.end('client');
  assert.deepStrictEqual(asked(core, 'remove'), [['remove', handle]]);
  core.end('client');
  assert.deepStrictEqual([...core.handles], []);
  core.end('client');
  assert.deepStrictEqual(reported, []);
});

/* ---- remove() -------------------------------------------------------------------------------------- */

test('remove() forgets, without an event', () => {
  const { client, core, subscription, handle, reported } = subscribed({}, { unsubscribe: () => assert.fail() });
  subscription.remove();
  subscription.remove();
  assert.deepStrictEqual(asked(core, 'remove'), [['remove', handle]]);
  subscription.unsubscribe().ready(() => assert.fail(), () => assert.fail());
  assert.notStrictEqual(client.subscribe('news'), subscription);
  assert.deepStrictEqual(reported, []);
});

test('a listener may remove its own subscription and begin anew', () => {
  const { client, core, subscription, handle, reported } = subscribed();
  let fresh;
  subscription.on('message', () => {
    subscription.remove();
    fresh = client.subscribe('news');
  }).on('message', () => subscription.remove());
  core.tell('message', handle, '1');
  assert.strictEqual(client.subscribe('news'), fresh);
  assert.deepStrictEqual([...core.handles.keys()], ['news']);
  assert.deepStrictEqual(reported, []);
});

test('what was removed is not removed again by a disconnect', () => {
  const { client, core, reported } = subscribed();
  core.end('client');
  client.subscribe('news').remove();
  core.end('client');
  core.end('client');
  assert.strictEqual(asked(core, 'remove').length, 1);
  assert.deepStrictEqual(reported, []);
});

test('the result of a call that remove() ends', async () => {
  const { core, subscription, reported } = subscribed();
  const call = subscription.presence();
  core.during.remove = () => core.tell('result', 1, 14, 'subscription unsubscribed', false, 'fix', '', false);
  subscription.remove();
  await assert.rejects(call, (error) => JSON.stringify(error) === '{"error":"subscription unsubscribed","advice":"fix"}');
  assert.deepStrictEqual(reported, []);
});
