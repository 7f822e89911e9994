'use strict';
/* The version is written once, in CMakeLists.txt. Where a file of others' format has to repeat it, it is the same. */
const { test } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '../..');
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
const [, version] = /project\(centrifuge VERSION (\d+\.\d+\.\d+)/.exec(read('CMakeLists.txt'));

test('the changes of this version come first', () => {
  const [, title] = /^## (.*)$/m.exec(read('CHANGELOG.md'));
  assert.ok(title.endsWith(version), title);
});

test('the public header has it', () => {
  const numbers = ['MAJOR', 'MINOR', 'PATCH'].map((part) => new RegExp(`#define CENTRIFUGE_VERSION_${part} (\\d+)`).exec(read('include/centrifuge/client.h'))[1]);
  assert.strictEqual(numbers.join('.'), version);
});

test('the guide names the package as it is called', () => {
  const names = [...read('docs/browser.md').matchAll(/libcentrifuge-(\d[\d.]*)\.tgz/g)].map((found) => found[1]);
  assert.ok(names.length > 0);
  assert.ok(names.every((each) => each === version), String(names));
});

test('the addon has it', () => {
  assert.strictEqual(JSON.parse(read('bindings/node/package.json')).version, version);
});

test('no source has it', () => {
  const folders = ['include', 'src', 'js/api', 'js/web', 'man', 'scripts'];
  const files = folders.flatMap((folder) => fs.readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath || entry.path, entry.name)));
  assert.ok(files.length > 100, 'files are found');
  const found = files.filter((file) => new RegExp('\\b' + version.replaceAll('.', '\\.') + '\\b').test(fs.readFileSync(file, 'utf8')));
  assert.deepStrictEqual(found.map((file) => path.relative(root, file)), []);
});
