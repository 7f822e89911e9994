'use strict';
/* What a reader of the guides has installed: the library where pkg-config finds it, the npm package, the command line; and a shell with that. */
const { execFileSync, spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { environment, CLI } = require('../cli/lib');

const TOP = path.join(__dirname, '../..');
const BUILD = path.dirname(path.resolve(CLI));

/* A build with sanitizers needs them in its users, too. */
function compiler(home, name, language) {
  const cache = fs.readFileSync(path.join(BUILD, 'CMakeCache.txt'), 'utf8');
  const [, program] = new RegExp(`^CMAKE_${language}_COMPILER:\\w+=(.*)`, 'm').exec(cache);
  const [, sanitizers] = /^CENTRIFUGE_SANITIZE:\w+=(.*)/m.exec(cache);
  const flags = sanitizers ? `-fsanitize=${sanitizers}` : '';
  fs.writeFileSync(path.join(home, 'bin', name), `#!/bin/sh\nexec ${program} ${flags} "$@"\n`, { mode: 0o755 });
}

/* The folder of it all, which the caller removes. */
function install() {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-guides-'));
  execFileSync('cmake', ['--install', BUILD, '--prefix', path.join(home, 'prefix')], { stdio: 'ignore' });
  for (const folder of ['bin', 'modules']) fs.mkdirSync(path.join(home, folder));
  for (const name of ['centrifuge-cli', 'centrifuged']) fs.symlinkSync(path.resolve(BUILD, name), path.join(home, 'bin', name));
  compiler(home, 'cc', 'C');
  compiler(home, 'c++', 'CXX');
  fs.symlinkSync(path.join(TOP, 'dist/npm'), path.join(home, 'modules/libcentrifuge'));
  const ws = path.join(TOP, 'tests/conformance/node_modules/ws');
  fs.writeFileSync(path.join(home, 'websocket.js'), `globalThis.WebSocket ??= require(${JSON.stringify(ws)});\n`);
  return home;
}

/* { child, output, errors, end }: a shell in `folder`; `more` is further environment. */
function shell(home, folder, more) {
  const libraries = path.dirname(execFileSync('find', [path.join(home, 'prefix'), '-name', 'libcentrifuge.so']).toString().trim());
  const env = environment({
    PATH: path.join(home, 'bin') + ':' + process.env.PATH,
    PKG_CONFIG_PATH: path.join(libraries, 'pkgconfig'),
    LD_LIBRARY_PATH: libraries,
    NODE_PATH: path.join(home, 'modules'),
    NODE_OPTIONS: '--require ' + path.join(home, 'websocket.js'),
    ...more,
  });
  const child = spawn('bash', ['-s'], { cwd: folder, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const self = { child, output: '', errors: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => { self.output += text; });
  child.stderr.setEncoding('utf8').on('data', (text) => { self.errors += text; });
  self.code = new Promise((resolve) => child.on('close', resolve));
  self.end = async () => {
    try { process.kill(-child.pid, 'SIGKILL'); } catch { /* it has ended */ }
    await self.code;
  };
  return self;
}

module.exports = { install, shell, TOP, BUILD };
