'use strict';
/*
 * redis_latency.js PORT: what a client waits for that subscribes, and that subscribes and recovers ten messages of a hundred, one
 * after the other. Prints medians in µs.
 */
const WebSocket = require('../tests/conformance/node_modules/ws');

const TIMES = 1000;
const ws = new WebSocket('ws://127.0.0.1:' + process.argv[2] + '/connection/websocket', { perMessageDeflate: false });
const waiting = new Map();

ws.on('message', (data) => {
  const message = JSON.parse(data);
  if (waiting.has(message.uid)) waiting.get(message.uid)(message);
});

let uid = 0;
const ask = (method, params) => new Promise((resolve) => {
  waiting.set(String(++uid), resolve);
  ws.send(JSON.stringify({ uid: String(uid), method, params }));
});

/* `prepare` does not count. */
async function median(prepare, body) {
  const times = [];
  for (let i = 0; i < TIMES; i++) {
    await prepare(i);
    const begin = process.hrtime.bigint();
    await body(i);
    times.push(Number(process.hrtime.bigint() - begin) / 1000);
  }
  return times.sort((a, b) => a - b)[TIMES / 2].toFixed();
}

/* A hundred messages in the history; what is newer than the ninetieth is recovered. */
async function fill() {
  const uids = [];
  ws.on('message', (data) => {
    const message = JSON.parse(data);
    if (message.method === 'message') uids.push(message.body.uid);
  });
  await ask('subscribe', { channel: 'kept:news' });
  for (let i = 0; i < 100; i++) await ask('publish', { channel: 'kept:news', data: 'x'.repeat(128) });
  return uids[89];
}

async function recover(last) {
  const { body } = await ask('subscribe', { channel: 'kept:news', recover: true, last });
  if (body.messages.length !== 10) throw new Error('recovered ' + body.messages.length);
}

ws.on('open', async () => {
  await ask('connect', { user: 'ann' });
  const subscribe = await median(() => {}, (i) => ask('subscribe', { channel: 'bench:' + i }));
  const last = await fill();
  console.log('subscribe=' + subscribe + ' recover=' + await median(() => ask('unsubscribe', { channel: 'kept:news' }), () => recover(last)));
  ws.close();
});
