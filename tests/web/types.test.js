'use strict';
/*
 * The types: types/ holds programs that must compile, with lines that must not (each below a `@ts-expect-error`, which is an error itself
 * where there is none). And what they describe is what the library has.
 */
const { test, before } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const lib = require('./lib');

const ts = lib.tool('typescript');
let folder;

before(() => {
  folder = lib.project();
  for (const name of fs.readdirSync(path.join(__dirname, 'types'))) fs.copyFileSync(path.join(__dirname, 'types', name), path.join(folder, name));
});

/* The strictest that there is, with nothing but ES2015. */
const STRICT = {
  noEmit: true,
  strict: true,
  noImplicitOverride: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noPropertyAccessFromIndexSignature: true,
  allowJs: true,
  checkJs: true,
  skipDefaultLibCheck: true,
  target: 'es2015',
  lib: ['es2015'],
  types: [],
};

function program(files, settings) {
  const { options, errors } = ts.convertCompilerOptionsFromJson({ ...STRICT, ...settings }, folder);
  assert.deepStrictEqual(errors, []);
  return ts.createProgram(files.map((name) => path.join(folder, name)), options);
}

function compile(files, settings) {
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => '\n' };
  assert.strictEqual(ts.formatDiagnostics(ts.getPreEmitDiagnostics(program(files, settings)), host), '');
}

/* Of the project, for .ts files: 'module' or 'commonjs'. */
const kind = (type) => lib.write(folder, { 'package.json': { name: 'application', private: true, type } });

test('import in ES modules, as Node resolves them', () => {
  kind('module');
  compile(['api.ts', 'require.cts'], { module: 'node16' });
  compile(['api.ts', 'require.cts'], { module: 'nodenext', esModuleInterop: false });
});

test('import in CommonJS, as Node resolves it', () => {
  kind('commonjs');
  compile(['api.ts', 'require.cts', 'javascript.js'], { module: 'node16' });
});

test('import with a bundler', () => {
  compile(['api.ts'], { module: 'esnext', moduleResolution: 'bundler' });
  compile(['api.ts'], { module: 'esnext', moduleResolution: 'bundler', isolatedModules: true, verbatimModuleSyntax: true, esModuleInterop: false });
});

test('CommonJS with the old resolution', () => {
  compile(['api.ts', 'require.cts', 'javascript.js'], { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true });
  compile(['require.cts', 'javascript.js'], { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: false });
});

test('the global of a script tag', () => {
  compile(['global.ts'], { module: 'none', moduleResolution: 'node10' });
});

test("beside the DOM's types and SockJS's", () => {
  compile(['sockjs.ts'], { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom'] });
});

test('a mistake is found', () => {
  lib.write(folder, { 'mistake.ts': "import Centrifuge from 'libcentrifuge';\nnew Centrifuge({ url: '' }).subscribe(7);\n" });
  const found = ts.getPreEmitDiagnostics(program(['mistake.ts'], { module: 'esnext', moduleResolution: 'bundler' }));
  assert.deepStrictEqual(found.map((each) => each.code), [2345, 2345]);
});

/* Names that a type has. */
function members(names) {
  const text = "import type Centrifuge from 'libcentrifuge';\n" + names.map((name, index) => `export declare const v${index}: ${name};\n`).join('');
  lib.write(folder, { 'members.ts': text });
  const compiled = program(['members.ts'], { module: 'esnext', moduleResolution: 'bundler' });
  const source = compiled.getSourceFile(path.join(folder, 'members.ts'));
  const checker = compiled.getTypeChecker();
  const values = checker.getExportsOfModule(checker.getSymbolAtLocation(source));
  return values.map((value) => checker.getTypeOfSymbolAtLocation(value, source).getProperties().map((each) => each.name).sort());
}

/* Public names of an object, and what it inherits. */
function names(object) {
  const found = new Set();
  for (let each = object; each && each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    for (const name of Object.getOwnPropertyNames(each)) if (!name.startsWith('_') && name !== 'constructor') found.add(name);
  }
  return [...found].sort();
}

test('the types name what the library has, all of it and nothing else', () => {
  const Centrifuge = lib.tool(path.join(folder, 'node_modules/libcentrifuge'));
  const client = new Centrifuge({ url: 'ws://127.0.0.1:1/connection/websocket', insecure: true });
  const [ofClient, ofSubscription] = members(['Centrifuge', 'Centrifuge.Subscription']);
  assert.deepStrictEqual(names(client), ofClient);
  assert.deepStrictEqual(names(client.subscribe('news')), ofSubscription);
  assert.strictEqual(Centrifuge.Centrifuge, Centrifuge);
});

test('import by name brings every type', () => {
  const text = fs.readFileSync(path.join(lib.root, 'js/types/centrifuge.d.ts'), 'utf8');
  const described = [...text.matchAll(/^ {4}export (?:type|interface) (\w+)/gm)].map((match) => match[1]).filter((name) => name !== 'Other');
  assert.ok(described.length > 30);
  const all = `import { ${described.map((name) => 'type ' + name).join(', ')} } from 'libcentrifuge';\n`;
  lib.write(folder, { 'names.ts': all });
  compile(['names.ts'], { module: 'esnext', moduleResolution: 'bundler' });
});
