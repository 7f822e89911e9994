'use strict';
/*
 * Finds and loads centrifuge.node: the file named in CENTRIFUGE_NODE, else the one beside this file, else the one built last in
 * build/release or build/clang of the repository.
 */
const fs = require('fs');
const os = require('os');
const path = require('path');

const top = path.join(__dirname, '..', '..');
const built = ['release', 'clang'].map((preset) => path.join(top, 'build', preset, 'centrifuge.node'));

function modified(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat ? stat.mtimeMs : -1;
}

function find() {
  if (process.env.CENTRIFUGE_NODE) return process.env.CENTRIFUGE_NODE;
  const beside = path.join(__dirname, 'centrifuge.node');
  if (fs.existsSync(beside)) return beside;
  const [newest] = built.filter((file) => fs.existsSync(file)).sort((a, b) => modified(b) - modified(a));
  if (newest) return newest;
  throw new Error('centrifuge.node is not built: cmake --preset clang && cmake --build build/clang --target centrifuge_node; '
    + 'or name the file in CENTRIFUGE_NODE');
}

/*
 * Node's program may contain an OpenSSL and a zlib of its own and exports their symbols: libcurl would get a mixture of these and
 * the system's. So the addon looks for symbols among its own libraries first; AddressSanitizer does not allow that.
 */
function flags() {
  const { RTLD_NOW, RTLD_DEEPBIND } = os.constants.dlopen;
  const sanitized = (process.env.LD_PRELOAD || '').includes('asan');
  return RTLD_DEEPBIND && !sanitized ? RTLD_NOW | RTLD_DEEPBIND : RTLD_NOW;
}

const loaded = { exports: {} };
process.dlopen(loaded, path.resolve(find()), flags());
module.exports = loaded.exports;
