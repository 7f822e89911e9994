'use strict';
/*
 * The adapter for centrifuge.js: dist/centrifuge.js in Node, in a shimmed browser. CENTRIFUGE_JS names another file of dist/.
 *
 * In this page a request's body leaves 20 ms after it was opened, as from the 1.x client (client-spec.md 15): what the scripted
 * server sees next depends on it.
 */
const path = require('path');
const shims = require('./client/shims');

const BODY_DELAY_MS = 20;
const file = path.resolve(process.env.CENTRIFUGE_JS || path.join(__dirname, '..', '..', 'dist', 'centrifuge.js'));

let Centrifuge;

function delayBodies() {
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (body) { setTimeout(() => send.call(this, body), BODY_DELAY_MS); };
}

module.exports = {
  name: path.basename(file),

  setup({ report, origin }) {
    global.location = new URL(origin + '/page/index.html');
    global.reportError = report;
    shims.install(global, report);
    delayBodies();
    console.info = () => {};
    Centrifuge = require(file);
    global.Centrifuge = Centrifuge; // JSONP answers call it by this name
  },

  makeClient(options) {
    return options === undefined ? new Centrifuge() : new Centrifuge(options);
  },
};
