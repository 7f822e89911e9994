'use strict';
/*
 * centrifuge.js: the 1.x API over the core in WebAssembly.
 */
const define = require('../api/client');
const { wayOf } = require('../api/options');
const Core = require('./core');
const errors = require('centrifuge-errors'); // made by ../build.mjs from include/centrifuge/error.h
const { report } = require('./page');

/* As the page would resolve it: without a scheme it is relative. What is no address is for the core to refuse. */
function address(url) {
  const base = (globalThis.document || {}).baseURI || globalThis.location;
  const relative = base && (typeof url === 'string' || url instanceof String) && !/^\w+:/.test(url);
  try {
    if (relative) return String(new URL(url, base));
  } catch (exception) { /* no address: refused by the core */ }
  return url && String(url);
}

const library = define({
  Core,
  errors,
  report,
  posts: ['ajax', 'jsonp'],
  options: { url: address, authTransport: wayOf, refreshTransport: wayOf },
  defaults: {
    transports: ['websocket', 'xdr-streaming', 'xhr-streaming', 'eventsource', 'iframe-eventsource', 'iframe-htmlfile', 'xdr-polling',
      'xhr-polling', 'iframe-xhr-polling', 'jsonp-polling'],
    authEndpoint: '/centrifuge/auth/',
    authTransport: 'ajax',
    refreshEndpoint: '/centrifuge/refresh/',
    refreshTransport: 'ajax',
    refreshData: {},
  },
});

library.Centrifuge = library; // for who asks a CommonJS module for a name

module.exports = library;
