'use strict';
/*
 * docs/browser.md and the package's README are true: their programs compile against the types, their JSON is JSON, and the guide names
 * every option with its default, every method and every event.
 */
const { test, before } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const lib = require('./lib');

const ts = lib.tool('typescript');
const GUIDE = 'docs/browser.md';
const README = 'js/package/README.md';
const read = (name) => fs.readFileSync(path.join(lib.root, name), 'utf8');

/* What a block may take for granted: what the blocks before it have made, and packages that are not installed here. */
const GIVEN = `
import type Client from 'libcentrifuge';
declare global {
  const centrifuge: Client;
  const subscription: Client.Subscription;
  const require: (name: string) => any;
}
`;
const OTHERS = `
declare module 'ws';
declare module 'sockjs-client' { const SockJS: any; export default SockJS; }
declare module 'esbuild' { export function build(options: object): Promise<object>; }
`;

let folder;

before(() => {
  folder = lib.project();
  lib.write(folder, { 'given.d.ts': GIVEN, 'others.d.ts': OTHERS });
});

/* Each block as a module of its own; the scripts of HTML blocks as well. */
function programs(document) {
  const scripts = lib.blocks(document, 'html').map(({ text, line }) => ({ text: (text.match(/<script>([^]*)<\/script>/) || [])[1], line }));
  return [...lib.blocks(document, 'js').map((each) => ({ ...each, type: 'js' })),
    ...lib.blocks(document, 'ts').map((each) => ({ ...each, type: 'ts' })),
    ...scripts.filter(({ text }) => text).map((each) => ({ ...each, type: 'js' }))];
}

function compile(document) {
  const files = ['given.d.ts', 'others.d.ts'];
  for (const { text, line, type } of programs(document)) {
    const name = `line-${line}.${type}`;
    lib.write(folder, { [name]: text + '\nexport {};\n' });
    files.push(name);
  }
  const { options } = ts.convertCompilerOptionsFromJson({
    noEmit: true, strict: true, noImplicitAny: false, allowJs: true, checkJs: true, allowUmdGlobalAccess: true, skipDefaultLibCheck: true,
    target: 'es2022', lib: ['es2022', 'dom', 'dom.iterable'], types: [], module: 'esnext', moduleResolution: 'bundler',
  }, folder);
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => folder, getNewLine: () => '\n' };
  const compiled = ts.createProgram(files.map((name) => path.join(folder, name)), options);
  assert.strictEqual(ts.formatDiagnostics(ts.getPreEmitDiagnostics(compiled), host), '');
  return files.length - 2;
}

test('the programs of the guide compile', () => assert.ok(compile(GUIDE) > 25));

test("those of the package's README, too", () => assert.ok(compile(README) >= 3));

test('JSON is JSON', () => {
  const found = lib.blocks(GUIDE, 'json');
  assert.ok(found.length > 10);
  for (const { text, line } of found) assert.doesNotThrow(() => JSON.parse(text), `${GUIDE}:${line}`);
});

/* name -> default as written */
function optionTable() {
  const tables = read(GUIDE).match(/^\| option \| type \|[^]*?^$/gm).join('');
  const rows = tables.matchAll(/^\| `(\w+)` \| [^|]+ \| ([^|]+) \|/gm);
  return Object.fromEntries([...rows].map(([, name, value]) => [name, value.replaceAll('`', '').trim()]));
}

/* Members of an interface of the types, each with the comment above it. */
function members(name) {
  const body = read('js/types/centrifuge.d.ts').match(new RegExp(`export interface ${name}[^{]*\\{\\n([^]*?)\\n    \\}`))[1];
  return [...body.matchAll(/\/\*\* ([^*]*) \*\/\n +(\w+)\?:/g)].map(([, comment, member]) => ({ member, comment }));
}

test('every option is in the guide, with the default that the types tell', () => {
  const table = optionTable();
  const options = [...members('CommonOptions'), ...members('SecureOptions')];
  assert.ok(options.length > 35);
  for (const { member, comment } of options) {
    const told = comment.match(/Default:? (.+?)\.?(?:: .*)?$/)[1].replace('all ten', 'all');
    const value = told === 'none' ? '{}' : told.replace(/^(\d+) MiB$/, (all, count) => count * 1024 * 1024);
    assert.strictEqual(table[member], value, member);
  }
  assert.deepStrictEqual(Object.keys(table).filter((name) => !options.some(({ member }) => member === name)), []);
});

const camel = (name) => name.replace(/_(.)/g, (all, letter) => letter.toUpperCase());

/* docs/client.md is held against the C by tests/package/guide.sh. */
test('numbers are those of the library', () => {
  const table = optionTable();
  const native = {};
  for (const [, names, value, unit] of read('docs/client.md').matchAll(/^\|.*?((?:`\w+`(?:, )?)+) \|[^|]*\| (\d+)( MiB)? \|/gm)) {
    for (const [, name] of names.matchAll(/`(\w+)`/g)) native[camel(name)] = String(value * (unit ? 1024 * 1024 : 1));
  }
  const shared = Object.keys(table).filter((name) => /^\d+$/.test(table[name]));
  assert.ok(shared.length > 12);
  for (const name of shared) assert.strictEqual(table[name], native[name], name);
});

test('every method, property and event is in the guide', () => {
  const Centrifuge = lib.tool(path.join(folder, 'node_modules/libcentrifuge'));
  const client = new Centrifuge({ url: 'ws://127.0.0.1:1/connection/websocket', insecure: true });
  const named = (object) => {
    const names = [];
    for (let each = Object.getPrototypeOf(object); each !== Object.prototype; each = Object.getPrototypeOf(each)) {
      names.push(...Object.getOwnPropertyNames(each));
    }
    return names.filter((name) => !name.startsWith('_') && name !== 'constructor');
  };
  const guide = read(GUIDE);
  const known = (name) => new RegExp(`\`${name}[\`(]|^### ${name} |\\.${name}\\(`, 'm').test(guide);
  assert.deepStrictEqual([...named(client), ...named(client.subscribe('news'))].filter((name) => !known(name)), []);
  const events = ['connect', 'disconnect', 'error', 'highWater', 'message', 'join', 'leave', 'subscribe', 'unsubscribe'];
  assert.deepStrictEqual(events.filter((name) => !guide.includes(`'${name}'`) && !guide.includes(`\`${name}\``)), []);
});
