'use strict';
/* Does the façade ask of a core, and take from it, what ../seam.d.ts says? The compiler of TypeScript knows. */
const assert = require('node:assert');
const path = require('node:path');
const test = require('node:test');
const ts = require('typescript');

const settings = {
  noEmit: true,
  allowJs: true,
  checkJs: true,
  strict: true,
  noImplicitAny: false,
  strictNullChecks: false,
  useUnknownInCatchVariables: false,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
  types: [],
};

const where = ({ file, start }) => (file ? path.basename(file.fileName) + ':' + (file.getLineAndCharacterOfPosition(start).line + 1) + ' ' : '');

/* What is wrong with api/client.js, and what it requires. */
function check(change) {
  const host = ts.createCompilerHost(settings);
  const read = host.readFile;
  host.readFile = (name) => (name.endsWith('api/client.js') ? change(read(name)) : read(name));
  const program = ts.createProgram([path.join(__dirname, '..', 'api', 'client.js')], settings, host);
  return ts.getPreEmitDiagnostics(program).map((each) => where(each) + ts.flattenDiagnosticMessageText(each.messageText, '\n'));
}

test('the façade keeps to the seam', () => {
  assert.deepStrictEqual(check((text) => text), []);
});

test('what does not is found', () => {
  const changes = [['this._core.id() ||', 'this._core.ident() ||'], ['_core.subscribe(subscription.channel, ', '_core.subscribe(1, '], ['    leave: emitBody', '    left: emitBody']];
  assert.strictEqual(check((text) => changes.reduce((changed, [from, to]) => changed.replace(from, to), text)).length, changes.length);
});
