'use strict';
/* Configuration files in YAML and TOML: the same options, checks and messages as in JSON. */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { SECRET, Server, until, runProgram, temporaryFolder } = require('./lib');

const YAML = `# shared by two namespaces
secret: ${SECRET}
address: 127.0.0.1
port: 0
namespaces:
  - &open {name: open, publish: yes, presence: on}
  - <<: *open
    name: chat
    history_size: 0x10
    history_lifetime: 60
`;
const TOML = `# one namespace
secret = "${SECRET}"
address = "127.0.0.1"
port = 0

[[namespaces]]
name = "chat"
presence = true
history_size = 0x10
history_lifetime = 60
`;

/* What is wrong with the file's third line, in the words of the log. */
const WRONG_ADDRESS = ":3:1: option 'address' is '127.0.0.1:8000', for which ListenAndServe has no address";

for (const [name, text] of [['config.yaml', YAML], ['config.toml', TOML]]) {
  test('the server runs on ' + name + ', and reads it again', async () => {
    const server = await Server.start(text, [], name);
    try {
      await server.publish('chat:x', 1);
      const [history] = await server.api({ method: 'history', params: { channel: 'chat:x' } });
      assert.deepStrictEqual(history.body.data.map((message) => message.data), [1]);
      server.writeConfig(text.replace('127.0.0.1', '127.0.0.1:8000'));
      server.signal('SIGHUP');
      await until(() => server.output.includes('[C]') && server.output.includes(server.file + WRONG_ADDRESS), 'the place of the error');
      server.writeConfig(text.replace(/ *history_size.*\n/, ''));
      server.signal('SIGHUP');
      await until(() => /successfully reloaded/.test(server.output), 'the reload');
      const [gone] = await server.api({ method: 'history', params: { channel: 'chat:x' } });
      assert.strictEqual(gone.error, 'not available');
    } finally {
      await server.stop();
    }
  });
}

test('genconfig writes what checkconfig likes, for its owner alone', async () => {
  const folder = temporaryFolder();
  try {
    for (const [name, shape] of [['a.json', /^\{\n  "secret": "[-0-9a-f]{36}"\n\}\n$/], ['a.yaml', /^secret: [-0-9a-f]{36}\n$/], ['a.yml', /^secret: /], ['a.toml', /^secret = "[-0-9a-f]{36}"\n$/]]) {
      const made = await runProgram(['genconfig', '-c', name], { cwd: folder });
      assert.deepStrictEqual([made.code, made.out, made.err], [0, '', ''], name);
      assert.match(fs.readFileSync(path.join(folder, name), 'utf8'), shape);
      assert.strictEqual(fs.statSync(path.join(folder, name)).mode & 0o777, 0o600);
      const checked = await runProgram(['checkconfig', name], { cwd: folder });
      assert.deepStrictEqual([checked.code, checked.out, checked.err], [0, '', ''], name);
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
