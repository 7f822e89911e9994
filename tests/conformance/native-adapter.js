'use strict';
/*
 * The adapter for libcentrifuge in Node: bindings/node. CENTRIFUGE_BUILD names the build folder; without it, the one built last.
 *
 * The library stands here in place of a browser's page, which has an origin: endpoints are relative to it and have defaults, and
 * a page sends the body of a request 20 ms after it was opened (client-spec, 15). What the scripted server sees next depends on
 * it, so requests to the page's origin go through a relay that is as slow.
 */
const net = require('net');
const path = require('path');

if (process.env.CENTRIFUGE_BUILD && !process.env.CENTRIFUGE_NODE) {
  process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
}
const Centrifuge = require('../../bindings/node');

const BODY_DELAY_MS = 20;

let page = new URL('http://127.0.0.1/');
let relayPort = '';

/* Passes on what comes from `near` later, at once what comes from the origin, and how either ends. */
function relay(near) {
  const far = net.connect(Number(page.port || 80), page.hostname);
  near.on('data', (bytes) => { setTimeout(() => far.write(bytes), BODY_DELAY_MS); });
  near.on('end', () => { setTimeout(() => far.end(), BODY_DELAY_MS); });
  far.pipe(near);
  for (const [socket, other] of [[near, far], [far, near]]) {
    socket.setNoDelay(true);
    socket.unref();
    socket.on('error', () => {});
    socket.on('close', () => other.destroy());
  }
}

function startRelay() {
  const server = net.createServer({ allowHalfOpen: true }, relay);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      relayPort = String(server.address().port);
      server.unref();
      resolve();
    });
  });
}

/* As a page would resolve it. */
function endpoint(given) {
  if (given === null) return null;
  const url = new URL(given, page);
  if (url.host === page.host && relayPort) url.port = relayPort;
  return url.href;
}

class PageClient extends Centrifuge {
  configure(options) {
    const endpoints = Object.assign({ authEndpoint: '/centrifuge/auth/', refreshEndpoint: '/centrifuge/refresh/' }, this.endpoints);
    for (const name of Object.keys(endpoints)) {
      if (options && options[name] !== undefined) endpoints[name] = options[name];
    }
    this.endpoints = endpoints;
    const absolute = { authEndpoint: endpoint(endpoints.authEndpoint), refreshEndpoint: endpoint(endpoints.refreshEndpoint) };
    super.configure(Object.assign({}, options, absolute));
  }
}

module.exports = {
  name: 'libcentrifuge in Node',

  setup({ origin }) {
    page = new URL(origin + '/page/index.html');
    return startRelay();
  },

  makeClient(options) {
    return options === undefined ? new PageClient() : new PageClient(options);
  },
};
