'use strict';
/*
 * Texts as UTF-8, by what every host has that has WebAssembly.
 */
let encoder = null;
let decoder = null;

const encoding = {
  /* As much of `text` as there is room for in `bytes`: { read, written }. */
  encode(text, bytes) {
    encoder = encoder || new TextEncoder();
    return encoder.encodeInto(text, bytes);
  },

  decode(bytes) {
    decoder = decoder || new TextDecoder('utf-8', { ignoreBOM: true });
    return decoder.decode(bytes);
  },
};

module.exports = encoding;
