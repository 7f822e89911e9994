'use strict';
/* The adapter for libcentrifuge in Node: bindings/node. CENTRIFUGE_BUILD names the build folder; without it, the one built last. */
const path = require('path');

if (process.env.CENTRIFUGE_BUILD && !process.env.CENTRIFUGE_NODE) {
  process.env.CENTRIFUGE_NODE = path.join(process.env.CENTRIFUGE_BUILD, 'centrifuge.node');
}
const Centrifuge = require('../../bindings/node');

module.exports = {
  name: 'libcentrifuge in Node',

  makeClient(options) {
    return options === undefined ? new Centrifuge() : new Centrifuge(options);
  },
};
