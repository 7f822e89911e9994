'use strict';
/* The npm package: what is in it, what the usual judges say, and that Node can use it in every way there is. */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { execFile, execFileSync } = require('node:child_process');
const { promisify } = require('node:util');
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');
const lib = require('./lib');

const FILES = [
  'LICENSE',
  'README.md',
  'asm/package.json',
  'dist/centrifuge.asm.js',
  'dist/centrifuge.asm.js.map',
  'dist/centrifuge.asm.mjs',
  'dist/centrifuge.asm.mjs.map',
  'dist/centrifuge.d.mts',
  'dist/centrifuge.d.ts',
  'dist/centrifuge.js',
  'dist/centrifuge.js.map',
  'dist/centrifuge.min.js',
  'dist/centrifuge.min.js.map',
  'dist/centrifuge.mjs',
  'dist/centrifuge.mjs.map',
  'package.json',
];

let folder;
let server;

before(async () => {
  folder = lib.project();
  server = await lib.scriptedServer();
});

after(() => server.stop());

const installed = (name) => path.join(folder, 'node_modules/libcentrifuge', name);
const manifest = () => JSON.parse(fs.readFileSync(installed('package.json'), 'utf8'));

/* Runs a program of the project; what it printed. */
async function run(name, text, ...words) {
  lib.write(folder, { [name]: text });
  const { stdout } = await promisify(execFile)(process.execPath, [name, ...words], { cwd: folder, timeout: 120000 });
  return stdout.trim();
}

/* A program that prints the one message. Node 18 and 20 lack a WebSocket, so it brings its own, as the guide says. */
const program = (load) => load + `
globalThis.WebSocket = require(${JSON.stringify(lib.tool.resolve('ws'))});
const client = new Centrifuge({ url: 'ws://127.0.0.1:${server.port}', insecure: true });
client.subscribe('news', (message) => {
  console.log(message.data.text);
  client.disconnect();
});
client.connect();
`;
const imported = (load) => program("import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);\n" + load);

test('the files', () => {
  assert.deepStrictEqual(lib.pack().files, FILES);
});

