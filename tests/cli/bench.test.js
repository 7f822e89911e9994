'use strict';
/* bench: what it counts is what was published and received, whatever happens meanwhile. */
const test = require('node:test');
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { cli, running, server, environment, freePort, CLI } = require('./lib');

let open;
let secure;
test.before(async () => { [open, secure] = await Promise.all([server({ insecure: true, insecure_api: true }), server()]); });
test.after(() => Promise.all([open.stop(), secure.stop()]));

const PATIENT = ['--timeout', '120'];
const bench = (...args) => cli(['bench', 'chat:bench', '--url', open.url, ...PATIENT, ...args]);
const result = async (...args) => {
  const { code, stdout, stderr } = await bench(...args);
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
  assert.strictEqual(stdout.split('\n').length, 2);
  return JSON.parse(stdout);
};

function ascending(latency) {
  const shown = ['min', 'p50', 'p90', 'p99', 'p99.9', 'max'].map((name) => latency[name]);
  assert.deepStrictEqual(shown, [...shown].sort((a, b) => a - b));
  assert.ok(latency.min >= 0 && latency.mean >= latency.min && latency.mean <= latency.max && latency.deviation >= 0);
}

function complete(found, published, subscribers) {
  assert.strictEqual(found.published.messages, published);
  assert.strictEqual(found.received.messages, published * subscribers);
  for (const none of [found.published.refused, found.published.unanswered, found.received.lost, found.received.disordered, found.disconnects]) {
    assert.strictEqual(none, 0);
  }
  assert.strictEqual(found.interrupted, false);
}

for (const [name, way, transport] of [['WebSocket', [], 'raw-websocket'], ['the HTTP API', ['--api'], 'http-api']]) {
  test(`every subscriber gets every message of every publisher, by ${name}`, async () => {
    const found = await result('-p', '3', '-s', '4', '-n', '500', ...way);
    complete(found, 500, 4);
    assert.strictEqual(found.transport, transport);
    ascending(found.published.latency_ms);
    ascending(found.received.latency_ms);
    assert.ok(found.published.per_second > 0 && found.received.per_second > 0 && found.cpu_percent > 0);
  });

  test(`a rate and a duration say how many messages there are, by ${name}`, async () => {
    const found = await result('-p', '2', '-s', '2', '--rate', '200', '--duration', '0.5', ...way);
    complete(found, 100, 2);
    assert.strictEqual(found.rate, 200);
  });

  test(`without subscribers the answers are measured, by ${name}`, async () => {
    const found = await result('-s', '0', '-n', '50', ...way);
    complete(found, 50, 0);
    assert.deepStrictEqual(found.received.latency_ms, {});
    ascending(found.published.latency_ms);
  });
}

for (const transport of ['xhr-streaming', 'xhr-polling']) {
  test(`it measures another transport, too: ${transport}`, async () => {
    const found = await result('-s', '2', '-n', '50', '--transport', transport, '--url', open.url + '/connection');
    complete(found, 50, 2);
    assert.strictEqual(found.transport, transport);
  });
}

test('messages are as large as asked for, and JSON', async () => {
  const sub = running(['sub', 'chat:bench', '--url', open.url, '-n', '3']);
  await sub.event('subscribe');
  await result('-n', '3', '--size', '1000');
  for (let i = 0; i < 3; i++) assert.strictEqual(JSON.stringify((await sub.event('message')).data).length, 1000);
  await sub.code;
});

test('messages of others are not counted', async () => {
  const [one, other, pub] = await Promise.all([
    result('-n', '300', '-s', '2'), result('-n', '300', '-s', '3'),
    cli(['pub', 'chat:bench', '--lines', '--url', open.url], { input: '"x"\n'.repeat(100) }),
  ]);
  complete(one, 300, 2);
  complete(other, 300, 3);
  assert.strictEqual(pub.code, 0);
});

test('--csv prints names and values, as many of each, the same for all that is measured', async () => {
  const { code, stdout } = await bench('-n', '10', '--csv');
  assert.strictEqual(code, 0);
  const [names, values, rest] = stdout.split('\n').map((line) => line.split(','));
  assert.deepStrictEqual(rest, ['']);
  assert.strictEqual(names.length, values.length);
  assert.strictEqual(values[names.indexOf('received')], '10');
  assert.strictEqual(values[names.indexOf('channel')], '"chat:bench"');
  assert.ok(Number(values[names.indexOf('latency_p99_ms')]) > 0);
  const none = (await bench('-n', '10', '--csv', '-s', '0')).stdout.split('\n')[1].split(',');
  assert.strictEqual(none.length, names.length);
  assert.strictEqual(none[names.indexOf('latency_p99_ms')], '');
});

test('a thousand connections at once', async () => {
  complete(await result('-n', '20', '-s', '1000'), 20, 1000);
});

for (const way of [[], ['--api']]) {
  test(`Ctrl-C ends it with what was measured: ${way.join() || 'by WebSocket'}`, async () => {
    const sub = running(['sub', 'chat:bench', '--url', open.url, '-n', '5', '--quiet']);
    const run = running(['bench', 'chat:bench', '--url', open.url, '--rate', '50', '-n', '1000000', ...PATIENT, ...way]);
    await sub.code; // so many were published
    run.child.kill('SIGINT');
    const found = JSON.parse(await run.line());
    assert.strictEqual(await run.code, 1);
    assert.match(run.stderr(), /interrupted before it was done/);
    assert.strictEqual(found.interrupted, true);
    assert.ok(found.published.messages >= 5 && found.published.messages < 1000000);
    assert.strictEqual(found.received.messages + found.received.lost, found.published.messages);
  });
}

