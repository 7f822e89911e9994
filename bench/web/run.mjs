/*
 * Measures centrifuge.js beside the existing client, centrifuge 1.5.0, in Node and in Chromium, in one run: node bench/web/run.mjs
 * [--rounds N]. scripts/web builds dist/ before. Prints the table of docs/performance.md.
 *
 * Messages: rounds of both libraries take turns, and the best round of each counts; what else the machine does slows rounds
 * down, and none is too fast.
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));
const top = path.resolve(here, '..', '..');
const require = createRequire(path.join(top, 'js', 'package.json'));
const { chromium } = require('playwright-core');

const at = process.argv.indexOf('--rounds');
const rounds = at > 0 ? Number(process.argv[at + 1]) : 15;
const existing = path.join(top, 'build', 'web', 'existing.js');
const libraries = {
  'centrifuge 1.5.0': existing,
  'centrifuge.min.js': path.join(top, 'dist', 'centrifuge.min.js'),
  'centrifuge.asm.js': path.join(top, 'dist', 'centrifuge.asm.js'),
};
const kinds = [['200 B', 200, 'a'], ['2 kB', 2000, 'a'], ['200 B, Cyrillic', 200, 'ж'], ['2 kB, Cyrillic', 2000, 'ж']];

/* As its users have it: one minified file for a script tag. */
async function bundleExisting() {
  const esbuild = require('esbuild');
  const options = { bundle: true, minify: true, target: 'es2015', platform: 'browser', format: 'iife', globalName: 'centrifugeExisting' };
  const made = await esbuild.build({ ...options, stdin: { contents: "module.exports = require('centrifuge');", resolveDir: path.join(top, 'js') }, write: false });
  const text = made.outputFiles[0].text;
  fs.writeFileSync(existing, `(function (root) { ${text}; if (typeof module === 'object') module.exports = centrifugeExisting; else root.Centrifuge = centrifugeExisting; })(typeof window === 'object' ? window : globalThis);`);
}

function size(file) {
  const bytes = fs.readFileSync(file);
  return [bytes.length, execFileSync('gzip', ['-9'], { input: bytes }).length, zlib.brotliCompressSync(bytes).length];
}

/* ---- in Node: a process for each measure that must not disturb others ------------------- */

