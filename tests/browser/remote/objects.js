'use strict';
/*
 * Objects of another realm: the test's Node and its page hold each other's functions and objects, and use them as if they were
 * their own. The same code runs on both sides. Plain data is copied; what has an identity is handed over as a reference.
 *
 * ask(request) sends a request to the other side and returns its reply, synchronously; perform(request) carries one out.
 */
(function () {
  const copied = ['type', 'code', 'reason', 'wasClean', 'data']; // of an Event
  const errors = { Error, TypeError, RangeError, SyntaxError };

  function plain(value) {
    const parent = Object.getPrototypeOf(value);
    return parent === null || Object.getPrototypeOf(parent) === null;
  }

  class Objects {
    constructor(ask) {
      this.ask = ask;
      this.own = []; // by number
      this.numbers = new Map();
      this.foreign = new Map(); // number -> what stands here for it
      this.origins = new WeakMap(); // and back
    }

    keep(value) {
      if (!this.numbers.has(value)) this.numbers.set(value, this.own.push(value) - 1);
      return this.numbers.get(value);
    }

    pack(value) {
      if (value === undefined || value === globalThis) return ['undefined'];
      if (typeof value === 'number' && !Number.isFinite(value)) return ['number', String(value)];
      if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
      if (this.origins.has(value)) return ['back', this.origins.get(value)];
      if (typeof value === 'function') return ['function', this.keep(value)];
      return this.packObject(value);
    }

    packObject(value) {
      if (Array.isArray(value)) return ['array', value.map((v) => this.pack(v))];
      if (typeof value.then === 'function') return ['promise', this.keep(value)];
      if (value instanceof Error) return ['error', value.name, value.message];
      if (value instanceof RegExp) return ['pattern', value.source, value.flags];
      if (value instanceof String) return ['text', String(value)];
      if (typeof Event === 'function' && value instanceof Event) return this.packKeys(copied.filter((k) => k in value), value);
      if (plain(value)) return this.packKeys(Object.keys(value), value);
      return ['reference', this.keep(value)];
    }

    packKeys(keys, value) { return ['object', keys.map((key) => [key, this.pack(value[key])])]; }

    unpack(packed) {
      if (!Array.isArray(packed)) return packed;
      const [kind, a, b] = packed;
      switch (kind) {
        case 'undefined': return undefined;
        case 'number': return Number(a);
        case 'array': return a.map((v) => this.unpack(v));
        case 'object': return Object.fromEntries(a.map(([k, v]) => [k, this.unpack(v)]));
        case 'error': return Object.assign(new (errors[a] || Error)(b), { name: a });
        case 'pattern': return new RegExp(a, b);
        case 'text': return new String(a);
        case 'back': return this.own[a];
        default: return this.standIn(kind, a);
      }
    }

    standIn(kind, number) {
      if (!this.foreign.has(number)) {
        const made = kind === 'function' ? this.makeFunction(number) : kind === 'promise' ? this.makePromise(number) : this.makeObject(number);
        this.foreign.set(number, made);
        this.origins.set(made, number);
      }
      return this.foreign.get(number);
    }

    request(...parts) {
      const [threw, value] = this.ask(parts);
      if (threw) throw this.unpack(value);
      return this.unpack(value);
    }

    makeFunction(number) {
      const objects = this;
      return function called(...args) {
        const packed = args.map((v) => objects.pack(v));
        return new.target ? objects.request('new', number, packed) : objects.request('call', number, objects.pack(this), packed);
      };
    }

    makeObject(number) {
      const methods = new Map();
      return new Proxy({}, {
        get: (_, key) => {
          if (typeof key === 'symbol' || key === 'then') return undefined;
          if (methods.has(key)) return methods.get(key);
          const value = this.request('get', number, key);
          if (typeof value === 'function') methods.set(key, value);
          return value;
        },
        set: (_, key, value) => { this.request('set', number, key, this.pack(value)); return true; },
      });
    }

    /* The other side's promise is looked at only when somebody here looks: else it would never be an unhandled one. */
    makePromise(number) {
      let promise;
      const look = () => (promise = promise || new Promise((resolve, reject) => { this.request('then', number, this.pack(resolve), this.pack(reject)); }));
      return { then: (...f) => look().then(...f), catch: (f) => look().catch(f), finally: (f) => look().finally(f) };
    }

    perform([what, number, ...rest]) {
      const target = this.own[number];
      try {
        return [false, this.pack(this.act(what, target, rest))];
      } catch (e) {
        return [true, this.pack(e)];
      }
    }

    act(what, target, [a, b]) {
      switch (what) {
        case 'get': return target[a];
        case 'set': target[a] = this.unpack(b); return undefined;
        case 'then': target.then(this.unpack(a), this.unpack(b)); return undefined;
        case 'new': return Reflect.construct(target, this.unpack(['array', a]));
        default: return Reflect.apply(target, this.unpack(a), this.unpack(['array', b]));
      }
    }
  }

  if (typeof module === 'object') module.exports = Objects;
  else globalThis.RemoteObjects = Objects;
})();
