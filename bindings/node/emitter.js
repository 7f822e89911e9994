'use strict';
/*
 * The event emitter of the 1.x client: on, once, off and their longer names. Listeners are called in the order of adding; one
 * that throws is reported as an uncaught exception and stops nobody else.
 */
class Emitter {
  constructor(report) {
    this._report = report;
    this._listeners = new Map(); // event name -> [{ listener, once }]
    this._onceReturnValue = true;
  }

  /* Makes the names known, for regular expressions. */
  defineEvent(name) {
    if (!this._listeners.has(name)) this._listeners.set(name, []);
    return this;
  }

  defineEvents(names) {
    for (const name of names) this.defineEvent(name);
    return this;
  }

  /* Those of one event; for a regular expression an object of the lists of all events that match. */
  getListeners(name) {
    if (name instanceof RegExp) return Object.fromEntries(matching(this, name).map((each) => [each, this._listeners.get(each)]));
    this.defineEvent(name);
    return this._listeners.get(name);
  }

  addListener(name, listener) {
    const entry = typeof listener === 'function' ? { listener, once: false } : listener;
    if (!entry || typeof entry.listener !== 'function') return this;
    for (const each of matching(this, name)) {
      const list = this.getListeners(each);
      if (!list.some((known) => known.listener === entry.listener)) list.push(entry);
    }
    return this;
  }

  addOnceListener(name, listener) { return this.addListener(name, { listener, once: true }); }

  removeListener(name, listener) {
    for (const each of matching(this, name)) {
      this._listeners.set(each, this.getListeners(each).filter((known) => known.listener !== listener));
    }
    return this;
  }

  /* (name, [functions]) or ({ name: function or [functions] }) */
  addListeners(names, listeners) {
    forEach(names, listeners, (name, listener) => this.addListener(name, listener));
    return this;
  }

  removeListeners(names, listeners) {
    forEach(names, listeners, (name, listener) => this.removeListener(name, listener));
    return this;
  }

  /* Without a name: all events. */
  removeEvent(name) {
    if (name === undefined) this._listeners.clear();
    else for (const each of matching(this, name)) this._listeners.delete(each);
    return this;
  }

  /* A listener that returns this value is removed. */
  setOnceReturnValue(value) {
    this._onceReturnValue = value;
    return this;
  }

  emitEvent(name, values) {
    for (const each of matching(this, name)) {
      for (const entry of [...(this._listeners.get(each) || [])]) call(this, each, entry, values || []);
    }
    return this;
  }

  emit(name, ...values) { return this.emitEvent(name, values); }
}

function call(emitter, name, entry, values) {
  if (entry.once) emitter.removeListener(name, entry.listener);
  try {
    if (entry.listener.apply(emitter, values) === emitter._onceReturnValue) emitter.removeListener(name, entry.listener);
  } catch (exception) {
    emitter._report(exception);
  }
}

/* The names that are meant. */
function matching(emitter, name) {
  return name instanceof RegExp ? [...emitter._listeners.keys()].filter((each) => name.test(each)) : [name];
}

function forEach(names, listeners, act) {
  const map = typeof names === 'object' && !(names instanceof RegExp) ? Object.entries(names) : [[names, listeners]];
  for (const [name, some] of map) for (const listener of [].concat(some)) act(name, listener);
}

const other = { on: 'addListener', once: 'addOnceListener', off: 'removeListener', trigger: 'emitEvent', removeAllListeners: 'removeEvent' };
for (const [name, method] of Object.entries(other)) Emitter.prototype[name] = Emitter.prototype[method];

module.exports = Emitter;
