'use strict';
/*
 * What encoding.js does, for centrifuge.asm.js, whose hosts may lack a TextEncoder and a TextDecoder: UTF-8 by way of a text whose
 * characters are bytes. All of a text is encoded, or nothing.
 */
const { whole } = require('../api/values');
const encoding = require('./encoding');

const fallback = {
  encode(text, bytes) {
    if (typeof TextEncoder === 'function') return encoding.encode(text, bytes);
    const utf8 = unescape(encodeURIComponent(whole(text)));
    if (utf8.length > bytes.length) return { read: 0, written: 0 };
    for (let i = 0; i < utf8.length; i++) bytes[i] = utf8.charCodeAt(i);
    return { read: text.length, written: utf8.length };
  },

  decode(bytes) {
    if (typeof TextDecoder === 'function') return encoding.decode(bytes);
    let text = '';
    for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode.apply(null, bytes.subarray(i, i + 8192));
    return decodeURIComponent(escape(text));
  },
};

module.exports = fallback;
