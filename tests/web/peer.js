'use strict';
/*
 * A page for tests of centrifuge.js in Node, without a network: its WebSocket is a peer in the same process that a test scripts. What
 * the library reports as uncaught is collected in `page.reported`. CENTRIFUGE_JS names another file of dist/.
 */
const assert = require('node:assert');
const path = require('node:path');

const file = path.resolve(process.env.CENTRIFUGE_JS || path.join(__dirname, '../../dist/centrifuge.js'));

const page = { reported: [], sockets: [] };

globalThis.reportError = (exception) => page.reported.push(exception);

/* Answers come when asked for: socket.answer(). `sent` are the commands that have none yet. */
class Socket {
  constructor(address) {
    this.address = address;
    this.sent = [];
    this.bufferedAmount = 0;
    this.ended = false;
    page.sockets.push(this);
  }

  send(text) { this.sent.push(...[].concat(JSON.parse(text))); }

  close() { this.ended = true; }

  open() { this.onopen({}); }

  push(...messages) { this.onmessage({ data: JSON.stringify(messages.length === 1 ? messages[0] : messages) }); }

  lose(reason = '', code = 1006) { this.onclose({ code, reason, wasClean: code !== 1006 }); }

  /* To the oldest command without one, which has to be of that method. */
  answer(method, body) {
    const command = this.sent.shift();
    assert.strictEqual(command && command.method, method);
    this.push({ uid: command.uid, method, body: { ...bodies[method](command.params || {}), ...body } });
    return command;
  }
}

const bodies = {
  connect: () => ({ version: '1.8.0', client: 'id', expires: false, expired: false, ttl: 0 }),
  subscribe: ({ channel }) => ({ channel, status: true, last: '', messages: null, recovered: false }),
  unsubscribe: ({ channel }) => ({ channel, status: true }),
  publish: ({ channel }) => ({ channel, status: true }),
  presence: ({ channel }) => ({ channel, data: {} }),
  history: ({ channel }) => ({ channel, data: [] }),
};

const Centrifuge = require(file);
globalThis.WebSocket = Socket;

function make(options) {
  const client = new Centrifuge({ url: 'ws://localhost/connection/websocket', user: 'u', timestamp: '1', token: 't', ...options });
  client.events = [];
  for (const name of ['connect', 'disconnect', 'error']) client.on(name, (event) => { client.events.push([name, event]); });
  return client;
}

/* A client with a connection, and its socket. */
function connected(options) {
  const client = make(options);
  client.connect();
  const socket = page.sockets[page.sockets.length - 1];
  socket.open();
  socket.answer('connect');
  return { client, socket };
}

/* Its subscription too. */
function subscribed(channel = 'news', options) {
  const { client, socket } = connected(options);
  const messages = [];
  const subscription = client.subscribe(channel, (message) => { messages.push(message); });
  socket.answer('subscribe');
  return { client, socket, subscription, messages };
}

const message = (channel, data, uid = '1') => ({ method: 'message', body: { uid, channel, data } });

module.exports = { Centrifuge, Socket, file, page, make, connected, subscribed, message };
