'use strict';
/*
 * The event emitter of the 1.x client: on, once, off and their longer names. Listeners are called in the order of adding; one
 * that throws is reported as an uncaught exception and stops nobody else.
 *
 * A list of listeners is never changed, only replaced: who is going through one is not disturbed.
 */
class Emitter {
  constructor(report) {
    this._report = report;
    this._listeners = Object.create(null); // event name -> [{ listener, once }]
    this._onceReturnValue = true;
  }

  /* Makes the name known, for regular expressions. */
  defineEvent(name) {
    this._listeners[name] = this._listeners[name] || [];
    return this;
  }

  defineEvents(names) {
    for (const name of names) this.defineEvent(name);
    return this;
  }

  /* Those of one event; for a regular expression an object of the lists of all events that match. */
  getListeners(name) {
    if (name instanceof RegExp) return this.getListenersAsObject(name);
    return this.defineEvent(name)._listeners[name];
  }

  getListenersAsObject(name) {
    const lists = {};
    for (const each of matching(this, name)) lists[each] = this.getListeners(each);
    return lists;
  }

  flattenListeners(entries) { return entries.map((entry) => entry.listener); }

  addListener(name, listener) {
    const entry = typeof listener === 'function' ? { listener, once: false } : listener;
    if (entry == null || (entry.once && entry.listener == null)) return this;
    if (typeof entry.listener !== 'function') throw new TypeError('listener must be a function');
    for (const each of matching(this, name)) {
      const list = this.getListeners(each);
      if (!this.flattenListeners(list).includes(entry.listener)) this._listeners[each] = list.concat(entry);
    }
    return this;
  }

  addOnceListener(name, listener) { return this.addListener(name, { listener, once: true }); }

  removeListener(name, listener) {
    for (const each of matching(this, name)) {
      this._listeners[each] = this.getListeners(each).filter((known) => known.listener !== listener);
    }
    return this;
  }

  addListeners(names, listeners) { return this.manipulateListeners(false, names, listeners); }

  removeListeners(names, listeners) { return this.manipulateListeners(true, names, listeners); }

  /* (remove, name, [functions]) or (remove, { name: function or [functions] }) */
  manipulateListeners(remove, names, listeners) {
    const pairs = typeof names === 'object' && !(names instanceof RegExp) ? Object.entries(names) : [[names, listeners]];
    for (const [name, some] of pairs) {
      for (const listener of [].concat(some)) this[remove ? 'removeListener' : 'addListener'](name, listener);
    }
    return this;
  }

  /* Without a name: all events. */
  removeEvent(name) {
    if (name === undefined) this._listeners = Object.create(null);
    else for (const each of matching(this, name)) delete this._listeners[each];
    return this;
  }

  /* A listener that returns this value is removed. */
  setOnceReturnValue(value) {
    this._onceReturnValue = value;
    return this;
  }

  emitEvent(name, values) {
    if (name instanceof RegExp) matching(this, name).forEach((each) => this.emitEvent(each, values));
    else for (const entry of this._listeners[name] || []) call(this, name, entry, values || []);
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
  return name instanceof RegExp ? Object.keys(emitter._listeners).filter((each) => name.test(each)) : [name];
}

Emitter.prototype.on = Emitter.prototype.addListener;
Emitter.prototype.once = Emitter.prototype.addOnceListener;
Emitter.prototype.off = Emitter.prototype.removeListener;
Emitter.prototype.trigger = Emitter.prototype.emitEvent;
Emitter.prototype.removeAllListeners = Emitter.prototype.removeEvent;

module.exports = Emitter;