test('what a lost server had in its hands is counted as without an answer or lost', async () => {
  const port = await freePort();
  const place = await server({ insecure: true }, port);
  const sub = running(['sub', 'chat:bench', '--url', place.url, '-n', '20', '--quiet']);
  const run = running(['bench', 'chat:bench', '--url', place.url, '-s', '2', '-n', '1000000', ...PATIENT]);
  await sub.code;
  place.child.kill('SIGKILL');
  await new Promise((resolve) => place.child.on('close', resolve));
  run.child.kill('SIGINT');
  const found = JSON.parse(await run.line());
  assert.strictEqual(await run.code, 1);
  assert.ok(found.disconnects >= 1, JSON.stringify(found));
  assert.ok(found.published.unanswered + found.received.lost > 0, JSON.stringify(found));
  assert.match(run.stderr(), /lost a connection to http:\/\/127\.0\.0\.1/);
});

test('a server that is gone for good ends it', async () => {
  const place = await server({ insecure: true });
  const sub = running(['sub', 'chat:bench', '--url', place.url, '-n', '20', '--quiet']);
  const run = running(['bench', 'chat:bench', '--url', place.url, '-s', '2', '-d', '3600', '-w', '5', '--timeout', '3']);
  await sub.code;
  place.child.kill('SIGKILL');
  const found = JSON.parse(await run.line());
  assert.strictEqual(await run.code, 4);
  assert.match(run.stderr(), /: no answer in time \(--timeout SECONDS waits longer\)\n[^]*: \d+ publications had no answer\n/);
  assert.ok(found.published.unanswered >= 5, JSON.stringify(found)); // the window, and what was under way
  assert.strictEqual(found.disconnects, 3); // attempts to come back are none
  await place.stop();
});

for (const [name, way] of [['WebSocket', []], ['the HTTP API', ['--api']]]) {
  test(`with a rate a server that stands still is seen by every message that is due meanwhile, by ${name}`, async () => {
    const place = await server({ insecure: true, insecure_api: true });
    const sub = running(['sub', 'chat:bench', '--url', place.url, '-n', '10', '--quiet']);
    const run = running(['bench', 'chat:bench', '--url', place.url, '-r', '400', '-n', '1000', '-w', '1', ...PATIENT, ...way]);
    await sub.code;
    place.child.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    place.child.kill('SIGCONT');
    const found = JSON.parse(await run.line());
    assert.strictEqual(await run.code, 0);
    // Of 1000 messages 400 were due then, evenly: a tenth of all has waited for more than 750 ms, not one alone.
    for (const { latency_ms: latency } of [found.published, found.received]) assert.ok(latency.p90 >= 300, JSON.stringify(found));
    await place.stop();
  });
}

test('what is refused ends it, with the reason once', async () => {
  for (const [args, code, stderr] of [
    [['nope:x', '-s', '50', '--url', open.url], 3, /^centrifuge-cli: cannot subscribe to nope:x: namespace not found.*\n$/],
    [['quiet:x', '--url', secure.url, '--secret', 'secret'], 3, /^centrifuge-cli: cannot publish to quiet:x: permission denied.*\n$/],
    [['chat:x', '-s', '50', '--url', secure.url, '--secret', 'wrong'], 3, /^centrifuge-cli: the server ended the connection: invalid token.*\n$/],
    [['chat:x', '-s', '50', '--url', 'http://127.0.0.1:1'], 4, /^centrifuge-cli: no connection to http:\/\/127\.0\.0\.1:1: Connection refused\n$/],
    [['chat:x', '-s', '0', '--api', '--url', secure.url, '--secret', 'wrong'], 3, /^centrifuge-cli: .* answered with HTTP status 401: check --secret.*\n$/],
    [['chat:x', '-s', '0', '-p', '5', '--api', '--url', 'http://127.0.0.1:1'], 4, /^centrifuge-cli: http:\/\/127\.0\.0\.1:1: .*\n/],
  ]) {
    const answer = await cli(['bench', ...args, ...PATIENT]);
    assert.strictEqual(answer.code, code, answer.stderr);
    assert.match(answer.stderr, stderr);
  }
});

test('numbers that make no sense are refused', async () => {
  for (const [args, stderr] of [
    [['--size', '10'], /--size is 10: give a whole number from 46 to 16777216/],
    [['-p', '0'], /--publishers is '0': give a whole number from 1 on/],
    [['-s', '-1'], /--subscribers is '-1': give a whole number from 0 on/],
    [['-s', '10001'], /--subscribers is 10001: give a whole number from 0 to 10000/],
    [['-p', '257', '--api'], /--publishers is 257: give a whole number from 1 to 256/],
    [['-w', '70000'], /--window is 70000/],
    [['--rate', '2000000000'], /--rate is 2000000000/],
    [['-n', '5', '-d', '1'], /give one of them/],
    [['--csv', '--json'], /give one of them/],
  ]) {
    const { code, stderr: said } = await bench(...args);
    assert.strictEqual(code, 2);
    assert.match(said, stderr);
  }
});

test('an output that takes nothing is an error', async () => {
  const full = fs.openSync('/dev/full', 'w');
  const child = spawn(CLI, ['bench', 'chat:bench', '-n', '5', '--url', open.url], { env: environment(), stdio: ['ignore', full, 'ignore'] });
  assert.strictEqual(await new Promise((resolve) => child.on('close', resolve)), 1);
  fs.closeSync(full);
});
