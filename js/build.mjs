/*
 * Builds dist/: centrifuge.js in its forms, their types and source maps, and the npm package. `node js/build.mjs [FOLDER]`, in
 * place of dist/; scripts/web installs what it needs before. The same sources give the same bytes.
 *
 * Debian's clang, lld and binaryen make the core from C; esbuild puts the JavaScript around it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import esbuild from 'esbuild';
import { minify } from 'terser';
import { arrange, renameExports } from './arrange.mjs';
import { gzipSize, putPacked } from './pack.mjs';

const require = createRequire(import.meta.url);
const { camel } = require('./api/options.js');

const here = path.dirname(fileURLToPath(import.meta.url));
const top = path.dirname(here);
const dist = path.resolve(top, process.argv[2] || 'dist');
const work = process.argv[2] ? dist + '.work' : path.join(top, 'build', 'web');
const made = path.join(work, 'dist');
const inWork = (name) => path.join(work, name);

const read = (...names) => fs.readFileSync(path.join(top, ...names), 'utf8');
const run = (command, values) => execFileSync(command, values, { cwd: top, stdio: ['ignore', 'inherit', 'inherit'] });

const version = /project\(centrifuge VERSION ([0-9.]+)/.exec(read('CMakeLists.txt'))[1];

/* ---- the core: src/ -> WebAssembly, and the same as JavaScript ------------------------------- */

const rooms = ['base', 'json', 'wire', 'wire/v1', 'client', 'web'];
const sources = rooms.flatMap((room) => fs.readdirSync(path.join(top, 'src', room)).filter((name) => name.endsWith('.c')).sort().map((name) => `src/${room}/${name}`));

/* What every browser has that can compile WebAssembly at once: Chrome 114, Firefox 79, Safari 15. */
const features = ['bulk-memory', 'sign-ext', 'nontrapping-fptoint'];

const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Wconversion', '-Wshadow', '-Wstrict-prototypes', '-Werror'];

/*
 * What LLVM does with the whole program. Its own pipeline for small code brings half a kilobyte more: there, variables become registers
 * before functions are put into their callers, which then look too large.
 */
const passes = 'internalize,globaldce,ipsccp,mergefunc,ipsccp,cgscc(argpromotion),function(instcombine),cgscc(inline),'
  + 'function(simplifycfg<sink-common-insts>,jump-threading,sroa,memcpyopt,sink,early-cse,dce,correlated-propagation,'
  + 'simplifycfg<sink-common-insts>,early-cse,instcombine,reassociate,loop-simplify)';

/* src/ -> NAME.wasm in the work folder */
function compile(name, wanted) {
  const folder = inWork(name);
  fs.mkdirSync(folder, { recursive: true });
  const flags = ['--target=wasm32-unknown-unknown', '-std=c11', '-emit-llvm', '-Xclang', '-disable-llvm-passes', '-ffreestanding', '-fbuiltin',
    '-nostdlibinc', '-fvisibility=hidden', '-ffunction-sections', '-fdata-sections', ...wanted.map((feature) => '-m' + feature), ...warnings,
    '-Isrc', '-Iinclude', '-isystem', 'src/base/freestanding'];
  const parts = sources.map((source) => {
    const part = `${folder}/${source.slice(4).replaceAll('/', '-')}.bc`;
    run('clang', [...flags, '-Oz', '-c', source, '-o', part]);
    return part;
  });
  run('llvm-link', [...parts, '-o', `${folder}/linked.bc`]);
  // the three stay: without an instruction for it, a copy becomes a call of them
  run('opt', ['-passes=' + passes, '-internalize-public-api-list=memcpy,memmove,memset', '-inline-threshold=-5', `${folder}/linked.bc`, '-o', `${folder}/core.bc`]);
  run('wasm-ld', ['--no-entry', '--gc-sections', '--strip-all', '--stack-first', '-z', 'stack-size=4096', '--lto-O0', ...['-disable-lsr', '-disable-machine-licm', '-pre-RA-sched=list-ilp'].flatMap((flag) => ['-mllvm', flag]),
    `${folder}/core.bc`, '-o', `${folder}.wasm`]);
}

function prepare() {
  fs.rmSync(work, { recursive: true, force: true });
  fs.mkdirSync(work, { recursive: true });
}

/*
 * What wasm-opt does then: functions that are used once, or are that small, become part of their callers. Both lists are the best of
 * some hundred that were tried.
 */
