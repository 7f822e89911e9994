'use strict';
/*
 * The core of a page: WebAssembly for what is decided, the page's WebSocket, SockJS, timers and requests for what is to be done.
 * ../seam.d.ts says what the methods without underscore mean.
 */
const { credentials } = require('../api/options');
const { plain } = require('../api/values');
const { members } = require('./members');
const { load, memory, byteAt, wordAt, put, putShort, setFlag, setWord, setTime, decode, textAt } = require('./memory');
const { ajax, jsonp, note } = require('./requests');
const { report, now, watch } = require('./page');

const UNSUPPORTED = 9; // include/centrifuge/error.h
const MESSAGE_SIZE_MAX = 0x1000000; // the default of cf_client_options
const TOO_LARGE = 0xffffffff;
const TIMER_MAX = 0x7fffffff; // milliseconds that a timer takes
const LATE = 1000; // milliseconds behind its time
const LISTEN = 100; // milliseconds
const NEVER = Number.MAX_SAFE_INTEGER;

const ignore = () => {};

const ways = { ajax, jsonp };

let wasm; // the functions of src/web/bridge.c
let effect; // where the core shows what is to be done
let registry; // gives back what is left behind

/* Of a client that nothing refers to any more, so that it has neither a transport nor a timer. */
function remember(core) {
  if (typeof FinalizationRegistry !== 'function') return;
  registry = registry || new FinalizationRegistry((client) => wasm._destroy(client));
  registry.register(core, core._client);
}

const number = (at) => wordAt(effect + at);
const flag = (at) => byteAt(effect + at) === 1;
const text = (at) => textAt(effect + at);

/* A text is a pointer and a size, a time 64 bits, a size or a count 32. */
function setOption(options, offset, value, blocks) {
  const at = options + offset;
  if (typeof value === 'boolean') setFlag(at, value);
  else if (typeof value === 'number' && offset < Option.messageSizeMax) setTime(at, value);
  else if (typeof value === 'number') setWord(at, Math.min(Math.max(value, 0), TOO_LARGE - 1));
  else if (typeof value === 'string') put(value, (block, size) => {
    blocks.push(block);
    setWord(at, block);
    setWord(at + 4, size);
  });
}

class Core {
  constructor(told) {
    wasm = load();
    effect = wasm._options() + Shown.EFFECT;
    this._told = told;
    this._options = null;
    this._transport = null; // { id, socket }
    this._closeEvent = null; // of the last one
    this._frame = null; // what is being read: { text, at, size, seen, units }, of which the last two are how far it was counted
    this._requests = new Map(); // id -> how to give it up
    this._later = []; // what came while effects were carried out
    this._busy = false;
    this._watched = false; // for what the network does
    this._offline = false;
    this._timer = 0;
    this._due = NEVER; // when it rings
    this._time = now();
    this._client = memory(wasm._create(this._time));
    remember(this);
  }

  configure(options) {
    const SockJS = options.sockJS || globalThis.SockJS;
    const given = { ...options, sockjs: typeof SockJS === 'function', credentialsJson: true };
    const at = wasm._options();
    const blocks = [];
    members.forEach((name, i) => setOption(at, OFFSETS[i], given[name], blocks));
    const code = wasm._configure(this._client);
    blocks.forEach((block) => wasm._release(block));
    if (code) throw { code, option: members[OFFSETS.indexOf(number(Effect.FAULT))] };
    this._options = { ...options, sockJS: SockJS };
  }

  credentials() {
    const at = wasm._options();
    const values = {};
    wasm._credentials(this._client);
    credentials.forEach((name, i) => { values[name] = textAt(at + Option.user + 8 * i); });
    return values;
  }

  state() { return wasm._state(this._client); }

  id() {
    wasm._id(this._client);
    return text(Effect.EVENT_CLIENT);
  }

  subscribe(channel, made) {
    const code = put(channel, (at, size) => this._tell(Act.SUBSCRIBE, 0, at, size));
    try {
      if (!code) made(number(Effect.EVENT_SUBSCRIPTION));
    } finally {
      this._turn();
    }
    return code;
  }

  subscriptionState(handle) { return wasm._subscriptionState(handle); }

  publish(handle, call, json) {
    this._tellUnsent();
    return putOptional(json, (at, size) => this._on(handle, Act.PUBLISH, call, at, size));
  }

