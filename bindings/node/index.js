'use strict';
/*
 * The Centrifuge 1.x JavaScript API over libcentrifuge. It translates names and values; what happens, and when, is the library's
 * decision. As in the 1.x client, what a call causes at once is told before it returns.
 */
const addon = require('./load');
const Emitter = require('./emitter');
const { toLibrary, fromLibrary, thrown } = require('./options');

const parse = (json) => (json === undefined ? undefined : JSON.parse(json));

/* {error, advice}, without advice where there is none. A server may send another error than a text. */
function failure(text, json, advice) {
  const error = json ? parse(text) : text;
  return advice ? { error, advice } : { error };
}

function failureOf(code) {
  const { text, temporary } = addon.errors[code];
  return failure(text, false, temporary ? 'retry' : 'fix');
}

/* What a client without options has until configure(): it may be used, only not connected. */
const unconfigured = { url: 'ws://127.0.0.1', insecure: true };

class Centrifuge extends Emitter {
  constructor(options) {
    super(addon.report);
    this._options = {};
    this._given = {}; // the credentials of it that the library has
    this._subscriptions = new Map(); // by channel
    this._left = []; // channels of subscriptions that a disconnect has ended
    this._calls = new Map(); // by number: { resolve, reject, subscription }
    this._callCount = 0;
    this._configured = false;
    this._thrown = null; // an array while a call does what it causes at once
    if (options) {
      this.configure(options);
    } else {
      this._open(toLibrary(unconfigured));
      this._given = fromLibrary(this._library.credentials());
    }
  }

  configure(options) {
    if (this._library) this._refreshed();
    for (const [name, value] of Object.entries(options || {})) {
      if (value !== undefined) this._options[name] = value;
    }
    const wanted = toLibrary(this._options);
    try {
      if (this._library) this._library.configure(wanted);
      else this._open(wanted);
      this._given = fromLibrary(this._library.credentials());
      this._configured = true;
    } catch (exception) {
      throw thrown(exception, addon.errors);
    }
  }

  connect(listener) {
    const library = this._library;
    if (!this._configured) throw 'configure() has to be called first';
    if (library.state() === 'disconnected' && typeof listener === 'function') this.on('connect', listener);
    this._done(library.connect());
  }

  disconnect() { this._done(this._library.disconnect()); }

  ping() { this._done(this._library.ping()); }

  startBatching() { this._done(this._library.startBatching()); }

  stopBatching(flush) { this._done(this._library.stopBatching(flush === true)); }

  flush() { this._done(this._library.flush()); }

  startAuthBatching() { this._done(this._library.startAuthBatching()); }

  stopAuthBatching() { this._done(this._library.stopAuthBatching()); }

  isConnected() { return this._library.state() === 'connected'; }

  isDisconnected() { return this._library.state() === 'disconnected'; }

  getClientId() { return this._library.id() || null; }

  subscribe(channel, events) {
    if (arguments.length < 1) throw 'Illegal arguments number: required 1, got ' + arguments.length;
    if (typeof channel !== 'string' && !(channel instanceof String)) throw 'Illegal argument type: channel must be a string';
    const name = String(channel);
    const subscription = this._subscriptions.get(name) || new Subscription(this, name);
    const code = this._library.subscribe(name);
    if (code === 'INVALID_STATE') throw 'Can not only subscribe in connected state when resubscribe option is off';
    if (code === 'OK') {
      this._subscriptions.set(name, subscription);
      subscription._listen(events);
    }
    this._done(code);
    return subscription;
  }

  _open(options) {
    const library = new addon.Client(options);
    library.tell = (event, ...values) => tellers[event](this, ...values);
    this._library = library;
  }

  /* What a refresh has brought in place of what was given last. */
  _refreshed() {
    for (const [name, value] of Object.entries(fromLibrary(this._library.credentials()))) {
      if (value !== this._given[name]) this._options[name] = this._given[name] = value;
    }
  }

  /* After every call of the library. */
  _done(code) {
    const outer = this._thrown;
    this._thrown = [];
    this._library.turn();
    const [thrown] = this._thrown;
    this._thrown = outer;
    if (thrown !== undefined) throw thrown;
    if (code !== 'OK') throw addon.errors[code].text;
  }

  /* Out of the call that caused it, or as uncaught when none did. */
  _throw(text) {
    if (!this._thrown) throw text;
    this._thrown.push(text);
  }

  /*
   * In 1.x a client forgets its subscriptions when no connection will bring them back, but not how far they had come. The
   * library keeps that with its own: until the next such moment, if nobody has asked for the channel again.
   */
  _forget() {
    for (const channel of this._left) {
      if (!this._subscriptions.has(channel)) this._library.remove(channel);
    }
    this._left = [...this._subscriptions.keys()];
    for (const subscription of this._subscriptions.values()) subscription._ready = null;
    this._subscriptions.clear();
  }
}

class Subscription extends Emitter {
  constructor(client, channel) {
    super(addon.report);
    this.channel = channel;
    this._client = client;
    this._ready = null; // what the last event `subscribe` or `error` told
  }

  subscribe() {
    const client = this._client;
    if (!this._known() && !client._subscriptions.has(this.channel)) client._subscriptions.set(this.channel, this);
    if (!this._known()) return this;
    const code = client._library.subscribe(this.channel);
    client._done(code === 'INVALID_STATE' ? 'OK' : code); // not connected with `resubscribe` off: nothing happens
    return this;
  }

