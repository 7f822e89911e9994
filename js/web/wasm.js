'use strict';
/* global packed */
/*
 * Starts the core's module. `packed` is its bytes as text, see ../pack.mjs: js/build.mjs puts it behind everything else in the file,
 * so that compressors do not mix the two.
 */
const unpack = require('./unpack');

const HELP = "centrifuge.js needs WebAssembly: allow 'wasm-unsafe-eval' in script-src of Content-Security-Policy, or use centrifuge.asm.js. ";

module.exports = (imports) => {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(unpack(packed)), imports).exports;
  } catch (exception) {
    throw new Error(HELP + exception);
  }
};
