'use strict';
/*
 * The twin of ../hold.c on the existing client. With node --expose-gc there are two more numbers: what is resident when all garbage
 * was collected at last, which no application does.
 */
const { Centrifuge, option, memory } = require('./lib');

const url = 'ws://127.0.0.1:' + option('port', 8000) + '/connection/websocket';
const count = option('clients', 1000);
const openingMax = option('opening', 16);
const clients = [];
let connected = 0;

const used = () => {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

if (global.gc) global.gc();
const before = memory();
const heapBefore = used();
more();

function more() {
  while (clients.length < count && clients.length - connected < openingMax) {
    const client = new Centrifuge({ url, insecure: true });
    client.on('connect', onConnect);
    client.on('disconnect', (context) => {
      console.error('hold.js: lost a connection: ' + context.reason);
      process.exit(1);
    });
    clients.push(client);
    client.connect();
  }
}

function onConnect() {
  connected++;
  if (connected === count) setTimeout(tell, option('settle', 2000));
  else more();
}

function tell() {
  const after = memory();
  let gathered = '';
  if (global.gc) {
    for (let i = 0; i < 4; i++) global.gc();
    const least = memory();
    gathered = ' gathered=' + least.all + ' own_gathered=' + least.own;
  }
  console.log('before=' + before.all + ' all=' + after.all + ' own_before=' + before.own + ' own=' + after.own +
    ' heap=' + Math.round((used() - heapBefore) / count) + gathered + ' clients=' + count);
  process.exit(0);
}
