'use strict';
/* docs/operating.md explains every line of the server's log: the texts are those of the source, with their levels. */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const SERVER = path.join(root, 'src/server');
const LETTERS = { TRACE: 'T', DEBUG: 'D', INFO: 'I', WARNING: 'W', ERROR: 'E', CRITICAL: 'C', FATAL: 'F' };
/* What logs, and what it puts before each text. */
const FUNCTIONS = { cf_services_log: '', cf_services_notice: '', cf_log_say: '', cf_redis_shard_log: 'Redis ... ' };
/* Lines about the log itself are made where it is written. */
const OWN = { 'daemon/log.c': { snprintf: '', keep_line: '' } };

function sources(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'test' ? [] : sources(name);
    return name.endsWith('.c') ? [name] : [];
  });
}

/* The arguments of the call whose parenthesis was opened before `at`. */
function argumentsAt(text, at) {
  const token = /"(?:[^"\\]|\\.)*"|[()]/g;
  token.lastIndex = at;
  for (let depth = 1; ;) {
    const [found] = token.exec(text);
    if (found === '(') depth++;
    if (found === ')' && --depth === 0) return text.slice(at, token.lastIndex - 1);
  }
}

/* The first text of some arguments, as the log has it: ... stands for what changes. */
function textOf(given) {
  const [, literals] = /((?:"(?:[^"\\]|\\.)*"\s*)+)/.exec(given) || [];
  if (!literals) return '';
  const format = [...literals.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((found) => found[1]).join('');
  return format.replace(/%[-+ 0-9.*]*(?:ll|l|z|j|h)?[a-z]/g, '...').replace(/(?:\.\.\.)+/g, '...');
}

const NOTICES = Object.fromEntries([...fs.readFileSync(path.join(SERVER, 'services.h'), 'utf8').matchAll(/X\((\w+), CF_SERVER_(\w+)\)/g)]
  .map((found) => [found[1], LETTERS[found[2]] + '*']));

/* What stands before the text says it; a variable says nothing. */
function levelsOf(given) {
  const before = given.slice(0, given.indexOf('"'));
  const levels = [...before.matchAll(/CF_(SERVER|NOTICE)_(\w+)/g)].map((found) => (found[1] === 'SERVER' ? LETTERS : NOTICES)[found[2]]);
  return levels.length > 0 ? levels.sort().join(' ') : null;
}

/* Text -> levels. A text of nothing but what changes is explained where it is made. */
function logged() {
  const lines = new Map();
  for (const file of sources(SERVER)) {
    const text = fs.readFileSync(file, 'utf8');
    const functions = Object.assign({}, FUNCTIONS, OWN[path.relative(SERVER, file)]);
    for (const found of text.matchAll(/\b(\w+)\(/g)) {
      const given = found[1] in functions ? argumentsAt(text, found.index + found[0].length) : '';
      const line = textOf(given);
      if (/[a-z]/i.test(line)) lines.set(functions[found[1]] + line, levelsOf(given));
    }
  }
  return lines;
}

function explained() {
  const page = fs.readFileSync(path.join(root, 'docs/operating.md'), 'utf8');
  const table = page.slice(page.indexOf('\n## What each line of the log means'));
  return new Map([...table.matchAll(/^\| ([A-Z* ]+) \| `(.+?)` \| (.+) \|$/gm)].map((row) => [row[2], row[1]]));
}

test('every line of the log is explained, and no other', () => {
  const inSource = logged();
  const onPage = explained();
  assert.ok(inSource.size > 40, 'only ' + inSource.size + ' lines were found');
  assert.deepStrictEqual([...inSource.keys()].filter((line) => !onPage.has(line)), []);
  assert.deepStrictEqual([...onPage.keys()].filter((line) => !inSource.has(line)), []);
  for (const [line, levels] of inSource) {
    if (levels !== null) assert.strictEqual(onPage.get(line), levels, line);
  }
});

if (process.argv[2] === '--list') for (const [line, levels] of logged()) console.log('| ' + levels + ' | `' + line + '` |  |');
