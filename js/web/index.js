'use strict';
/*
 * centrifuge.js: the 1.x API over the core in WebAssembly.
 */
const define = require('../api/client');
const { wayOf } = require('../api/options');
const Core = require('./core');
const errors = require('centrifuge-errors'); // made by ../build.mjs from include/centrifuge/error.h
const { report } = require('./page');

/* As the page would resolve it: without a scheme it is relative. */
function address(url) {
  const base = (globalThis.document || {}).baseURI || globalThis.location;
  return url && String(base && !/^\w+:/.test(url) ? new URL(url, base) : url);
}

const Centrifuge = define({
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

Centrifuge.Centrifuge = Centrifuge; // for who asks a CommonJS module for a name

module.exports = Centrifuge;
