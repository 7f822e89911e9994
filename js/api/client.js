'use strict';
/*
 * The 1.x client, over any core that has the seam (../seam.d.ts). It translates names and values; what happens, and when, is the
 * core's decision. As in the 1.x client, what a call causes at once is told before it returns.
 */
const Emitter = require('./emitter');
const Subscription = require('./subscription');
const { toCore, fromCore, textOf, wayOf, credentials } = require('./options');
const { whole, plain, parse, failure, ClientState, SubscriptionState, Code } = require('./values');

/* What a client without options has until configure(): it may be used, only not connected. */
const unconfigured = { url: 'ws://127.0.0.1', insecure: true };

/** @param {import('../seam').Platform} platform */
module.exports = (platform) => {
  class Centrifuge extends Emitter {
    constructor(options) {
      super(platform.report);
      this._options = { ...platform.defaults };
      this._subscriptions = new Map(); // by channel: the table of the 1.x client
      this._handles = new Map(); // by handle: every subscription that the core may tell of
      this._left = []; // those that a disconnect has ended
      this._calls = new Map(); // by number: { resolve, reject, subscription }
      this._callCount = 0;
      this._configured = false;
      this._errors = platform.errors;
      this._thrown = null; // an array while a call does what it causes at once
      this._core = new platform.Core(tell(this));
      if (options) {
        this.configure(options);
      } else {
        this._core.configure(toCore(platform, unconfigured));
        this._given = fromCore(this._core);
      }
    }

    configure(options) {
      if (this._given) this._refreshed();
      for (const name in options) if (options[name] !== undefined) this._options[name] = options[name];
      try {
        this._core.configure(toCore(platform, this._options));
      } catch (refusal) {
        throw refusal.code ? textOf(platform, refusal) : refusal;
      }
      this._given = fromCore(this._core);
      this._configured = true;
    }

    connect(listener) {
      if (!this._configured) throw 'configure() has to be called first';
      if (this.isDisconnected() && typeof listener === 'function') this.on('connect', listener);
      this._call('connect');
    }

    stopBatching(flush) { this._call('stopBatching', flush === true); }

    isConnected() { return this._core.state() === ClientState.CONNECTED; }

    isDisconnected() { return this._core.state() === ClientState.DISCONNECTED; }

    getClientId() { return this._core.id() || null; }

    subscribe(channel, events) {
      if (arguments.length < 1) throw 'Illegal arguments number: required 1, got ' + arguments.length;
      if (typeof channel !== 'string' && !(channel instanceof String)) throw 'Illegal argument type: channel must be a string';
      const name = whole(String(channel)); // or the core would know it by another one
      const subscription = this._subscriptions.get(name) || new Subscription(this, name);
      this._do(() => {
        const code = this._ask(subscription, events);
        if (code === Code.INVALID_STATE) throw 'Can not only subscribe in connected state when resubscribe option is off';
        return code;
      });
      return subscription;
    }

    /* What is told of it at once finds it, and its listeners. */
    _ask(subscription, events) {
      return this._core.subscribe(subscription.channel, (handle) => {
        subscription._handle = handle;
        this._handles.set(handle, subscription);
        this._subscriptions.set(subscription.channel, subscription);
        subscription._listen(events);
      });
    }

    /* What a refresh has brought in place of what was given last. */
    _refreshed() {
      const now = fromCore(this._core);
      for (const name of credentials) {
        if (now[name] !== this._given[name]) this._options[name] = this._given[name] = now[name];
      }
    }

    _call(name, ...values) { this._do(() => this._core[name](...values)); }

    /* Calls the core. What is thrown on the way is the caller's. */
    _do(act) {
      const outer = this._thrown;
      const thrown = this._thrown = [];
      let code;
      try {
        code = act();
      } finally {
        this._thrown = outer;
      }
      if (thrown.length) throw thrown[0];
      if (code) throw platform.errors[code].text;
    }

    /* Out of the call that caused it, or as uncaught when none did. */
    _throw(text) {
      if (!this._thrown) throw text;
      this._thrown.push(text);
    }

    /*
     * In 1.x a client forgets its subscriptions when no connection will bring them back, but not how far they had come. The
     * core keeps that with its own: until the next such moment, if nobody has asked for the channel again.
     */
    _forget() {
      for (const subscription of this._left) {
        if (!this._subscriptions.has(subscription.channel)) this._remove(subscription);
      }
      this._left = [...this._subscriptions.values()].filter((each) => each._state() === SubscriptionState.UNSUBSCRIBED);
      for (const subscription of this._left) {
        this._subscriptions.delete(subscription.channel);
        subscription._ready = null;
      }
    }

    /* Nothing is told of it any more. Its handle may be another's by now. */
    _remove(subscription) {
      if (this._handles.get(subscription._handle) !== subscription) return;
      this._handles.delete(subscription._handle);
      this._core.remove(subscription._handle);
    }

    /* `answer` takes JSON, or undefined for a failure; what a listener calls takes (failed, value). */
    _asked(answer, listener, context, kind, transport) {
      const give = (failed, value) => this._do(() => answer(failed === true ? undefined : JSON.stringify(value)));
      if (typeof listener === 'function') return void listener(context, give);
      give(true);
      this._throw('Unknown ' + kind + ' transport ' + wayOf(transport));
    }

    /* 1.x says so for each transport, and sends them as they are. */
    _note() {
      for (const name of ['user', 'info', 'timestamp', 'token'].slice(0, this._options.insecure ? 2 : 4)) {
        const value = this._options[name];
        if (value !== undefined && typeof value !== 'string') console.info(name + ' expected to be string');
      }
    }
  }

  for (const name of plain) {
    Centrifuge.prototype[name] = function () { this._call(name); };
  }

  return Centrifuge;
};