  authorizeAnswer(request, json) { this._answer(request, Act.AUTHORIZED, json); }

  refreshAnswer(request, json) { this._answer(request, Act.REFRESHED, json); }

  _answer(request, act, json) {
    this._requests.delete(request);
    putOptional(json, (at, size) => this._on(this._client, act, request, at, size));
  }

  /* ---- turns ---------------------------------------------------------------------- */

  _now() { return this._time = now(); }

  _act(object, act, ...values) { return wasm._act(object, this._now(), act, ...values); }

  _tell(act, ...values) { return this._act(this._client, act, ...values); }

  /* An act, and what follows from it. */
  _on(object, act, ...values) {
    const code = this._act(object, act, ...values);
    this._turn();
    return code;
  }

  /* What comes from outside waits its turn. */
  _when(act) {
    if (this._busy) this._later.push(act);
    else this._turn(act);
  }

  _guard(act) {
    try {
      act(this);
    } catch (exception) {
      report(exception);
    }
  }

  /* Effects are carried out one by one, by whoever came first; then what came meanwhile has its turn. */
  _turn(act = ignore) {
    if (this._busy) return;
    this._busy = true;
    for (; act; act = this._later.shift()) {
      this._guard(act);
      while (wasm._next(this._client, this._time)) this._guard(effects[number(Effect.KIND)]);
      if (this._frame) wasm._release(this._frame.at);
      this._frame = null;
    }
    this._busy = false;
    this._arm();
  }

  /* One timer, moved only when the deadline is another one. */
  _arm() {
    const due = wasm._deadline(this._client);
    if (due !== this._due) {
      clearTimeout(this._timer);
      this._due = due;
      if (due < NEVER) this._timer = setTimeout(() => this._ring(), Math.min(Math.ceil(due - now()), TIMER_MAX));
    }
    const watched = this._transport !== null || due < NEVER || this._offline;
    if (watched !== this._watched) watch(this, this._watched = watched);
  }

  /*
   * What rings late had slept, with the page or the machine: messages may wait that prove the peer alive, and are heard first.
   */
  _ring() {
    const late = now() - this._due > LATE;
    this._due = NEVER;
    if (late) setTimeout(() => this._tick(), LISTEN);
    else this._tick();
  }

  _tick() { this._when(() => this._tell(Act.TICK)); }

  networkChanged(online) {
    this._offline = !online; // the core's attempts have no deadline then, but it waits for the network
    this._when(() => this._tell(Act.NETWORK_CHANGED, online));
  }

  /* ---- transports ------------------------------------------------------------------- */

  _open(id, isSockJS, address) {
    let socket;
    try {
      socket = isSockJS ? this._openSockJS(address) : new WebSocket(address);
    } catch (exception) {
      this._told.log(String(exception));
      return this._lost(id, UNSUPPORTED, '');
    }
    this._transport = { id, socket };
    socket.onopen = () => {
      socket.onerror = ignore; // its close follows; without a listener some hosts would end the program
      this._when(() => this._opened(id, isSockJS ? socket.transport : 'raw-websocket'));
    };
    socket.onmessage = ({ data }) => this._when(() => this._received(id, data));
    socket.onclose = (event) => this._when(() => this._closed(id, event));
    socket.onerror = () => setTimeout(socket.onclose); // a close comes before that, but Node 22 has none for a failed attempt
    if (isSockJS) socket.onheartbeat = () => this._when(() => this._tell(Act.ALIVE, id));
  }

  _openSockJS(address) {
    const { sockJS: SockJS, transports, server } = this._options;
    return new SockJS(address, null, server == null ? { transports } : { transports, server });
  }

  _opened(id, name) {
    this._told.open();
    put(String(name), (at, size) => this._tell(Act.OPENED, id, at, size));
  }

  /* It stays in the core's memory until nothing is left to do. What is too large is refused by its size alone. */
  _received(id, data) {
    if (typeof data !== 'string') return;
    this._told.log('< ' + data);
    const max = this._options.messageSizeMax || MESSAGE_SIZE_MAX;
    if (data.length * 3 <= max && this._push(id, data)) return;
    const block = data.length > max ? null : tryPut(data);
    const { at, size } = block || { at: 0, size: TOO_LARGE };
    this._frame = block;
    wasm._received(this._client, this._now(), id, at, size);
  }

