'use strict';
/*
 * redis_outage.js PORT PID CHANNELS REDIS_PORT CORE: how long a node takes to be back with all its channels when its Redis was
 * killed and comes back. PORT and PID are the node's; Redis is started here, on processor CORE (-1: any). Prints, in ms from the first
 * answer of the new Redis (20 ms late at most): when the last channel was subscribed, and when a message to it has arrived; and the
 * processor time of the node and of Redis, in ms.
 */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const WebSocket = require('../tests/conformance/node_modules/ws');
const { RedisServer, pbWrite } = require('../tests/conformance/cluster/redis');

const [port, pid, channels, redisPort, core] = process.argv.slice(2).map(Number);
const CHANNELS_OF_CLIENT = 500;
const AWAY = 3000; // ms without a Redis: the node has come to its longest pause between two attempts

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const name = (i) => 'bench:' + i;

/* ms of the processor so far. */
function cpu(of) {
  const [user, system] = fs.readFileSync('/proc/' + of + '/stat', 'utf8').split(') ')[1].split(' ').slice(11, 13);
  return 10 * (Number(user) + Number(system));
}

async function startRedis() {
  const redis = await new RedisServer(redisPort).start();
  if (core >= 0) execFileSync('taskset', ['-cp', String(core), String(redis.child.pid)]);
  return redis;
}

/* A client with its share of the channels. */
async function subscribe(first, arrived) {
  const ws = new WebSocket('ws://127.0.0.1:' + port + '/connection/websocket', { perMessageDeflate: false });
  await new Promise((resolve) => ws.once('open', resolve));
  ws.once('close', (code, reason) => { throw new Error(String(reason)); });
  let answers = 0;
  const all = new Promise((resolve) => ws.on('message', (data) => {
    for (const one of [].concat(JSON.parse(data))) {
      if (one.method === 'message') arrived();
      else if (one.error) throw new Error(one.error);
      else if (++answers > CHANNELS_OF_CLIENT) resolve();
    }
  }));
  const commands = [{ uid: '1', method: 'connect', params: { user: '' } }];
  for (let i = 0; i < CHANNELS_OF_CLIENT; i++) commands.push({ uid: '2', method: 'subscribe', params: { channel: name(first + i) } });
  ws.send(JSON.stringify(commands));
  await all;
}

/* As another node would: when somebody listens it is told so. */
const publish = (redis) => redis.cmd('PUBLISH', 'centrifugo.message.' + name(channels - 1), pbWrite([[1, 'uid'], [3, name(channels - 1)], [4, '1']]));

async function main() {
  let arrived;
  const arrival = new Promise((resolve) => { arrived = () => resolve(performance.now()); });
  const lost = await startRedis();
  for (let first = 0; first < channels; first += CHANNELS_OF_CLIENT) await subscribe(first, () => arrived());
  await lost.stop();
  await sleep(AWAY);
  const before = cpu(pid);
  const redis = await startRedis();
  const begin = performance.now();
  while (await publish(redis) === 0) await sleep(5);
  const subscribed = performance.now();
  const shown = { subscribed: subscribed - begin, arrived: await arrival - begin, cpu: cpu(pid) - before, redis: cpu(redis.child.pid) };
  console.log(Object.entries(shown).map(([what, ms]) => what + '=' + Math.round(ms)).join(' '));
  await redis.dispose();
  await lost.dispose();
  process.exit(0);
}

main();
