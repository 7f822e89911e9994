'use strict';
/*
 * How long it takes from a dropped connection until all private channels are subscribed again. Starts a client program, stands
 * between it and a real server, answers its authorization requests, and cuts its connection a few times.
 *
 *   node bench/resubscribe.js --port P --channels N --cuts C -- PROGRAM ARGUMENTS...
 *
 * The server's secret is "secret". The program gets --url, --auth, --user, --timestamp, --token and --channels behind its
 * arguments. It prints, with times in ns of the monotonic clock: "subscribed TIME CPU" when all channels are subscribed, CPU being
 * its CPU time so far, and "lost TIME" when it has noticed the loss. Prints, in us, of all cuts:
 *
 *   total    cut -> all subscribed; the shortest and the median
 *   backoff  loss noticed -> the next TCP connection arrived, which is a pause that the client chooses (of the shortest, as the rest)
 *   answer   authorization request complete -> answer written: our own work
 *   asked    the next TCP connection arrived -> authorization request complete
 *   rest     answer written -> all subscribed
 *   cpu      CPU time of the client from one 'subscribed' to the next
 */
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const http = require('node:http');
const net = require('node:net');

const SECRET = 'secret';
const USER = 'ann';
const PATIENCE = 60000; // ms for one cut; then something is broken

const own = process.argv.slice(2, process.argv.indexOf('--'));
const program = process.argv.slice(process.argv.indexOf('--') + 1);
const option = (name) => Number(own[own.indexOf('--' + name) + 1]);
const now = () => process.hrtime.bigint();
const hmac = (text) => crypto.createHmac('sha256', SECRET).update(text).digest('hex');

let links = [];
let round = {};
const rounds = [];

/* ---- between client and server ---- */

const relay = net.createServer((near) => {
  round.arrived = now();
  const far = net.connect(option('port'), '127.0.0.1');
  const link = [near, far];
  links.push(link);
  for (const [from, to] of [[near, far], [far, near]]) {
    from.setNoDelay(true);
    from.on('data', (data) => to.write(data));
    from.on('error', () => {});
    from.on('close', () => {
      to.destroy();
      links = links.filter((other) => other !== link);
    });
  }
});

function cut() {
  round = { cpu: round.cpuAfter, cut: now() };
  for (const [near, far] of links) {
    near.destroy();
    far.destroy();
  }
}

/* ---- the application's backend ---- */

const backend = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    round.asked = now();
    const { client, channels } = JSON.parse(Buffer.concat(parts));
    const answer = {};
    for (const channel of channels) answer[channel] = { sign: hmac(client + channel), info: '' };
    const body = JSON.stringify(answer);
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) });
    response.end(body);
    round.answered = now();
    round.requests = (round.requests || 0) + 1;
  });
});

/* ---- the client ---- */

let timer;
function expect() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    console.error('resubscribe: waited in vain');
    finish(1);
  }, PATIENCE);
}

let child;
function finish(status) {
  child.kill('SIGKILL');
  process.exit(status);
}

const us = (from, to) => Number((to - from) / 1000n);

function report() {
  const totals = rounds.map((r) => us(r.cut, r.subscribed)).sort((a, b) => a - b);
  const best = rounds.reduce((a, b) => (us(a.cut, a.subscribed) - us(a.lost, a.arrived) < us(b.cut, b.subscribed) - us(b.lost, b.arrived) ? a : b));
  const shown = {
    total: us(best.cut, best.subscribed),
    median: totals[Math.floor(totals.length / 2)],
    backoff: us(best.lost, best.arrived),
    asked: us(best.arrived, best.asked),
    answer: us(best.asked, best.answered),
    rest: us(best.answered, best.subscribed),
    cpu: Math.min(...rounds.map((r) => us(r.cpu, r.cpuAfter))),
    requests: best.requests,
    cuts: rounds.length,
  };
  shown.work = shown.total - shown.backoff;
  console.log(Object.entries(shown).map(([name, value]) => name + '=' + value).join(' '));
  finish(0);
}

function heard(line) {
  const [what, time, cpu] = line.split(' ');
  if (what === 'lost') round.lost = BigInt(time);
  if (what !== 'subscribed') return;
  round.subscribed = BigInt(time);
  round.cpuAfter = BigInt(cpu);
  if (round.cut) rounds.push(round);
  if (rounds.length === option('cuts')) report();
  expect();
  setTimeout(cut, 300);
}

relay.listen(0, '127.0.0.1', () => backend.listen(0, '127.0.0.1', () => {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const values = {
    url: 'ws://127.0.0.1:' + relay.address().port + '/connection/websocket',
    auth: 'http://127.0.0.1:' + backend.address().port + '/auth',
    user: USER,
    timestamp,
    token: hmac(USER + timestamp),
    channels: option('channels'),
  };
  const args = program.slice(1);
  for (const name in values) args.push('--' + name, String(values[name]));
  expect();
  child = spawn(program[0], args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.on('exit', () => {
    console.error('resubscribe: the client ended');
    finish(1);
  });
  let text = '';
  child.stdout.on('data', (data) => {
    const lines = (text + data).split('\n');
    text = lines.pop();
    lines.forEach(heard);
  });
}));
