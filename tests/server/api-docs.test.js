'use strict';
/* The examples of docs/http-api.md, in their order in one shell: they print what is shown. `...` stands for what is another one each time. */
const { test } = require('node:test');
const assert = require('node:assert');
const { spawn } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { Server } = require('./lib');

const PAGE = fs.readFileSync(path.join(__dirname, '../../docs/http-api.md'), 'utf8');
const METHODS = ['publish', 'broadcast', 'unsubscribe', 'disconnect', 'presence', 'history', 'channels', 'stats', 'node'];
const CONFIG = JSON.parse(/```json\n([^`]*)```/.exec(PAGE)[1]);
const MARK = 'that was all';

/* What stands in a shell's blocks: commands, each with the lines that it prints. */
const steps = [...PAGE.matchAll(/```console\n([^`]*)```/g)].flatMap(([, block]) => block.trimEnd().split(/^\$ /m).slice(1)).map((text) => {
  const [command, ...lines] = text.trimEnd().split('\n');
  return { command, shown: lines.join('\n') };
});

function pattern(shown) {
  const quoted = shown.split('...').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp('^' + quoted.join('.*') + '$');
}

/* Runs all of them in one shell; what each printed. */
async function run(commands) {
  const shell = spawn('bash', ['-s'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  shell.stdout.on('data', (data) => { output += data; });
  for (const command of commands) shell.stdin.write(command + '\nprintf "\\n' + MARK + '\\n"\n');
  shell.stdin.end();
  await new Promise((resolve) => shell.on('close', resolve));
  return output.split('\n' + MARK + '\n').slice(0, commands.length).map((text) => text.trim());
}

async function connected(server) {
  const client = await server.client();
  const timestamp = String(Math.floor(Date.now() / 1000));
  const token = crypto.createHmac('sha256', CONFIG.secret).update('42' + timestamp).digest('hex');
  assert.strictEqual((await client.command('connect', { user: '42', info: '', timestamp, token })).error, undefined);
  assert.strictEqual((await client.command('subscribe', { channel: 'chat:room' })).body.status, true);
  return client;
}

test('every method has an example', () => {
  for (const method of METHODS) {
    const [, section] = PAGE.split('\n### ' + method + '\n');
    assert.match(section.split('\n### ')[0], new RegExp('"method": "' + method + '"[^]*\\n\\$ curl '), method);
  }
});

test('the examples of the HTTP API print what is shown', async () => {
  const server = await Server.start(CONFIG);
  try {
    const client = await connected(server);
    const printed = await run(steps.map(({ command }) => command.replace('127.0.0.1:8000', '127.0.0.1:' + server.port)));
    steps.forEach(({ command, shown }, i) => assert.match(printed[i] ?? '', pattern(shown), command));
    await client.waitClosed();
  } finally {
    await server.stop();
  }
});
