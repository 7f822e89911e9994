'use strict';
/*
 * The build: the same sources give the same bytes, wherever it is done.
 */
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');

const root = path.resolve(__dirname, '../..');

function digests(folder) {
  const files = fs.readdirSync(folder, { recursive: true }).map(String).filter((name) => fs.statSync(path.join(folder, name)).isFile());
  return files.sort().map((name) => [name, crypto.createHash('sha256').update(fs.readFileSync(path.join(folder, name))).digest('hex')]);
}

test('a second build elsewhere is byte for byte the first one', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-build-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const again = path.join(folder, 'dist');
  execFileSync(process.execPath, ['js/build.mjs', again], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  assert.deepStrictEqual(digests(again), digests(path.join(root, 'dist')));
});

test('nothing in dist/ names where it was built, or an address to load anything from', () => {
  for (const [name] of digests(path.join(root, 'dist'))) {
    const text = fs.readFileSync(path.join(root, 'dist', name), 'latin1');
    assert.ok(!text.includes(root), name);
    if (/js$/.test(name)) assert.deepStrictEqual(text.match(/https?:\/\/[a-z][\w.-]+/g), null, name);
  }
});