test('the manifest: the version of the project, no scripts, no dependencies', () => {
  const { version, scripts, dependencies, peerDependencies, optionalDependencies } = manifest();
  const project = fs.readFileSync(path.join(lib.root, 'CMakeLists.txt'), 'utf8').match(/^project\(centrifuge VERSION ([0-9.]+)/m)[1];
  assert.strictEqual(version, project);
  assert.deepStrictEqual([scripts, dependencies, peerDependencies, optionalDependencies], [undefined, undefined, undefined, undefined]);
});

test('publint has nothing to say', async () => {
  const { publint } = await lib.importTool('publint/src/index-node.js');
  const { messages } = await publint({ pkgDir: installed('.'), level: 'suggestion', strict: true, pack: false });
  assert.deepStrictEqual(messages, []);
});

test('the types are right in every kind of module resolution', async () => {
  const { Package, checkPackage } = await lib.importTool('@arethetypeswrong/core/dist/index.js');
  // Not its reader of tarballs: with today's fflate that keeps only the last chunk.
  const files = FILES.map((name) => ['/node_modules/libcentrifuge/' + name, fs.readFileSync(installed(name))]);
  const { types, entrypoints, problems } = await checkPackage(new Package(Object.fromEntries(files), 'libcentrifuge', manifest().version));
  assert.deepStrictEqual(types, { kind: 'included' });
  assert.deepStrictEqual(problems, []);
  for (const name of ['.', './asm']) {
    for (const { resolution } of Object.values(entrypoints[name].resolutions)) assert.match(resolution.fileName, /centrifuge\.d\.m?ts$/);
  }
});

test('require', async () => {
  assert.strictEqual(await run('require.js', program("const Centrifuge = require('libcentrifuge');")), 'hello');
  assert.strictEqual(await run('named.js', program("const { Centrifuge } = require('libcentrifuge');")), 'hello');
  assert.strictEqual(await run('require-asm.js', program("const Centrifuge = require('libcentrifuge/asm');")), 'hello');
});

test('import', async () => {
  assert.strictEqual(await run('default.mjs', imported("import Centrifuge from 'libcentrifuge';")), 'hello');
  assert.strictEqual(await run('named.mjs', imported("import { Centrifuge } from 'libcentrifuge';")), 'hello');
  assert.strictEqual(await run('asm.mjs', imported("import Centrifuge from 'libcentrifuge/asm';")), 'hello');
});

test('a server that is not there is a failed attempt, not an exception of the program', async () => {
  const text = `
const Centrifuge = require('libcentrifuge');
globalThis.WebSocket = require(${JSON.stringify(lib.tool.resolve('ws'))});
const client = new Centrifuge({ url: 'ws://127.0.0.1:1', insecure: true });
client.on('disconnect', ({ reason, reconnect }) => {
  console.log(reason, reconnect);
  client.disconnect();
});
client.connect();
`;
  assert.match(await run('refused.js', text), /^connection closed true$/m);
});

test('without a WebSocket the program is told', async () => {
  const text = `
const Centrifuge = require('libcentrifuge');
delete globalThis.WebSocket;
const client = new Centrifuge({ url: 'ws://127.0.0.1:1', insecure: true });
client.on('error', ({ message }) => console.log(message.error));
client.on('disconnect', ({ reconnect }) => console.log(reconnect));
client.connect();
`;
  assert.strictEqual(await run('none.js', text), 'transport could not be opened\nfalse');
});

test('in the place of centrifuge 1.x, under its name', async () => {
  const other = lib.project('centrifuge');
  lib.write(other, { 'old.mjs': imported("import Centrifuge from 'centrifuge';") });
  const { stdout } = await promisify(execFile)(process.execPath, ['old.mjs'], { cwd: other, timeout: 120000 });
  assert.strictEqual(stdout.trim(), 'hello');
});

test('the minified file', async () => {
  assert.strictEqual(await run('min.js', program("const Centrifuge = require('libcentrifuge/dist/centrifuge.min.js');")), 'hello');
});

test('a worker thread', async () => {
  lib.write(folder, {
    'worker.js': program("const Centrifuge = require('libcentrifuge');"),
    'worker.mjs': imported("import Centrifuge from 'libcentrifuge';"),
  });
  const start = (name) => `const { Worker } = require('node:worker_threads'); new Worker('./${name}');`;
  assert.strictEqual(await run('main.js', start('worker.js')), 'hello');
  assert.strictEqual(await run('main.js', start('worker.mjs')), 'hello');
});

test('loading it does nothing: no global appears, nothing is compiled, no timer keeps the process', async () => {
  const watch = `
const before = Object.getOwnPropertyNames(globalThis).join();
for (const name of ['compile', 'instantiate', 'Module', 'Instance', 'Memory']) WebAssembly[name] = function () { throw new Error(name); };
const check = () => console.log(Object.getOwnPropertyNames(globalThis).join() === before);
`;
  assert.strictEqual(await run('idle.js', watch + "require('libcentrifuge'); check();"), 'true');
  assert.strictEqual(await run('idle.mjs', watch + "await import('libcentrifuge'); check();"), 'true');
});

test('source maps name their sources and carry them', () => {
  for (const name of FILES.filter((each) => each.endsWith('.map'))) {
    const { version, sources, sourcesContent } = JSON.parse(fs.readFileSync(installed(name), 'utf8'));
    assert.strictEqual(version, 3);
    assert.ok(sources.length > 0 && sources.every((each) => !path.isAbsolute(each)), name);
    assert.ok(sourcesContent && sourcesContent.length === sources.length && sourcesContent.every(Boolean), name);
    const end = fs.readFileSync(installed(name.replace(/\.map$/, '')), 'utf8').trimEnd().split('\n').pop();
    assert.strictEqual(end, '//# sourceMappingURL=' + path.basename(name));
  }
});

/* Bytes; docs/performance.md says where they are. */
const MIN_GZIP_MAX = 25000;

test('sizes', (t) => {
  for (const name of FILES.filter((each) => /\.m?js$/.test(each))) {
    const bytes = fs.readFileSync(installed(name));
    const gzip = execFileSync('gzip', ['-9'], { input: bytes }).length;
    t.diagnostic(`${name}: ${bytes.length} bytes, gzip ${gzip}, brotli ${zlib.brotliCompressSync(bytes).length}`);
    if (name === 'dist/centrifuge.min.js') assert.ok(gzip <= MIN_GZIP_MAX, `${gzip} bytes`);
  }
});