  unsubscribe() {
    if (this._known()) this._client._done(this._client._library.unsubscribe(this.channel));
    return this;
  }

  ready(callback, errback) {
    const state = this._state();
    const due = state === 'subscribed' ? callback : state === 'refused' ? errback : null;
    if (this._ready && typeof due === 'function') due.call(this, this._ready);
  }

  publish(data) {
    const json = JSON.stringify(data);
    return this._call((library, number) => library.publish(this.channel, number, json));
  }

  presence() { return this._call((library, number) => library.presence(this.channel, number)); }

  history() { return this._call((library, number) => library.history(this.channel, number)); }

  /* Does the client still know this object under its channel? */
  _known() { return this._client._subscriptions.get(this.channel) === this; }

  _state() { return this._known() ? this._client._library.subscriptionState(this.channel) : 'unsubscribed'; }

  _listen(events) {
    if (typeof events === 'function') this.on('message', events);
    else if (events && typeof events === 'object') {
      for (const name of ['message', 'join', 'leave', 'subscribe', 'unsubscribe', 'error']) this.on(name, events[name]);
    }
  }

  /* A promise that nobody looks at is no unhandled rejection. */
  _call(begin) {
    const promise = new Promise((resolve, reject) => {
      const client = this._client;
      const number = ++client._callCount;
      const code = this._known() ? begin(client._library, number) : 'UNSUBSCRIBED';
      if (code === 'OK') client._calls.set(number, { resolve, reject, subscription: this });
      else reject(failureOf(code));
      client._library.turn();
    });
    promise.catch(() => {});
    return promise;
  }
}

/* What the library tells, by the names and values of tell.c. */
const tellers = {
  connect(client, id, transport, latency) {
    client.emit('connect', { client: id, transport, latency: latency < 0 ? null : latency });
  },

  disconnect(client, reason, reconnect) {
    if (!reconnect || client._options.resubscribe === false) client._forget();
    client.emit('disconnect', { reason, reconnect });
  },

  error(client, message) { client.emit('error', { message: parse(message) }); },

  transportClose(client, reason, reconnect, error, code, given) {
    const listener = client._options.onTransportClose;
    if (typeof listener === 'function') listener({ event: { type: 'close', code, reason: given, wasClean: code !== 1006, error }, reason, reconnect });
  },

  refreshFailed(client) {
    const listener = client._options.refreshFailed;
    if (typeof listener === 'function') listener();
  },

  authorize(client, request, body) {
    const answer = answerer(client, 'authorizeAnswer', request);
    const { onPrivateChannelAuth, authTransport } = client._options;
    if (typeof onPrivateChannelAuth === 'function') onPrivateChannelAuth({ data: parse(body) }, answer);
    else refuseTransport(client, 'private channel auth', authTransport, answer);
  },

  refresh(client, request) {
    const answer = answerer(client, 'refreshAnswer', request);
    const { onRefresh, refreshTransport } = client._options;
    if (typeof onRefresh === 'function') onRefresh({}, answer);
    else refuseTransport(client, 'refresh', refreshTransport, answer);
  },

  highWater(client, limit, used, max) { client.emit('highWater', { limit, used, max }); },

  log(client, text) { if (client._options.debug === true) console.debug(text); },

  message(client, channel, body) { emitBody(client, channel, 'message', body); },

  join(client, channel, body) { emitBody(client, channel, 'join', body); },

  leave(client, channel, body) { emitBody(client, channel, 'leave', body); },

  subscribe(client, channel, isResubscribe, recovered) {
    const subscription = client._subscriptions.get(channel);
    subscription._ready = { channel, isResubscribe, recovered };
    subscription.emit('subscribe', subscription._ready);
  },

  refuse(client, channel, error, json, advice, isResubscribe) {
    const subscription = client._subscriptions.get(channel);
    subscription._ready = Object.assign(failure(error, json, advice), { channel, isResubscribe });
    for (const call of client._calls.values()) {
      if (call.subscription === subscription) call.refused = true;
    }
    subscription.emit('error', subscription._ready);
  },

  unsubscribe(client, channel) {
    const subscription = client._subscriptions.get(channel);
    subscription._ready = null;
    subscription.emit('unsubscribe', { channel });
  },

  result(client, number, code, error, json, advice, body, isResubscribe) {
    const { resolve, reject, subscription, refused } = client._calls.get(number);
    client._calls.delete(number);
    if (code === 'OK') {
      resolve(parse(body));
      return;
    }
    // refused is either this call, by an answer, or the subscription that it waited for, or would have
    const waited = code === 'REFUSED' && body === undefined && (refused || subscription._state() === 'refused');
    reject(Object.assign(failure(error, json, advice), waited ? { channel: subscription.channel, isResubscribe } : {}));
  },
};

function emitBody(client, channel, event, body) {
  client._subscriptions.get(channel).emit(event, parse(body));
}

/* What the application calls with (failed, answer). */
function answerer(client, method, request) {
  return (failed, answer) => { client._done(client._library[method](request, failed === true ? undefined : JSON.stringify(answer))); };
}

function refuseTransport(client, kind, transport, answer) {
  answer(true);
  client._throw('Unknown ' + kind + ' transport ' + String(transport).toLowerCase());
}

module.exports = Centrifuge;
