'use strict';
/*
 * The façade over a core that does nothing by itself: a test says what the core answers and tells. ../seam.d.ts has the words.
 */
const define = require('../api/client');

/* Rows as the platforms have them, of those that the tests meet. */
const errors = {
  1: { name: 'NO_MEMORY', text: 'out of memory', temporary: true },
  3: { name: 'INVALID_OPTION', text: 'invalid option', temporary: false },
  8: { name: 'INVALID_URL', text: 'no address', temporary: false },
  14: { name: 'UNSUBSCRIBED', text: 'subscription unsubscribed', temporary: false },
  18: { name: 'LIMIT_CALLS', text: 'too many calls', temporary: true },
  19: { name: 'LIMIT_SUBSCRIPTIONS', text: 'too many subscriptions', temporary: false },
};

const State = { NEW: 0, SUBSCRIBING: 1, SUBSCRIBED: 2, REFUSED: 3, UNSUBSCRIBED: 4 };

/* Methods of the seam that are only noted; what they answer is 0, or what `codes` has under their name. */
const noted = ['connect', 'disconnect', 'ping', 'startBatching', 'stopBatching', 'flush', 'startAuthBatching', 'stopAuthBatching', 'unsubscribe',
  'publish', 'presence', 'history', 'authorizeAnswer', 'refreshAnswer'];

class FakeCore {
  constructor(told, reported) {
    this._told = told;
    this.reported = reported;
    this.calls = []; // [method, ...values]
    this.codes = {};
    this.during = {}; // by method: what happens inside of it
    this.refusal = null;
    this.given = { user: '', timestamp: '', token: '', info: '' };
    this.clientState = 0;
    this.clientId = '';
    this.handles = new Map(); // by channel
    this.states = new Map(); // by handle
    this.handleCount = 0;
  }

  /* As every core does: what is thrown is reported, and stops nothing. */
  tell(name, ...values) {
    try {
      this._told[name](...values);
    } catch (exception) {
      this.reported.push(exception);
    }
  }

  configure(options) {
    if (this.refusal) throw this.refusal;
    this.options = options;
    for (const name of Object.keys(this.given)) this.given[name] = options[name] || '';
  }

  credentials() { return { ...this.given }; }

  state() { return this.clientState; }

  id() { return this.clientId; }

  subscribe(channel, made) {
    this.calls.push(['subscribe', channel]);
    if (this.codes.subscribe) return this.codes.subscribe;
    if (!this.handles.has(channel)) this.handles.set(channel, ++this.handleCount);
    const handle = this.handles.get(channel);
    this.states.set(handle, State.SUBSCRIBING);
    made(handle);
    if (this.during.subscribe) this.during.subscribe(handle);
    return 0;
  }

  /* A handle may not be used any more. */
  remove(handle) {
    this.calls.push(['remove', handle]);
    for (const [channel, known] of this.handles) {
      if (known !== handle) continue;
      this.handles.delete(channel);
      this.states.delete(handle);
      if (this.during.remove) this.during.remove(handle);
      return;
    }
    this.reported.push('handle ' + handle + ' is gone');
  }

  subscriptionState(handle) {
    if (!this.states.has(handle)) this.reported.push('handle ' + handle + ' is gone');
    return this.states.get(handle);
  }

  /* What a core tells when a connection ends and none will bring it back. */
  end(reason) {
    for (const handle of this.states.keys()) {
      const subscribed = this.states.get(handle) === State.SUBSCRIBED;
      this.states.set(handle, State.UNSUBSCRIBED);
      if (subscribed) this.tell('unsubscribe', handle);
    }
    this.tell('disconnect', reason, false);
  }
}

for (const name of noted) {
  FakeCore.prototype[name] = function (...values) {
    this.calls.push([name, ...values]);
    if (this.during[name]) this.during[name](...values);
    return this.codes[name] || 0;
  };
}

/* { client, core, reported }: `options` undefined is a client without any. */
function make(options, platform) {
  const reported = [];
  let core;
  function Core(told) { return core = new FakeCore(told, reported); }
  const Centrifuge = define({
    Core, errors, report: (exception) => reported.push(exception), posts: ['ajax'], options: {}, defaults: {}, ...platform,
  });
  const client = new Centrifuge(options && { url: 'ws://localhost', insecure: true, ...options });
  return { client, core, reported };
}

/* The methods that the core was asked for. */
const asked = (core, name) => core.calls.filter(([each]) => each === name);

module.exports = { make, asked, State };
