'use strict';
/* The adapter for libcentrifuge in Node: bindings/node. CENTRIFUGE_BUILD names the build folder; without it, the one built last. */
const path = require('path');

if (process.env.CENTRIFUGE_BUILD && !process.env.CENTRIFUGE_NODE) {
  process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
}
const Centrifuge = require('../../bindings/node');

let page = 'http://127.0.0.1';

/* Has a page, to which endpoints are relative, and its default endpoints. */
class PageClient extends Centrifuge {
  configure(options) {
    const endpoints = Object.assign({ authEndpoint: '/centrifuge/auth/', refreshEndpoint: '/centrifuge/refresh/' }, this.endpoints);
    for (const name of Object.keys(endpoints)) {
      const given = options && options[name] !== undefined ? options[name] : endpoints[name];
      endpoints[name] = given === null || /^https?:/.test(given) ? given : new URL(given, page).href;
    }
    this.endpoints = endpoints;
    super.configure(Object.assign({}, options, endpoints));
  }
}

module.exports = {
  name: 'libcentrifuge in Node',

  setup({ origin }) { page = origin + '/page/index.html'; },

  makeClient(options) {
    return options === undefined ? new PageClient() : new PageClient(options);
  },
};
