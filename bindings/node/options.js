'use strict';
/*
 * Options of the 1.x client -> members of centrifuge_options, and errors of the library -> what the 1.x client throws.
 * Options that mean nothing outside of a browser (sockJS, transports, server, jsonp) are ignored.
 */
const flag = (value) => Boolean(value);
const number = (value) => Number(value);
/* As JavaScript's timers take it: at least one millisecond. */
const delay = (value) => (Number(value) >= 1 ? Math.min(Number(value), Number.MAX_SAFE_INTEGER) : 1);
/* null is no limit, as is what is no number; only 0 asks for none at all. */
function attempts(value) {
  if (value === null || Number.isNaN(Number(value))) return -1;
  return Number(value) === 0 ? 0 : Math.max(Math.ceil(Number(value)), 1);
}

const text = (value) => (value === null ? null : String(value));

/* 1.x sends credentials of any type as they are, also those that a refresh brings: they go as JSON. */
const credentials = ['user', 'timestamp', 'token', 'info'];

function addCredentials(options, out) {
  const given = credentials.filter((name) => options[name] || options[name] === '' || (name === 'info' && options.info !== undefined));
  for (const name of given) out[name] = options[name] === '' ? '' : JSON.stringify(options[name]);
  out.credentials_json = true;
}

/* A map -> name, value, name, value, ... */
const pairs = (map) => Object.entries(map || {}).flatMap(([name, value]) => [name, String(value)]);

/* In 1.x a configured header is added to ours of that name, in the library it takes its place. */
const ours = { 'x-requested-with': 'XMLHttpRequest', 'content-type': 'application/json' };
const joined = (name, value) => (ours[name.toLowerCase()] ? ours[name.toLowerCase()] + ', ' + value : value);
const headers = (map) => pairs(Object.fromEntries(Object.entries(map || {}).map(([name, value]) => [name, joined(name, value)])));

/* What 1.x posts itself. Script loading (jsonp) needs a browser. */
const isPosted = (transport) => transport === undefined || String(transport).toLowerCase() === 'ajax';

const members = {
  url: ['url', (value) => (value ? String(value) : null)],
  insecure: ['insecure', flag],
  resubscribe: ['resubscribe', flag],
  retry: ['retry', delay],
  maxRetry: ['max_retry', delay],
  timeout: ['timeout', delay],
  ping: ['ping', (value) => value === true],
  pingInterval: ['ping_interval', number],
  pongWaitTimeout: ['pong_wait_timeout', delay],
  privateChannelPrefix: ['private_channel_prefix', text],
  authEndpoint: ['auth_endpoint', text],
  authHeaders: ['auth_headers', headers],
  authParams: ['auth_params', pairs],
  refreshEndpoint: ['refresh_endpoint', text],
  refreshHeaders: ['refresh_headers', headers],
  refreshParams: ['refresh_params', pairs],
  refreshData: ['refresh_data', (value) => JSON.stringify(value)],
  refreshAttempts: ['refresh_attempts', attempts],
  refreshInterval: ['refresh_interval', delay],
  // not in 1.x
  connectTimeout: ['connect_timeout', number],
  messageSizeMax: ['message_size_max', number],
  queueSizeMax: ['queue_size_max', number],
  callsMax: ['calls_max', number],
  subscriptionsMax: ['subscriptions_max', number],
  channelLengthMax: ['channel_length_max', number],
  proxy: ['proxy', text],
  proxyUser: ['proxy_user', text],
  tlsVerify: ['tls_verify', flag],
  tlsCaFile: ['tls_ca_file', text],
  tlsCaPath: ['tls_ca_path', text],
  tlsCertificate: ['tls_certificate', text],
  tlsKey: ['tls_key', text],
  tlsKeyPassword: ['tls_key_password', text],
  interfaceName: ['interface_name', text],
  headers: ['headers', pairs],
  authTimeout: ['auth_timeout', number],
  refreshTimeout: ['refresh_timeout', number],
  httpAnswerSizeMax: ['http_answer_size_max', number],
  batch: ['batch', flag],
  eventsPerTurn: ['events_per_turn', number],
};

const texts = {
  MISSING_URL: "Missing required configuration parameter 'url' specifying server URL",
  MISSING_USER: "Missing required configuration parameter 'user' specifying user's unique ID in your application",
  MISSING_TIMESTAMP: "Missing required configuration parameter 'timestamp'",
  MISSING_TOKEN: "Missing required configuration parameter 'token' specifying the sign of authorization request",
  UNSUPPORTED: 'include SockJS client library before Centrifuge javascript client library or provide SockJS object in options '
    + 'or use raw Websocket connection endpoint',
};

function toLibrary(options) {
  const out = {};
  for (const [name, [member, translate]] of Object.entries(members)) {
    if (options[name] !== undefined) out[member] = translate(options[name]);
  }
  addCredentials(options, out);
  // index.js answers for a transport that there is not
  out.authorize = typeof options.onPrivateChannelAuth === 'function' || !isPosted(options.authTransport);
  out.refresh = typeof options.onRefresh === 'function' || !isPosted(options.refreshTransport);
  return out;
}

/* What the library says they are, by the names of 1.x. */
function fromLibrary({ json, ...values }) {
  const read = ([name, value]) => [name, json && value !== '' ? JSON.parse(value) : value];
  return Object.fromEntries(Object.entries(values).map(read));
}

/* `exception` is of the addon: the name of an error in `code`, that of an option as message. 1.x throws strings. */
function thrown(exception, errors) {
  if (!exception || !errors[exception.code]) return exception;
  return texts[exception.code] || errors[exception.code].text + (exception.message ? ": '" + exception.message + "'" : '');
}

module.exports = { toLibrary, fromLibrary, thrown };
