'use strict';
/*
 * node tests/browser/conformance.js [--reference-only] [--jobs N] [--only a,own/b]
 *
 * The recorded client scenarios of scenarios.txt, or the named ones, in one Chromium.
 * CENTRIFUGE_JS names the library, CENTRIFUGE_BUILD the folder with the server for live scenarios.
 */
const { spawn } = require('child_process');
const fs = require('fs');
const path = require('path');
const { startChromium } = require('./remote/chromium');

const SUITE = path.join(__dirname, '../conformance');
const BUILD = path.resolve(process.env.CENTRIFUGE_BUILD || path.join(__dirname, '../../build/dev'));
const args = process.argv.slice(2);
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);

function listed() {
  const lines = fs.readFileSync(path.join(__dirname, 'scenarios.txt'), 'utf8').split('\n');
  return lines.map((line) => line.replace(/#.*/, '').trim()).filter(Boolean);
}

/* The runner wants fixed ports: others for each process that may run beside this one, below those that the system gives away. */
const portBase = 18200 + (process.pid % 40) * 40;

/* Whether all of them passed. */
async function passes(folder, names, devtools) {
  if (!names.length) return true;
  const given = [path.join(SUITE, 'client/run.js'), 'check', args.includes('--reference-only') ? '--reference-only' : '--fixed',
    '--folder', path.join(SUITE, 'client', folder), '--only', names.join(','), '--jobs', String(option('--jobs') || 2),
    '--port-base', String(portBase), '--port-count', '40', '--adapter', path.join(SUITE, 'chromium-adapter.js'),
    '--server', path.join(BUILD, 'centrifuged') + ' -c {config} -p {port}'];
  const env = Object.assign({}, process.env, { CHROMIUM_DEVTOOLS: devtools });
  const child = spawn(process.execPath, given, { stdio: 'inherit', env });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return code === 0;
}

async function main() {
  const only = (option('--only') || '').split(',').filter(Boolean);
  const names = only.length ? only : listed();
  const own = names.filter((name) => name.startsWith('own/')).map((name) => name.slice('own/'.length));
  const { devtools, stop } = await startChromium();
  try {
    const given = await passes('.', names.filter((name) => !name.startsWith('own/')), devtools);
    return (await passes('own', own, devtools)) && given;
  } finally {
    await stop();
  }
}

process.once('SIGTERM', () => process.exit(1)); // and Chromium with it
main().then((good) => process.exit(good ? 0 : 1), (e) => { console.error(e.stack || e); process.exit(2); });
