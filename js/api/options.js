'use strict';
/*
 * Options of the 1.x client -> options of a core, and what a core refuses -> what the 1.x client throws.
 */
const flag = Boolean;
const number = Number;
const text = (value) => (value === null ? null : String(value));
/* As JavaScript's timers take it: at least one millisecond. */
const delay = (value) => Math.min(Math.max(value, 1) || 1, Number.MAX_SAFE_INTEGER);
/* null is no limit, as is what is no number; only 0 asks for none at all. */
function attempts(value) {
  const count = Math.ceil(value);
  if (value === null || Number.isNaN(count)) return -1;
  return Number(value) === 0 ? 0 : Math.max(count, 1);
}

const everywhere = {
  url: (value) => (value ? String(value) : null),
  insecure: flag,
  resubscribe: flag,
  retry: delay,
  maxRetry: delay,
  timeout: delay,
  ping: (value) => value === true,
  pingInterval: number,
  pongWaitTimeout: delay,
  privateChannelPrefix: text,
  refreshAttempts: attempts,
  refreshInterval: delay,
  // not in 1.x
  connectTimeout: number,
  authTimeout: number,
  refreshTimeout: number,
  messageSizeMax: number,
  queueSizeMax: number,
  callsMax: number,
  subscriptionsMax: number,
  channelLengthMax: number,
  recoverySizeMax: number,
  frameSizeMax: number,
  batch: flag,
};

/* 1.x sends credentials of any type as they are, also those that a refresh brings: they go as JSON. */
const credentials = ['user', 'timestamp', 'token', 'info'];

function credential(name, value) {
  if (value === '') return '';
  return value || name === 'info' ? JSON.stringify(value) : undefined;
}

/* Without a listener of the user's the core asks an endpoint, if it knows the way. */
function answers(platform, listener, transport) {
  return typeof listener === 'function' || !platform.posts.includes(wayOf(transport));
}

const wayOf = (transport) => (transport === undefined ? 'ajax' : String(transport).toLowerCase());

/* What is no option of the core goes along: the platform may know it. */
function toCore(platform, options) {
  const out = {
    ...options,
    authorize: answers(platform, options.onPrivateChannelAuth, options.authTransport),
    refresh: answers(platform, options.onRefresh, options.refreshTransport),
  };
  for (const [name, translate] of Object.entries({ ...everywhere, ...platform.options })) {
    if (out[name] !== undefined) out[name] = translate(out[name]);
  }
  for (const name of credentials) out[name] = credential(name, options[name]);
  return out;
}

/* What the core says they are, by the names of 1.x. */
function fromCore(core) {
  const values = core.credentials();
  for (const name of credentials) values[name] = values[name] && JSON.parse(values[name]);
  return values;
}

const MISSING = 'Missing required configuration parameter ';
const texts = {
  4: MISSING + "'url' specifying server URL",
  5: MISSING + "'user' specifying user's unique ID in your application",
  6: MISSING + "'timestamp'",
  7: MISSING + "'token' specifying the sign of authorization request",
  9: 'include SockJS client library before Centrifuge javascript client library or provide SockJS object in options '
    + 'or use raw Websocket connection endpoint',
};

/* Options are named as in 1.x, not as in C. */
const camel = (text) => text.replace(/_([a-z])/g, (all, letter) => letter.toUpperCase());

/* 1.x throws texts. */
function textOf(platform, { code, option }) {
  return texts[code] || platform.errors[code].text + (option ? ": '" + camel(option) + "'" : '');
}

const names = Object.keys(everywhere);

module.exports = { names, toCore, fromCore, textOf, wayOf, credentials, flag, number, text, camel };
