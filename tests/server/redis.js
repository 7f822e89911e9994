'use strict';
/*
 * A Redis of its own for a test: on a free port of 127.0.0.1, in a temporary folder, stopped by its process id.
 */
const { RedisServer } = require('../conformance/cluster/redis');
const net = require('node:net');

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/* `options` as of RedisServer: { password, db, config: ['--maxmemory', '1mb'] } */
async function startRedis(options) {
  return new RedisServer(await freePort(), options).start();
}

/* What a node needs to use it. */
function redisConfig(redis, config) {
  return Object.assign({ engine: 'redis', redis_host: '127.0.0.1', redis_port: String(redis.port), insecure: true }, config);
}

/*
 * Redis and so many nodes on it. `body` gets { redis, nodes }; all of it is ended afterwards, whatever happens.
 */
async function withCluster(count, config, body, options) {
  const { Server } = require('./lib');
  const redis = await startRedis(options);
  const nodes = [];
  let ended = false;
  try {
    for (let i = 0; i < count; i++) nodes.push(await Server.start(redisConfig(redis, Object.assign({ name: 'node-' + i }, config))));
    await body({ redis, nodes });
    ended = true;
  } finally {
    const stops = await Promise.allSettled(nodes.map((node) => node.stop()));
    await redis.dispose();
    const failed = stops.find((stop) => stop.status === 'rejected');
    if (ended && failed) throw failed.reason;
  }
}

/*
 * A way to a Redis: what goes through it may take longer, what Redis publishes may get lost in it, and it may end. `answers`: so
 * many pieces came back.
 */
class Proxy {
  constructor(to) {
    this.to = to;
    this.delay = 0; // ms, each way
    this.deaf = false; // to what is published
    this.answers = 0;
    this.sockets = new Set();
    this.frozen = new Set();
  }

  async start() {
    this.server = net.createServer((near) => this.join(near, net.connect(this.to, '127.0.0.1')));
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.port = this.server.address().port;
    return this;
  }

  join(near, far) {
    far.on('data', () => { this.answers++; });
    for (const [from, to] of [[near, far], [far, near]]) {
      this.sockets.add(from);
      from.on('data', (data) => {
        if (this.frozen.has(from)) return;
        if (!this.deaf || from !== far || !data.includes('$7\r\nmessage\r\n')) setTimeout(() => to.write(data), this.delay);
      });
      from.on('error', () => {});
      from.on('close', () => { this.sockets.delete(from); to.destroy(); });
    }
  }

  /* Nothing more comes through the connections that there are, and neither end hears of it. */
  freeze() { for (const socket of this.sockets) this.frozen.add(socket); }

  cut() { for (const socket of this.sockets) socket.destroy(); }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

module.exports = { freePort, startRedis, redisConfig, withCluster, Proxy };