const steps = ['--optimize-added-constants-propagate', '--vacuum', '--local-cse', '--remove-unused-module-elements', '--flatten',
  '--rereloop', '--merge-blocks', '--converge', '--vacuum', '--ssa-nomerge', '--rse', '--simplify-locals-notee', '--merge-locals', '--code-folding', '--coalesce-locals', '--pick-load-signs', '--merge-locals',
  '--simplify-locals-nostructure', '-aimfs=6', '-Oz', '-Oz'];

function wasmCore() {
  compile('linked', features);
  /*
   * low-memory-unused: no address below 1024 is ever used, so that offsets of members need no addition of their own. The stack lies there,
   * 4 KiB that are filled from above; nothing is recursive, and the deepest calls take less than one.
   */
  run('wasm-opt', ['--enable-bulk-memory', '--enable-sign-ext', '--enable-nontrapping-float-to-int', '--low-memory-unused', '--strip-producers', ...steps,
    inWork('linked.wasm'), '-o', inWork('core.wasm')]);
  return arrange(fs.readFileSync(inWork('core.wasm')));
}

/* As a module for esbuild, in the place of web/wasm.js. */
function asmModule() {
  compile('plain', []);
  run('wasm2js', ['-Oz', inWork('plain.wasm'), '-o', inWork('core.asm.mjs')]);
  const text = fs.readFileSync(inWork('core.asm.mjs'), 'utf8');
  const [head, tail] = [/^(import \{ \w+ \} from 'e';\n)+/, 'export var memory'];
  if (!head.test(text) || !text.includes(tail)) throw new Error('wasm2js writes another frame than js/build.mjs knows');
  return `export default ({ e: { r, g } }) => {\n${text.slice(0, text.indexOf(tail)).replace(head, '')}return retasmFunc;\n};\n`;
}

/* ---- errors: those that a page can meet, from the one table ------------------------------------ */

const met = ['NO_MEMORY', 'INVALID_ARGUMENT', 'INVALID_OPTION', 'INVALID_URL', 'UNSUBSCRIBED', 'LIMIT_QUEUE', 'LIMIT_CALLS', 'LIMIT_SUBSCRIPTIONS', 'INVALID_JSON', 'LIMIT_CHANNEL', 'LIMIT_FRAME_SIZE'];

const warned = ['LIMIT_QUEUE', 'LIMIT_CALLS', 'LIMIT_SUBSCRIPTIONS']; // told by their names, in `highWater`

/* Options have other names in JavaScript. */
function errorsModule() {
  const rows = [...read('include/centrifuge/error.h').matchAll(/X\((\d+), (\w+), "(.*?)", ([01])\)/g)].filter(([, , name]) => met.includes(name));
  if (rows.length !== met.length) throw new Error('include/centrifuge/error.h lacks an error of js/build.mjs');
  const members = rows.map(([, number, name, text, temporary]) => {
    const row = [`text: ${JSON.stringify(camel(text))}`];
    if (temporary === '1') row.push('temporary: true');
    if (warned.includes(name)) row.push(`name: '${name}'`);
    return `  ${number}: { ${row.join(', ')} },`;
  });
  return `export default {\n${members.join('\n')}\n};\n`;
}

/* ---- the files ------------------------------------------------------------------------------------ */

const banner = `/*! centrifuge.js ${version} (MIT) */`;
const PLACE = '"@packed@"'; // where the core's module is put in the end

const umdHead = `(function (root, factory, packed) {
  if (typeof exports === 'object' && typeof module === 'object') module.exports = factory(packed);
  else if (typeof define === 'function' && define.amd) define([], () => factory(packed));
  else root.Centrifuge = factory(packed);
})(globalThis, function (packed) {
'use strict';`;

/* The module's export, which is its last statement, becomes the factory's value. */
function closeUmd(file) {
  const text = fs.readFileSync(file, 'utf8');
  const closed = text.replace(/export \{\n  (\w+) as default\n\};\n/, `return $1;\n}, ${PLACE});\n`);
  if (closed === text) throw new Error('esbuild writes another end of a module than js/build.mjs knows');
  fs.writeFileSync(file, closed);
}

/*
 * The sources are CommonJS, so that bindings/node has them as they are. As ES modules they become one scope, and much shorter.
 */
