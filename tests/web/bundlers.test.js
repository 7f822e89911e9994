'use strict';
/*
 * Bundlers, with no more settings than they need for any program: each bundles a page that imports the package, and one that uses a
 * CommonJS library which requires it; both run in Chromium and get a message.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const lib = require('./lib');

const USE = `
const client = new Centrifuge({ url: 'ws://' + location.host + '/connection/websocket', insecure: true });
client.subscribe('news', (message) => { document.title = message.data.text; });
client.connect();
`;
const ENTRIES = ['import', 'require'];
const pageFor = (script) => '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body>'
  + `<script type="module" src="${script}"></script>`;
const SOURCES = {
  'import.js': "import Centrifuge from 'libcentrifuge';" + USE,
  'require.js': "import start from 'widget';\nstart();\n",
  'import.html': pageFor('/import.js'),
  'require.html': pageFor('/require.js'),
  'node_modules/widget/package.json': { name: 'widget', version: '1.0.0', main: 'index.js' },
  'node_modules/widget/index.js': "const Centrifuge = require('libcentrifuge');\nmodule.exports = function start() {" + USE + '};\n',
};

const PATIENCE = 120000; // ms: only ever reached when something is broken

let folder;
let browser;

before(async () => {
  folder = lib.project();
  lib.write(folder, SOURCES);
  browser = await lib.tool('playwright-core').chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
      '--disable-sync'],
    timeout: PATIENCE,
  });
});

after(() => browser.close());

/* The pages of a folder with bundles, opened: what each has got. */
async function titles(output) {
  const names = fs.readdirSync(output, { recursive: true }).filter((name) => fs.statSync(path.join(output, name)).isFile());
  const server = await lib.scriptedServer(Object.fromEntries(names.map((name) => ['/' + name, fs.readFileSync(path.join(output, name))])));
  try {
    return await Promise.all(ENTRIES.map((name) => title(`http://127.0.0.1:${server.port}/${name}.html`)));
  } finally {
    server.stop();
  }
}

async function title(address) {
  const page = await browser.newPage();
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => wrong.push(message.text()));
  await page.goto(address, { timeout: PATIENCE });
  await page.waitForFunction(() => document.title !== '', null, { timeout: PATIENCE }).catch((error) => wrong.push(error.message));
  assert.deepStrictEqual(wrong, []);
  return page.title();
}

/* A folder for bundles, with the pages that load them. */
function outputOf(bundler) {
  const output = path.join(folder, bundler);
  lib.write(output, Object.fromEntries(ENTRIES.map((name) => [name + '.html', SOURCES[name + '.html']])));
  return output;
}

const input = (name) => path.join(folder, name + '.js');

async function withEsbuild(output) {
  await lib.tool('esbuild').build({ entryPoints: ENTRIES.map(input), bundle: true, outdir: output, logLevel: 'error' });
}

async function withRollup(output) {
  const { rollup } = lib.tool('rollup');
  const { nodeResolve } = lib.tool('@rollup/plugin-node-resolve');
  const commonjs = lib.tool('@rollup/plugin-commonjs');
  for (const name of ENTRIES) {
    const plugins = name === 'import' ? [nodeResolve()] : [nodeResolve(), commonjs()];
    const bundle = await rollup({ input: input(name), plugins, onwarn(warning) { throw new Error(warning.message); } });
    await bundle.write({ file: path.join(output, name + '.js') });
    await bundle.close();
  }
}

async function withWebpack(output) {
  const webpack = lib.tool('webpack');
  const entry = Object.fromEntries(ENTRIES.map((name) => [name, input(name)]));
  const compiler = webpack({ mode: 'production', context: folder, entry, output: { path: output }, performance: false });
  const stats = await promisify(compiler.run.bind(compiler))();
  await promisify(compiler.close.bind(compiler))();
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  assert.deepStrictEqual([...errors, ...warnings], []);
}

async function withVite(output) {
  const { build } = await lib.importTool('vite/dist/node/index.js');
  const pages = ENTRIES.map((name) => path.join(folder, name + '.html'));
  await build({ root: folder, configFile: false, logLevel: 'warn', build: { outDir: output, emptyOutDir: true, rollupOptions: { input: pages } } });
}

for (const [name, bundle] of Object.entries({ esbuild: withEsbuild, rollup: withRollup, webpack: withWebpack, vite: withVite })) {
  test(name, async () => {
    const output = outputOf(name);
    await bundle(output);
    assert.deepStrictEqual(await titles(output), ['hello', 'hello']);
  });
}

test('what is imported and not used is left out', async () => {
  lib.write(folder, { 'unused.js': "import Centrifuge from 'libcentrifuge';\nconsole.log('nothing');\n" });
  const { outputFiles } = await lib.tool('esbuild').build({ entryPoints: [input('unused')], bundle: true, write: false, logLevel: 'error' });
  assert.ok(outputFiles[0].text.length < 200, outputFiles[0].text.slice(0, 1000));
});
