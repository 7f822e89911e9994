'use strict';
/*
 * What is cited of docs/spec is there: sections, defects (D1) and rules (J1) by their numbers, fixes of 10.2. A section that is cited
 * without its document is one of an RFC. The public headers cite nothing by number, since applications have only them.
 */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const FOLDERS = ['include', 'src', 'js', 'bindings', 'tests', 'man', 'docs', 'examples', 'bench'];
const PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
const TEXT = /\.(?:c|h|cpp|hpp|m?js|ts|md|py|sh|txt)$/;
const OTHERS = /(?:^|\/)node_modules\/|^tests\/docs\//;
/* In code type like scenarios. */
const TRANSPORTS = ['raw-websocket', 'xhr-streaming', 'xhr-polling'];

const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
const firsts = (text, pattern) => [...text.matchAll(pattern)].map((found) => found[1]);

function files(folder) {
  return fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = `${folder}/${entry.name}`;
    if (OTHERS.test(name + '/')) return [];
    return entry.isDirectory() ? files(name) : [name];
  }).filter((name) => TEXT.test(name));
}

/* The rows of the table below a heading, by their first cell. */
function rows(text, heading) {
  const from = text.indexOf(heading);
  assert.notStrictEqual(from, -1, `no heading '${heading}'`);
  return firsts(text.slice(from, text.indexOf('\n#', from)), /^\| (\d+) \|/gm);
}