  /* What comes most is read by the page, which is quicker at it, and the core decides. False: it has to read the text itself. */
  _push(id, data) {
    const push = readPush(data);
    if (!push) return false;
    const event = push[Push.METHOD];
    const body = push[Push.BODY];
    const channel = putShort(body[Push.CHANNEL], effect - Shown.EFFECT + Shown.CHANNEL);
    const uid = event === Push.MESSAGE && putShort(body[Push.UID], effect - Shown.EFFECT + Shown.UID);
    const handle = channel && uid !== 0 && wasm._pushed(this._client, this._now(), id, channel, uid);
    if (handle) this._told.pushed(event, handle, body);
    return handle;
  }

  /* What came as text is cut out of the text. */
  _json(at) {
    const from = number(at);
    const size = number(at + 4);
    const frame = this._frame;
    if (!frame || from < frame.at || from >= frame.at + frame.size) return decode(from, size);
    const begin = this._place(frame, from);
    return frame.text.slice(begin, this._place(frame, from + size));
  }

  /* Where the text has what the memory has at `at`: counted from the end, or from where the last one was, whichever is nearer. */
  _place(frame, at) {
    const end = frame.at + frame.size;
    if (frame.size === frame.text.length) return at - frame.at; // ASCII
    if (end - at < at - frame.seen) return frame.text.length - wasm._units(at, end);
    if (at < frame.seen) {
      frame.seen = frame.at;
      frame.units = 0;
    }
    frame.units += wasm._units(frame.seen, at);
    frame.seen = at;
    return frame.units;
  }

  _closed(id, event) {
    if (!this._transport || this._transport.id !== id) return;
    this._transport = null;
    this._closeEvent = event;
    this._lost(id, event && event.code, (event && event.reason) || '');
  }

  /* `why`: the code of the close, or an error. */
  _lost(id, why, reason) {
    put(String(reason), (at, size) => this._tell(Act.CLOSED, id, at, size, why));
  }

  _send(id, data) {
    this._told.log('> ' + data);
    if (this._transport && this._transport.id === id) this._transport.socket.send(data);
    this._tellUnsent();
  }

  _tellUnsent() {
    if (this._transport) this._tell(Act.UNSENT, this._transport.id, 0, 0, this._transport.socket.bufferedAmount || 0);
  }

  /* Nothing more of it is heard. */
  _close(id) {
    if (!this._transport || this._transport.id !== id) return;
    const { socket } = this._transport;
    this._transport = null;
    socket.onopen = socket.onmessage = socket.onclose = socket.onheartbeat = ignore; // a SockJS may call them unseen
    socket.close();
  }

  _tellClose(reason, reconnect) {
    const event = this._closeEvent || { type: 'close', code: 1005, reason: '', wasClean: true };
    this._closeEvent = null;
    this._told.transportClose(event, reason, reconnect);
  }

  /* ---- requests ----------------------------------------------------------------------- */

  _ask(id, kind, data, answer) {
    const options = this._options;
    const done = (text, status) => {
      if (!this._requests.has(id)) return;
      if (!status) return answer.call(this, id, text);
      this._requests.delete(id);
      this._on(this._client, Act.FAILED, id, 0, 0, status);
    };
    this._requests.set(id, null);
    try {
      const giveUp = ways[options[kind + 'Transport']]({
        url: String(options[kind + 'Endpoint']),
        params: options[kind + 'Params'],
        headers: options[kind + 'Headers'],
        data: data || JSON.stringify(options.refreshData),
      }, done);
      if (this._requests.has(id)) this._requests.set(id, giveUp);
    } catch (exception) { // the page cannot ask so: an address or a header that is none, no document in a worker
      note(exception);
      done();
    }
  }

  _cancel(id) {
    const giveUp = this._requests.get(id);
    this._requests.delete(id);
    if (giveUp) giveUp();
  }
}

/* Those that take no texts are all alike. */
[...plain, 'connect', 'stopBatching'].forEach((name, act) => {
  Core.prototype[name] = function (flag) { return this._on(this._client, act, flag); };
});

['unsubscribe', 'remove', 'presence', 'history'].forEach((name, i) => {
  Core.prototype[name] = function (handle, call) { return this._on(handle, Act.UNSUBSCRIBE + i, call); };
});

