'use strict';
/*
 * The Centrifuge 1.x JavaScript API over libcentrifuge: the façade of centrifuge.js (js/api) with the addon as its core. SockJS is
 * the library's, for who says by `transports` that it is wanted; `sockJS` is ignored.
 */
const define = require('../../js/api/client');
const { flag, number, text, camel } = require('../../js/api/options');
const { Core, errors, report } = require('./load');

/* A map -> name, value, name, value, ... */
const pairs = (map) => Object.entries(map || {}).flatMap(([name, value]) => [name, String(value)]);

/* In 1.x a configured header is added to ours of that name, in the library it takes its place. */
const ours = { 'x-requested-with': 'XMLHttpRequest', 'content-type': 'application/json' };
const joined = (name, value) => (ours[name.toLowerCase()] ? ours[name.toLowerCase()] + ', ' + value : value);
const requestHeaders = (map) => pairs(Object.fromEntries(Object.entries(map || {}).map(([name, value]) => [name, joined(name, value)])));

/* Where something stands for a page, addresses are relative to it. */
function page() {
  const { href } = globalThis.location || {};
  return /^https?:/.test(href) ? href : undefined;
}

/* Without user, password, query and fragment. */
const shown = (value) => String(value).replace(/^([^@]*?\/\/)?.*@/, '$1***@').replace(/[?#].*/, '');

function address(value) {
  if (value === null) return null;
  try {
    return new URL(value, page()).href;
  } catch (exception) {
    throw "endpoint '" + shown(value) + "' is not a whole address, and there is no page (globalThis.location) that it is relative to";
  }
}

/* Those that need no page; with none of them there is no SockJS. */
const outside = ['websocket', 'xhr-streaming', 'eventsource', 'xhr-polling'];
const transports = (list) => [].concat(list).filter((name) => outside.includes(name)).join();

module.exports = define({
  Core,
  errors: errors.map((row) => ({ ...row, text: camel(row.text) })),
  report,
  posts: ['ajax'],
  options: {
    authEndpoint: address,
    authHeaders: requestHeaders,
    authParams: pairs,
    refreshEndpoint: address,
    refreshHeaders: requestHeaders,
    refreshParams: pairs,
    refreshData: JSON.stringify,
    // not in 1.x
    headers: pairs,
    httpAnswerSizeMax: number,
    eventsPerTurn: number,
    proxy: text,
    proxyUser: text,
    tlsVerify: flag,
    tlsCaFile: text,
    tlsCaPath: text,
    tlsCertificate: text,
    tlsKey: text,
    tlsKeyPassword: text,
    interfaceName: text,
    fallbackTime: number,
    transports,
    server: text,
  },
  defaults: {
    transports: [],
    get authEndpoint() { return page() && '/centrifuge/auth/'; },
    get refreshEndpoint() { return page() && '/centrifuge/refresh/'; },
  },
});
