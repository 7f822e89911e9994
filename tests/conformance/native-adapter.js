'use strict';
/*
 * The adapter for libcentrifuge in Node: bindings/node. CENTRIFUGE_BUILD names the build folder; without it, the one built last.
 *
 * A page sends the body of a request 20 ms after it was opened (client-spec.md 15). What the scripted server sees next depends on it,
 * so requests to the page's origin go through a relay that is as slow.
 */
const net = require('net');
const path = require('path');

if (process.env.CENTRIFUGE_BUILD && !process.env.CENTRIFUGE_NODE) {
  process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
}
const Centrifuge = require('../../bindings/node');

const BODY_DELAY_MS = 20;

let origin; // of the page
let relayed; // the relay's in its place

/* Passes on what comes from `near` later, at once what comes from the origin, and how either ends. */
function relay(near) {
  const { port, hostname } = new URL(origin);
  const far = net.connect(Number(port), hostname);
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
      relayed = 'http://127.0.0.1:' + server.address().port;
      server.unref();
      resolve();
    });
  });
}

const slow = (endpoint) => (typeof endpoint === 'string' ? endpoint.replace(origin, relayed) : endpoint);

class PageClient extends Centrifuge {
  configure(options) {
    const { authEndpoint, refreshEndpoint } = options || {};
    super.configure({ ...options, authEndpoint: slow(authEndpoint), refreshEndpoint: slow(refreshEndpoint) });
  }
}

module.exports = {
  name: 'libcentrifuge in Node',

  async setup(page) {
    origin = page.origin;
    await startRelay();
    global.location = new URL(relayed + '/page/index.html');
  },

  makeClient(options) {
    return options === undefined ? new PageClient() : new PageClient(options);
  },
};
