'use strict';
/*
 * The way between a test and its page, in a thread of its own: the test's thread waits for the page's reply without giving up
 * its turn, as it would for a function call.
 *
 *   test -> page   over a WebSocket; while the page waits for the test, as the answer of its HTTP request
 *   page -> test   over synchronous HTTP requests
 */
const http = require('http');
const { workerData } = require('worker_threads');
const WS = require('../../conformance/node_modules/ws');
const { openPage } = require('./devtools');

const { port, bell, devtools, origin, library } = workerData;

let socket = null;
let waiting = null; // the page's last request

function tell(message) {
  port.postMessage(message);
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
}

function fromPage(response, message) {
  waiting = response;
  tell(message);
}

function fromTest(message) {
  const text = JSON.stringify(message);
  if (!message.inside) return socket.send(text);
  waiting.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Content-Type': 'text/plain' });
  return waiting.end(text);
}

async function main() {
  const server = http.createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (d) => { body += d; });
    request.on('end', () => fromPage(response, JSON.parse(body)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new WS.Server({ server });
  const connected = new Promise((resolve) => sockets.on('connection', resolve));
  const page = await openPage({ devtools, origin, library, remote: server.address().port });
  socket = await connected;
  port.on('message', async (message) => {
    if (message.end !== 'page') return fromTest(message);
    await page.close();
    tell({ ended: true });
    return process.exit();
  });
  tell({ started: true });
}

main().catch((e) => tell({ failed: e.stack || String(e) }));
