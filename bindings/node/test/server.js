'use strict';
/* A server for the tests: answers connect, subscribe and publish commands with success; `on` gets every command first. */
const http = require('http');
const WS = require('../../../tests/conformance/node_modules/ws');

function start(on) {
  const server = http.createServer();
  const sockets = new WS.Server({ server });
  const answer = (socket, command) => {
    if (on && on(command, socket)) return;
    const channel = command.params && command.params.channel;
    const body = command.method === 'connect' ? { client: 'c1' } : { channel, status: true };
    socket.send(JSON.stringify({ uid: command.uid, method: command.method, body }));
  };
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => { for (const command of [].concat(JSON.parse(data))) answer(socket, command); });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({
      url: 'ws://127.0.0.1:' + server.address().port,
      stop() {
        for (const socket of sockets.clients) socket.terminate();
        server.close();
      },
    }));
  });
}

module.exports = { start };
