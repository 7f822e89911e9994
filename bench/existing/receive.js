'use strict';
/* The twin of ../receive.c on the existing client. */
const { Centrifuge, option, ownCpu } = require('./lib');

const wanted = option('messages', 300000);
const warmUp = option('warm-up', 0);
let received = 0;
let cpu;

const client = new Centrifuge({ url: 'ws://127.0.0.1:' + option('port', 8000) + '/connection/websocket', insecure: true });
client.subscribe('bench:0', { message });
client.connect();

function message() {
  if (received++ === warmUp) cpu = ownCpu();
  if (received !== warmUp + wanted + 1) return;
  cpu = ownCpu() - cpu;
  process.stdout.write('cpu_ns=' + Math.round(cpu / wanted) + ' per_second=' + Math.floor(wanted * 1e9 / cpu) + ' messages=' + wanted + '\n',
    () => process.exit(0));
}
