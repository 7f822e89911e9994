'use strict';
/* What is refused leaves a line in the log, with its reason; and nobody can fill the log with them. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { Server, Client, credentials, frame, until } = require('./lib');

let server;

before(async () => { server = await Server.start({ api_request_max_size: 1000, client_request_max_size: 1000, connection_lifetime: 100 }); });
after(() => server.stop());

const lines = (pattern) => server.logged().match(pattern) || [];

test('refused HTTP and WebSocket leave a line with the reason', async () => {
  const requests = [
    ['nonsense\r\n\r\n', /\[I\]: .* request from 127\.0\.0\.1 refused with 400: /],
    ['POST /api/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\nx', /\[W\]: .* refused with 413: its body is larger than api_request_max_size/],
    ['GET /connection/websocket HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', /\[W\]: .* handshake from 127\.0\.0\.1 answered with 400: no Upgrade header: is the proxy set up/],
  ];
  for (const [bytes, line] of requests) {
    const raw = await server.raw();
    raw.write(bytes);
    await until(() => line.test(server.logged()), String(line));
    raw.end();
  }
  for (const [bytes, line] of [[frame(1, '{}', { masked: false }), /\[I\]: .* client at 127\.0\.0\.1 closed with 1002: /],
    [frame(1, 'x'.repeat(1001)), /\[W\]: .* client at 127\.0\.0\.1 closed with 1009: .*see client_request_max_size/]]) {
    const raw = await (await server.raw()).upgrade();
    raw.write(bytes);
    await until(() => line.test(server.logged()), String(line));
    raw.end();
  }
});

test('a client cannot fill the log', async () => {
  const client = await Client.open(server, 'ann');
  for (let i = 0; i < 500; i++) await client.command('refresh', credentials('bob'));
  client.end();
  const written = lines(/credentials of another user/g).length;
  assert.ok(written >= 1 && written < 50, written + ' lines'); // one each five seconds, however slow the machine
});
