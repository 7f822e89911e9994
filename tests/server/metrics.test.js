'use strict';
/* /metrics: what Prometheus reads, what its own tool says of it, and what the dashboard asks for. */
const { test } = require('node:test');
const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Server, until } = require('./lib');
const { freePort } = require('./redis');

const TOP = path.join(__dirname, '../..');
const PROMTOOL = ['/usr/bin/promtool', path.join(TOP, 'build/prometheus/usr/bin/promtool')].find((file) => fs.existsSync(file));
const CONFIG = { prometheus: true, namespaces: [{ name: 'chat', publish: true, join_leave: true, history_size: 5, history_lifetime: 60 }] };

async function scrape(server, more) {
  const { status, text, headers } = await server.request(Object.assign({ method: 'GET', path: '/metrics' }, more));
  if (status === 200) assert.strictEqual(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  return status === 200 ? text : status;
}

/* The samples by name and labels. */
function values(text) {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

/* Two clients who talk, and a request that is refused. */
async function life(server) {
  const [ann, bob] = [await server.client('ann'), await server.client('bob')];
  for (const client of [ann, bob]) assert.strictEqual((await client.command('subscribe', { channel: 'chat:x' })).body.status, true);
  await ann.command('publish', { channel: 'chat:x', data: 'hello' });
  await bob.push('message');
  assert.strictEqual((await server.request({}, '')).status, 400);
  return [ann, bob];
}

test('metrics are told on admin_port, and only where they are asked for', async () => {
  const closed = await Server.start({});
  assert.strictEqual(await scrape(closed), 404);
  await closed.stop();
  const server = await Server.start({ prometheus: true, admin_port: await freePort() });
  try {
    assert.deepStrictEqual([await scrape(server, { port: server.ports[0] }), typeof await scrape(server, { port: server.ports[1] })], [404, 'string']);
    server.writeConfig(Object.assign({}, server.config, { prometheus: false }));
    server.signal('SIGHUP');
    await until(async () => await scrape(server, { port: server.ports[1] }) === 404, 'the reload');
  } finally {
    await server.stop();
  }
});

test('metrics say what has happened', async () => {
  const server = await Server.start(CONFIG);
  try {
    const [ann, bob] = await life(server);
    const now = values(await scrape(server));
    const expected = {
      'centrifuged_connections{transport="websocket"}': 2, centrifuged_clients: 2, centrifuged_users: 2, centrifuged_channels: 1, centrifuged_subscriptions: 2,
      'centrifuged_client_commands_total{method="connect"}': 2, 'centrifuged_client_commands_total{method="publish"}': 1,
      'centrifuged_engine_published_total{kind="message"}': 1, 'centrifuged_engine_published_total{kind="join"}': 2,
      'centrifuged_refusals_total{reason="bad_call"}': 1, centrifuged_client_messages_received_total: 5, centrifuged_client_message_duration_seconds_count: 5,
      'centrifuged_http_requests_total{endpoint="api"}': 1, centrifuged_queue_bytes: 0, centrifuged_engine_up: 1,
    };
    for (const [name, value] of Object.entries(expected)) assert.strictEqual(now[name], value, name);
    assert.ok(now.process_resident_memory_bytes > 1e6 && now.centrifuged_engine_probe_duration_seconds_count >= 1);
    await server.api({ method: 'disconnect', params: { user: 'ann' } });
    await ann.waitClosed();
    bob.ws.terminate();
    await until(async () => values(await scrape(server)).centrifuged_clients === 0, 'both to be gone');
    const later = values(await scrape(server));
    assert.strictEqual(later['centrifuged_client_closes_total{reason="disconnect"}'], 1);
    assert.strictEqual(later.centrifuged_subscriptions, 0);
  } finally {
    await server.stop();
  }
});

test('what waits for a client that does not read is told, and that it was closed as slow', async () => {
  const server = await Server.start(Object.assign({ client_queue_max_size: 4000000, publish_wait_timeout: 0 }, CONFIG));
  try {
    const [, bob] = await life(server);
    bob.ws._socket.pause();
    const data = 'x'.repeat(100000);
    let longest = 0;
    await until(async () => {
      await server.publish('chat:x', data);
      const now = values(await scrape(server));
      longest = Math.max(longest, now.centrifuged_queue_longest_bytes);
      return now['centrifuged_client_closes_total{reason="slow"}'] === 1;
    }, 'the close');
    assert.ok(longest > 100000, 'longest queue: ' + longest);
  } finally {
    await server.stop();
  }
});

test('docs/metrics.md has every metric, with its type and meaning', async () => {
  const server = await Server.start(CONFIG);
  try {
    const text = await scrape(server);
    const rows = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name, help, type]) => '| `' + name + '` | ' + type + ' | ' + help + ' |\n');
    const page = fs.readFileSync(path.join(TOP, 'docs/metrics.md'), 'utf8');
    for (const [, reason] of text.matchAll(/^centrifuged_refusals_total\{reason="(\w+)"/gm)) assert.ok(page.includes('`' + reason + '`'), reason);
    assert.ok(page.includes('|---|---|---|\n' + rows.join('')), 'the table of docs/metrics.md should be:\n' + rows.join(''));
  } finally {
    await server.stop();
  }
});

test("promtool finds nothing, and all that the dashboard names is there", { skip: !PROMTOOL && 'no promtool: scripts/install-packages' }, async () => {
  const server = await Server.start(CONFIG);
  try {
    await life(server);
    const text = await scrape(server);
    const checked = spawnSync(PROMTOOL, ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.deepStrictEqual([checked.status, checked.stdout, checked.stderr], [0, '', '']);
    const told = new Set(text.match(/^[a-z_]+/gm));
    const dashboard = JSON.parse(fs.readFileSync(path.join(TOP, 'share/grafana/centrifuged.json'), 'utf8'));
    const asked = dashboard.panels.flatMap((panel) => panel.targets.map((target) => target.expr)).concat(dashboard.templating.list[1].definition);
    const named = new Set(asked.flatMap((expr) => expr.match(/\b(centrifuged|process)_[a-z_]+/g)));
    assert.ok(named.size > 20);
    assert.deepStrictEqual([...named].filter((name) => !told.has(name)), []);
  } finally {
    await server.stop();
  }
});