function asModule(name) {
  const text = fs.readFileSync(name, 'utf8')
    .replace(/^'use strict';\n/, '')
    .replace(/^const (.+) = require\((.+)\);/gm, 'import $1 from $2;')
    .replace(/^module\.exports = (\{ [\w, ]+ \});/m, 'export $1;')
    .replace(/^module\.exports = /m, 'export default ');
  if (/\b(require\(|module\.exports)/.test(text)) throw new Error(name + ': require and module.exports stand at the beginning of a line, once');
  return text;
}

/* By name: a file of web/, or a text. */
function virtual(modules) {
  return {
    name: 'virtual',
    setup(build) {
      build.onResolve({ filter: /^centrifuge-/ }, ({ path: name }) => {
        const isFile = /^\w+\.js$/.test(modules[name]);
        return isFile ? { path: path.join(here, 'web', modules[name]) } : { path: name, namespace: 'virtual' };
      });
      build.onLoad({ filter: /js\/(api|web)\/\w+\.js$/ }, ({ path: name }) => ({ contents: asModule(name), loader: 'js' }));
      build.onLoad({ filter: /.*/, namespace: 'virtual' }, ({ path: name }) => ({ contents: modules[name], loader: 'js', resolveDir: here }));
    },
  };
}

/* Numbers in place of names: where members stand in the core's structs, which src/web/bridge.c asserts, and the acts that it lists. */
const layout = JSON.parse(read('js/web/layout.json'));
const { members } = require('./web/members.js');
const acts = [...read('src/web/bridge.c').matchAll(/^    ACT_(\w+),/gm)].map(([, name], i) => [name, i]);
const named = (prefix, offsets) => Object.entries(offsets).map(([name, offset]) => [`${prefix}.${name}`, String(offset)]);
const constants = {
  ...Object.fromEntries([...named('Effect', layout.effect), ...named('Option', layout.options), ...named('Act', Object.fromEntries(acts)), ...named('Shown', layout.window)]),
  ...Object.fromEntries(Object.entries(layout.push).map(([name, text]) => ['Push.' + name, JSON.stringify(text)])),
  OFFSETS: JSON.stringify(members.map((name) => layout.options[name])),
};

const ours = { 'centrifuge-core': 'wasm.js', 'centrifuge-encoding': 'encoding.js' };

/* `core`: another module than web/wasm.js, for hosts that may lack more than WebAssembly. */
async function bundle(name, format, core) {
  const umd = format === 'cjs';
  const parts = core ? { 'centrifuge-core': core, 'centrifuge-encoding': 'fallback.js' } : ours;
  const entry = umd ? "export { default } from './index.js';" : "export { default, default as Centrifuge } from './index.js';";
  await esbuild.build({
    stdin: { contents: entry, resolveDir: path.join(here, 'web') },
    outfile: path.join(made, name),
    bundle: true,
    format: 'esm',
    define: constants,
    target: 'es2020',
    banner: { js: umd ? banner + '\n' + umdHead : banner },
    footer: { js: umd || core ? '' : `var packed = ${PLACE};` },
    sourcemap: true,
    legalComments: 'none',
    charset: 'ascii',
    logLevel: 'warning',
    plugins: [virtual({ ...parts, 'centrifuge-errors': errorsModule() })],
  });
  if (umd) closeUmd(path.join(made, name));
  const map = JSON.parse(fs.readFileSync(path.join(made, name + '.map'), 'utf8'));
  map.sources = map.sources.map((source) => (source.startsWith('.') ? path.relative(top, path.resolve(made, source)) : source.replace('virtual:', '')));
  fs.writeFileSync(path.join(made, name + '.map'), JSON.stringify(map));
}

/* Members that are nobody else's: they get short names, which shorten() returns. */
const internal = /^(_[^_].*|authorizeAnswer|refreshAnswer|subscriptionState|networkChanged|transportClose|refuse|refused|temporary|reject|seen|units|pushed|posts|report|errors|defaults)$/;

/* Those of the most frequent members are letters that are frequent anyway. */
const LETTERS = 'tesnirohcaludpmvgfybkwxjqzTESNIROHCALUDPMVGFYBKWXJQZ';

const textsOf = (folder) => fs.readdirSync(path.join(here, folder)).sort().map((name) => read('js', folder, name)).join('');

function frequentFirst(text, wanted) {
  const counts = new Map();
  for (const [, name] of text.matchAll(/\b(\w+)\b/g)) if (wanted.test(name)) counts.set(name, (counts.get(name) || 0) + 1);
  return [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
}

/*
 * Names of members for terser. Those of the objects that a user has keep an underscore, so that what a page adds to them stands in
 * nobody's way. What is not named here terser names.
 */
function shortNames() {
  const visible = frequentFirst(textsOf('api'), /^_[a-z]/i);
  if (visible.length > LETTERS.length) throw new Error('js/api has more internal names than there are letters for them');
  const others = frequentFirst(textsOf('api') + textsOf('web'), internal).filter((name) => !visible.includes(name));
  const row = (mark) => (name, i) => ['$' + name, mark + LETTERS[i]];
  return Object.fromEntries([...visible.map(row('_')), ...others.slice(0, LETTERS.length).map(row(''))]);
}

async function shorten(from, to, module) {
  const text = fs.readFileSync(path.join(made, from), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\n$/, '');
  const nameCache = { props: { props: shortNames() } };
  const result = await minify({ [from]: text }, {
    ecma: 2020,
    module,
    compress: { passes: 4, unsafe_arrows: true, unsafe_methods: true, pure_getters: true, keep_fargs: false },
    keep_classnames: /^Centrifuge$/,
    mangle: { properties: { regex: internal, reserved: ['_jsonpCallbacks'] } },
    format: { ascii_only: true, comments: /^!/ },
    nameCache,
    sourceMap: { content: fs.readFileSync(path.join(made, from + '.map'), 'utf8'), url: to + '.map', filename: to },
  });
  fs.writeFileSync(path.join(made, to), result.code);
  fs.writeFileSync(path.join(made, to + '.map'), result.map);
  return Object.fromEntries(Object.entries(nameCache.props.props).map(([name, short]) => [name.slice(1), short]));
}

function putCore(name, wasm, smallest) {
  const file = path.join(made, name);
  const text = fs.readFileSync(file, 'utf8');
  if (text.split(PLACE).length !== 2) throw new Error(name + ' has no place for the core, or several');
  fs.writeFileSync(file, putPacked(text, PLACE, wasm, smallest));
}

function addTypes() {
  for (const name of ['centrifuge.d.ts', 'centrifuge.d.mts']) fs.copyFileSync(path.join(here, 'types', name), path.join(made, name));
}

/* dist/npm: what `npm publish` would take. */
function assemblePackage() {
  const folder = path.join(made, 'npm');
  const files = fs.readdirSync(made);
  fs.cpSync(path.join(here, 'package'), folder, { recursive: true });
  fs.copyFileSync(path.join(top, 'LICENSE'), path.join(folder, 'LICENSE'));
  fs.mkdirSync(path.join(folder, 'dist'));
  for (const name of files) fs.copyFileSync(path.join(made, name), path.join(folder, 'dist', name));
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...manifest, version }, null, 2) + '\n');
}

