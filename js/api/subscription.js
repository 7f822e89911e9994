'use strict';
/*
 * A subscription of the 1.x client. Whether it is subscribed is known to the core alone; what is kept here is what the last event
 * told, for ready().
 */
const Emitter = require('./emitter');
const { failure, SubscriptionState, Code } = require('./values');

const events = ['message', 'join', 'leave', 'subscribe', 'unsubscribe', 'error'];

class Subscription extends Emitter {
  constructor(client, channel) {
    super(client._report);
    this.channel = channel;
    this._client = client;
    this._handle = null; // the core's
    this._ready = null; // what the last event `subscribe` or `error` told
  }

  subscribe() {
    const client = this._client;
    if (!this._known() && client._subscriptions.has(this.channel)) return this;
    client._do(() => {
      const code = client._ask(this);
      return code === Code.INVALID_STATE ? 0 : code; // not connected with `resubscribe` off: nothing happens
    });
    return this;
  }

  unsubscribe() {
    if (this._known()) this._client._call('unsubscribe', this._handle);
    return this;
  }

  /* Not in 1.x: the client unsubscribes and forgets the channel. No event follows, wherever it is called. */
  remove() {
    const client = this._client;
    if (!this._known()) return;
    client._subscriptions.delete(this.channel);
    client._do(() => client._remove(this));
  }

  ready(callback, errback) {
    const state = this._state();
    const due = state === SubscriptionState.SUBSCRIBED ? callback : state === SubscriptionState.REFUSED ? errback : null;
    if (this._ready && typeof due === 'function') due.call(this, this._ready);
  }

  publish(data) {
    const json = JSON.stringify(data);
    return this._call((core, number) => core.publish(this._handle, number, json));
  }

  presence() { return this._call((core, number) => core.presence(this._handle, number)); }

  history() { return this._call((core, number) => core.history(this._handle, number)); }

  /* Does the client still know this object under its channel? */
  _known() { return this._client._subscriptions.get(this.channel) === this; }

  _state() { return this._known() ? this._client._core.subscriptionState(this._handle) : SubscriptionState.UNSUBSCRIBED; }

  _listen(listeners) {
    if (typeof listeners === 'function') this.on('message', listeners);
    else if (listeners && typeof listeners === 'object') events.forEach((name) => { if (typeof listeners[name] === 'function') this.on(name, listeners[name]); });
  }

  /* A promise that nobody looks at is no unhandled rejection. */
  _call(begin) {
    const client = this._client;
    const number = ++client._callCount;
    const promise = new Promise((resolve, reject) => {
      client._calls.set(number, { resolve, reject, subscription: this });
      const code = this._known() ? begin(client._core, number) : Code.UNSUBSCRIBED;
      if (!code) return;
      client._calls.delete(number);
      const { text, temporary } = client._errors[code];
      reject(failure(text, false, temporary ? 'retry' : 'fix'));
    });
    promise.catch(() => {});
    return promise;
  }
}

module.exports = Subscription;