/* May something in it be nested too deeply? Not among so few brackets; of more the core has to judge. */
function mayBeDeep(text) {
  if (text.length <= 2 * Push.DEPTH_MAX) return false;
  let left = Push.DEPTH_MAX;
  for (const bracket of '[{') {
    for (let at = -1; (at = text.indexOf(bracket, at + 1)) >= 0;) if (left-- === 0) return true;
  }
  return false;
}

/* Methods of the protocol, and events of the same name. */
const pushes = [Push.MESSAGE, Push.JOIN, Push.LEAVE];

/* When a text is nothing but a push that has a body; null when it is something else, or no JSON. */
function readPush(text) {
  if (text[0] !== '{' || mayBeDeep(text)) return null;
  try {
    const push = JSON.parse(text);
    return push[Push.BODY] && pushes.includes(push[Push.METHOD]) ? push : null;
  } catch (exception) {
    return null;
  }
}

/* null without memory. */
function tryPut(text) {
  try {
    return put(text, (at, size) => ({ text, at, size, seen: at, units: 0 }));
  } catch (exception) {
    return null;
  }
}

/* undefined is no block. */
const putOptional = (json, use) => (json === undefined ? use(0, 0) : put(json, use));

/* ---- effects: in the order of cf_effect_kind, and of cf_event_kind ------------------------------- */

const effects = [
  (core) => core._open(number(Effect.TRANSPORT_ID), number(Effect.TRANSPORT_KIND) === 1, text(Effect.TRANSPORT_ADDRESS)),
  (core) => core._send(number(Effect.TRANSPORT_ID), text(Effect.TRANSPORT_TEXT)),
  (core) => core._close(number(Effect.TRANSPORT_ID)),
  (core) => {
    const id = number(Effect.REQUEST_ID);
    const body = text(Effect.REQUEST_BODY);
    if (core._options.authorize) core._told.authorize(id, body);
    else core._ask(id, 'auth', body, core.authorizeAnswer);
  },
  (core) => {
    const id = number(Effect.REQUEST_ID);
    if (core._options.refresh) core._told.refresh(id);
    else core._ask(id, 'refresh', null, core.refreshAnswer);
  },
  (core) => core._cancel(number(Effect.REQUEST_ID)),
  (core) => events[number(Effect.EVENT_KIND)](core, core._told),
  (core) => core._told.result(number(Effect.RESULT_CALL), number(Effect.RESULT_CODE), text(Effect.RESULT_ERROR), flag(Effect.RESULT_ERROR_JSON),
    text(Effect.RESULT_ADVICE), core._json(Effect.RESULT_BODY), flag(Effect.RESULT_RESUBSCRIBE)),
  (core) => core._told.log(text(Effect.LOG_TEXT)),
];

const body = (event) => (core, told) => told[event](number(Effect.EVENT_SUBSCRIPTION), core._json(Effect.EVENT_RAW));

const events = [
  (core, told) => told.connect(text(Effect.EVENT_CLIENT), text(Effect.EVENT_TRANSPORT), number(Effect.EVENT_LATENCY) | 0),
  (core, told) => told.disconnect(text(Effect.EVENT_REASON), flag(Effect.EVENT_RECONNECT)),
  (core, told) => told.error(core._json(Effect.EVENT_RAW)),
  (core, told) => told.refreshFailed(),
  (core, told) => told.highWater(number(Effect.EVENT_CODE), number(Effect.EVENT_USED), number(Effect.EVENT_MAX)),
  (core) => core._tellClose(text(Effect.EVENT_REASON), flag(Effect.EVENT_RECONNECT)),
  body('message'),
  body('join'),
  body('leave'),
  (core, told) => told.subscribe(number(Effect.EVENT_SUBSCRIPTION), flag(Effect.EVENT_RESUBSCRIBE), flag(Effect.EVENT_RECOVERED)),
  (core, told) => told.refuse(number(Effect.EVENT_SUBSCRIPTION), text(Effect.EVENT_ERROR), flag(Effect.EVENT_ERROR_JSON), text(Effect.EVENT_ADVICE), flag(Effect.EVENT_RESUBSCRIBE)),
  (core, told) => told.unsubscribe(number(Effect.EVENT_SUBSCRIPTION)),
  ignore, // removed: by the façade, which knows
];

module.exports = Core;