/* Everything that can be cited, as citations() names it. */
function citable() {
  const client = read('docs/spec/client-spec.md');
  const server = read('docs/spec/server-spec.md');
  const numbers = (text) => firsts(text, /^#+ (\d+(?:\.\d+)*)\.? /gm).concat(firsts(text, /^\| ([DJ]\d+) \|/gm));
  return new Set([
    ...numbers(client).map((number) => `client ${number}`),
    ...numbers(server).map((number) => `server ${number}`),
    ...rows(server, '### 10.1 ').map((number) => `server keep ${number}`),
    ...rows(server, '### 10.2 ').map((number) => `server fix ${number}`),
  ]);
}

/* In one line, every character at its place: sentences go on in the next line of a comment. */
const flat = (text) => text.replace(/\n[ \t]*(?:\*(?!\/)|\/\/|#)?[ \t]*/g, (gap) => ' '.repeat(gap.length));

/* The numbers behind a document's name: "8.3, 10", "7 and 14", "sections 2-14", "0.1 J1-J8", "13, D34-D36". */
function numbersAt(text, at) {
  const item = /(?:,|-|\s+and\b)?\s*(?:sections?\s+)?(?<![\w.])([DJ]?\d+(?:\.\d+)*)(?!\w)/y;
  const found = [];
  for (item.lastIndex = at; ;) {
    const match = item.exec(text);
    if (!match) return found;
    found.push(match[1]);
  }
}

function citations(text) {
  const line = flat(text);
  const found = [];
  const add = (what, at) => found.push({ what, line: text.slice(0, at).split('\n').length });
  for (const match of line.matchAll(/\b(client|server)-spec\.md\b/gi))
    numbersAt(line, match.index + match[0].length).forEach((number) => add(`${match[1].toLowerCase()} ${number}`, match.index));
  for (const match of line.matchAll(/\b10\.2,? +fix(?:es)? +(\d+)(?: +and +(\d+))?/g))
    match.slice(1).filter(Boolean).forEach((number) => add(`server fix ${number}`, match.index));
  for (const match of line.matchAll(/\bD\d{1,2}\b/g)) add(`client ${match[0]}`, match.index);
  return found;
}

/* What a specification cites of itself. */
function own(spec, text) {
  const found = firsts(text, /\b[Ss]ections? (\d+(?:\.\d+)*)/g).map((number) => `${spec} ${number}`);
  if (spec === 'client') return found;
  return found.concat(firsts(text, /\bFIX (\d+)/g).map((number) => `server fix ${number}`),
    firsts(text, /\bMUST-KEEP (\d+)/g).map((number) => `server keep ${number}`));
}

/* Places of sections that belong to no document. */
function homeless(text) {
  const line = flat(text);
  return [...line.matchAll(/\b[Ss]ections? +\d/g)]
    .filter((match) => !/(?:RFC \d+,?|FIPS [\d-]+,|POSIX\S+|-spec\.md`?|\bits)\s+$/.test(line.slice(0, match.index)))
    .map((match) => text.slice(0, match.index).split('\n').length);
}

test('citations are found as people write them', () => {
  const whats = (text) => citations(text).map((each) => each.what);
  assert.deepStrictEqual(whats('/* Private: client-spec.md 6.2, 8.3, 10). */'), ['client 6.2', 'client 8.3', 'client 10']);
  assert.deepStrictEqual(whats('client-spec.md 7 and 14. Numbers like D1 are'), ['client 7', 'client 14', 'client D1']);
  assert.deepStrictEqual(whats(' * Behaviour: client-spec.md\n * sections 2-14.'), ['client 2', 'client 14']);
  assert.deepStrictEqual(whats('Server-spec.md 2.5. As version 1\n * (10.2, fix 12)'), ['server 2.5', 'server fix 12']);
  assert.deepStrictEqual(whats('(server-spec.md 8.1-8.6), checked (8.7, 10.2 fixes 1 and 10)'), ['server 8.1', 'server 8.6', 'server fix 1', 'server fix 10']);
  assert.deepStrictEqual(whats('server-spec.md 0.1 J1-J8, in client-spec.md that'), ['server 0.1', 'server J1', 'server J8']);
  assert.deepStrictEqual(citations('\n\n/* client-spec.md 99.9 */'), [{ what: 'client 99.9', line: 3 }]);
  assert.deepStrictEqual(homeless('RFC 6455 section 5, its section 17, client-spec.md\n * section 2\n(section 3)'), [3]);
});

test('what is cited is there', () => {
  const there = citable();
  const wrong = [];
  let count = 0;
  for (const name of [...FOLDERS.flatMap(files), ...PAGES]) {
    for (const { what, line } of citations(read(name))) {
      count++;
      if (!there.has(what)) wrong.push(`${name}:${line}: ${what}`);
    }
  }
  assert.deepStrictEqual(wrong, []);
  assert.ok(count > 200, `only ${count} citations were found`);
});

test('the specifications cite of themselves what is there', () => {
  const there = citable();
  for (const spec of ['client', 'server'])
    assert.deepStrictEqual(own(spec, read(`docs/spec/${spec}-spec.md`)).filter((what) => !there.has(what)), []);
});

test('scenarios that the specification of the client names are there', () => {
  const have = new Set(['', 'own/'].flatMap((folder) => fs.readdirSync(path.join(root, `tests/conformance/client/${folder}scenarios`)))
    .map((file) => path.basename(file, '.js')));
  const [behaviour, defects] = read('docs/spec/client-spec.md').split('\n## 17. ');
  const names = firsts(behaviour, /`([a-z]+(?:-[a-z]+)+)`/g).filter((name) => !TRANSPORTS.includes(name));
  for (const cell of firsts(defects, /^\| D\d+ \|.* \| (.*) \|$/gm))
    names.push(...firsts(cell, /`([^`]*)`/g).map((name) => have.has(name) ? name : `defect-${name}`));
  assert.ok(names.length > 100, `only ${names.length} names were found`);
  assert.deepStrictEqual(names.filter((name) => !have.has(name)), []);
});

test('a section is cited with its document', () => {
  const sources = ['include', 'src', 'js', 'bindings', 'tests', 'examples', 'bench'].flatMap(files);
  const places = sources.filter((name) => !/^src\/(?:base|ws)\//.test(name))
    .flatMap((name) => homeless(read(name)).map((line) => `${name}:${line}`));
  assert.deepStrictEqual(places, []);
});

test('the public headers cite nothing by its number', () => {
  for (const name of files('include')) {
    assert.deepStrictEqual(citations(read(name)), [], name);
    assert.doesNotMatch(read(name), /\bprotocol \d/i, name);
  }
});
