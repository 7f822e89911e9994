'use strict';
/*
 * Where members stand in the core's structs; src/web/bridge.c asserts each of these. Offsets in bytes.
 */

/* cf_client_options: texts are a pointer and a size, times 64 bits, sizes 32 */
const texts = { url: 0, user: 8, timestamp: 16, token: 24, info: 32, privateChannelPrefix: 104 };
const flags = { insecure: 41, sockjs: 42, resubscribe: 43, ping: 80, batch: 145 };
const times = {
  retry: 48,
  maxRetry: 56,
  timeout: 64,
  connectTimeout: 72,
  pingInterval: 88,
  pongWaitTimeout: 96,
  authTimeout: 112,
  refreshTimeout: 120,
  refreshInterval: 128,
  refreshAttempts: 136,
};
const sizes = { messageSizeMax: 148, queueSizeMax: 152, callsMax: 156, subscriptionsMax: 160, channelLengthMax: 164 };
const CREDENTIALS_JSON = 40;

module.exports = { texts, flags, times, sizes, CREDENTIALS_JSON };