function report() {
  console.log(`${'bytes'.padStart(32)}  gzip brotli`);
  for (const name of fs.readdirSync(dist).filter((each) => /js$/.test(each))) {
    const bytes = fs.readFileSync(path.join(dist, name));
    const sizes = [bytes.length, gzipSize(bytes), zlib.brotliCompressSync(bytes).length];
    console.log(name.padEnd(24) + sizes.map((each) => String(each).padStart(8)).join(''));
  }
}

/* Of everything or of nothing: who uses dist/ meanwhile finds whole files. */
function moveIn() {
  const old = inWork('old');
  if (fs.existsSync(dist)) fs.renameSync(dist, old);
  fs.renameSync(made, dist);
  fs.rmSync(old, { recursive: true, force: true });
}

async function main() {
  prepare();
  const wasm = wasmCore();
  const asm = asmModule();
  fs.mkdirSync(made);
  await bundle('centrifuge.js', 'cjs');
  await bundle('centrifuge.mjs', 'esm');
  await bundle('centrifuge.asm.js', 'cjs', asm);
  await bundle('centrifuge.asm.mjs', 'esm', asm);
  const names = await shorten('centrifuge.js', 'centrifuge.min.js', false);
  await shorten('centrifuge.asm.js', 'centrifuge.asm.js', false);
  await shorten('centrifuge.asm.mjs', 'centrifuge.asm.mjs', true);
  putCore('centrifuge.js', wasm);
  putCore('centrifuge.mjs', wasm);
  putCore('centrifuge.min.js', renameExports(wasm, names), true);
  addTypes();
  assemblePackage();
  moveIn();
  report();
}

await main();