function inNode(name, code, ...flags) {
  const program = `const measures = require(${JSON.stringify(path.join(here, 'measures.js'))});
    const Centrifuge = require(${JSON.stringify(libraries[name])});
    const heap = async () => { gc(); await new Promise((r) => setTimeout(r, 50)); gc(); return process.memoryUsage().heapUsed + process.memoryUsage().external; };
    (async () => { ${code} })().then((value) => { console.log(JSON.stringify(value)); process.exit(0); });`;
  const run = spawnSync(process.execPath, [...flags, '-e', program], { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout.trim().split('\n').pop());
}

async function node() {
  const measures = require(path.join(here, 'measures.js'));
  const names = Object.keys(libraries);
  const report = { messages: await messages(names, (name, bytes, letter) => measures.receiver(require(libraries[name]), bytes, letter)) };
  for (const name of names) {
    const starts = Array.from({ length: rounds }, () => inNode(name, 'return measures.firstConnect(Centrifuge)'));
    report[name] = {
      connect: best(starts.map((each) => each.took)),
      resubscription: inNode(name, 'return measures.resubscription(Centrifuge, 1000)'),
      growth: inNode(name, 'return measures.growth(Centrifuge, 100000, heap)', '--expose-gc'),
    };
  }
  return report;
}

const best = (times) => Math.min(...times);

async function messages(names, receiver) {
  const table = {};
  for (const [kind, bytes, letter] of kinds) {
    const receivers = [];
    for (const name of names) receivers.push([name, await receiver(name, bytes, letter), []]);
    for (let round = 0; round < rounds; round++) for (const [, receive, times] of receivers) times.push(await receive(bytes > 1000 ? 5000 : 20000));
    table[kind] = Object.fromEntries(receivers.map(([name, , times]) => [name, best(times)]));
  }
  return table;
}

/* ---- in Chromium -------------------------------------------------------------------------- */

function serve() {
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent(request.url.slice(1));
    const file = name === 'measures.js' ? path.join(here, name) : libraries[name];
    response.setHeader('content-type', file ? 'text/javascript' : 'text/html');
    response.end(file ? fs.readFileSync(file) : '<!doctype html><title>bench</title>');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/* A server that takes every client, and sends it many messages as soon as it has subscribed. */
function floodServer(count, size) {
  const { WebSocketServer } = require('ws');
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const bodies = { connect: { client: 'c', expires: false, expired: false, ttl: 0 }, subscribe: { channel: 'flood', status: true, recovered: false } };
  const text = (i) => JSON.stringify({ method: 'message', body: { uid: String(i), channel: 'flood', data: { input: 'a'.repeat(size - 80), number: i } } });
  server.on('connection', (socket) => socket.on('message', (frame) => {
    for (const { uid, method } of [].concat(JSON.parse(frame))) {
      if (bodies[method]) socket.send(JSON.stringify({ uid, method, body: bodies[method] }));
      if (method === 'subscribe') for (let i = 0; i < count; i++) socket.send(text(i));
    }
  }));
  return new Promise((resolve) => server.on('listening', () => resolve({ server, url: `ws://127.0.0.1:${server.address().port}/connection/websocket` })));
}

async function floods(launched, origin, size) {
  const COUNT = 10000;
  const { server, url } = await floodServer(COUNT, size);
  const best = {};
  for (let round = 0; round < Math.ceil(rounds / 3); round++) {
    for (const name of Object.keys(libraries)) {
      const fresh = await page(launched, origin, [name]);
      const rate = await fresh.evaluate(([each, address, count]) => measures.flood(libraries[each], address, count), [name, url, COUNT]);
      best[name] = Math.max(best[name] || 0, rate);
      await fresh.close();
    }
  }
  server.close();
  return best;
}

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--js-flags=--expose-gc', '--enable-precise-memory-info'];

async function page(browser, origin, names) {
  const opened = await browser.newPage();
  await opened.goto(origin + '/');
  await opened.addScriptTag({ url: origin + '/measures.js' });
  await opened.evaluate(() => { window.libraries = {}; window.heap = async () => { gc(); await new Promise((r) => setTimeout(r, 100)); gc(); return performance.memory.usedJSHeapSize; }; });
  for (const name of names) {
    await opened.addScriptTag({ url: origin + '/' + encodeURIComponent(name) });
    await opened.evaluate((each) => { libraries[each] = window.Centrifuge; }, name);
  }
  return opened;
}

async function browser() {
  const server = await serve();
  const origin = `http://127.0.0.1:${server.address().port}`;
  const launched = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags });
  const names = Object.keys(libraries);
  const shared = await page(launched, origin, names);
  const receiver = async (name, bytes, letter) => {
    const key = [name, bytes, letter].join();
    await shared.evaluate(async ([each, ...values]) => { (window.rounds = window.rounds || {})[[each, ...values].join()] = await measures.receiver(libraries[each], ...values); }, [name, bytes, letter]);
    return (count) => shared.evaluate(([each, n]) => window.rounds[each](n), [key, count]);
  };
  const report = { version: launched.version(), messages: await messages(names, receiver) };
  for (const name of names) {
    const starts = [];
    for (let round = 0; round < rounds; round++) {
      const fresh = await page(launched, origin, [name]);
      starts.push(await fresh.evaluate((each) => measures.firstConnect(libraries[each]), name));
      await fresh.close();
    }
    const own = await page(launched, origin, [name]);
    report[name] = {
      connect: best(starts.map((each) => each.took)),
      resubscription: await own.evaluate((each) => measures.resubscription(libraries[each], 1000), name),
      growth: await own.evaluate((each) => measures.growth(libraries[each], 100000, window.heap), name),
    };
  }
  report.floods = { '200 B': await floods(launched, origin, 200), '2 kB': await floods(launched, origin, 2000) };
  await launched.close();
  server.close();
  return report;
}

/* ---- the table ------------------------------------------------------------------------------- */

const row = (...cells) => console.log(`| ${cells.join(' | ')} |`);

function print(where, report) {
  console.log(`\n${where}\n`);
  row('what', ...Object.keys(libraries), 'ours to theirs');
  row('---', ...Object.keys(libraries).map(() => '---'), '---');
  const values = (read, digits, unit) => Object.keys(libraries).map((name) => read(name).toFixed(digits) + unit);
  for (const [kind, times] of Object.entries(report.messages)) {
    const ratio = times['centrifuge 1.5.0'] / times['centrifuge.min.js'];
    row('messages a second, ' + kind, ...Object.keys(libraries).map((name) => Math.round(1e6 / times[name]).toLocaleString('en')), ratio.toFixed(2));
  }
  for (const [kind, rates] of Object.entries(report.floods || {})) {
    row('messages a second over a real WebSocket, ' + kind, ...Object.keys(libraries).map((name) => Math.round(rates[name]).toLocaleString('en')),
      (rates['centrifuge.min.js'] / rates['centrifuge 1.5.0']).toFixed(2));
  }
  const line = (title, member, digits, unit, scale) => {
    const of = (name) => report[name][member] / scale;
    row(title, ...values(of, digits, unit), (of('centrifuge.min.js') / of('centrifuge 1.5.0')).toFixed(2));
  };
  line('constructor to `connect`, first in the process or page', 'connect', 1, ' ms', 1);
  line('1,000 private channels again, from the request on', 'resubscription', 1, ' ms', 1);
  line('heap after 100,000 messages, more than before', 'growth', 1, ' kB', 1024);
}

await bundleExisting();
console.log('| file | bytes | gzip -9 | brotli |');
console.log('|---|---|---|---|');
for (const [name, file] of Object.entries(libraries)) row(name, ...size(file).map((each) => each.toLocaleString('en')));
print(`Node ${process.version}`, await node());
const measured = await browser();
print(`Chromium ${measured.version}`, measured);
process.exit(0);