/**
 * What the core tells, as events of the 1.x client.
 * @returns {import('../seam').Told}
 */
function tell(client) {
  const listener = (name) => (typeof client._options[name] === 'function' ? client._options[name] : () => {});
  const emitValue = (event, handle, value) => client._handles.get(handle).emitEvent(event, [value]);
  const emitBody = (event) => (handle, body) => emitValue(event, handle, parse(body));
  return {
    open() { client._note(); },

    connect(id, transport, latency) {
      client.emit('connect', { client: id, transport, latency: latency < 0 ? null : latency });
    },

    disconnect(reason, reconnect) {
      const { resubscribe = true } = client._options;
      if (!reconnect || !resubscribe) client._forget();
      client.emit('disconnect', { reason, reconnect });
    },

    error(message) { client.emit('error', { message: parse(message) }); },

    transportClose(event, reason, reconnect) { listener('onTransportClose')({ event, reason, reconnect }); },

    refreshFailed() { listener('refreshFailed')(); },

    highWater(code, used, max) { client.emit('highWater', { limit: client._errors[code].name, used, max }); },

    log(text) { if (client._options.debug === true) console.debug(text); },

    authorize(request, body) {
      const { onPrivateChannelAuth, authTransport } = client._options;
      const answer = (json) => client._core.authorizeAnswer(request, json);
      client._asked(answer, onPrivateChannelAuth, { data: parse(body) }, 'private channel auth', authTransport);
    },

    refresh(request) {
      const { onRefresh, refreshTransport } = client._options;
      client._asked((json) => client._core.refreshAnswer(request, json), onRefresh, {}, 'refresh', refreshTransport);
    },

    message: emitBody('message'),

    join: emitBody('join'),

    leave: emitBody('leave'),

    pushed: emitValue,

    subscribe(handle, isResubscribe, recovered) {
      const subscription = client._handles.get(handle);
      subscription._ready = { channel: subscription.channel, isResubscribe, recovered };
      subscription.emit('subscribe', subscription._ready);
    },

    refuse(handle, error, json, advice, isResubscribe) {
      const subscription = client._handles.get(handle);
      subscription._ready = { ...failure(error, json, advice), channel: subscription.channel, isResubscribe };
      for (const call of client._calls.values()) {
        if (call.subscription === subscription) call.refused = true;
      }
      subscription.emit('error', subscription._ready);
    },

    unsubscribe(handle) {
      const subscription = client._handles.get(handle);
      subscription._ready = null;
      subscription.emit('unsubscribe', { channel: subscription.channel });
    },

    result(number, code, error, json, advice, body, isResubscribe) {
      const { resolve, reject, subscription, refused } = client._calls.get(number);
      client._calls.delete(number);
      if (!code) return void resolve(parse(body));
      // refused is either this call, by an answer, or the subscription that it waited for, or would have
      const waited = code === Code.REFUSED && !body && (refused || subscription._state() === SubscriptionState.REFUSED);
      const what = failure(error, json, advice);
      reject(waited ? { ...what, channel: subscription.channel, isResubscribe } : what);
    },
  };
}
