'use strict';
/* Starts Debian's Chromium with an open DevTools port, for several processes to use. */
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');

const PROGRAM = process.env.CHROMIUM || '/usr/bin/chromium';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--no-default-browser-check',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-extensions', '--mute-audio',
  // pages that nobody looks at keep their timers
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
  '--disable-dev-shm-usage',
  // a page that is handed to it has no address of its own, and would have to ask its user for each way to 127.0.0.1
  '--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets', '--remote-debugging-port=0'];

/* { devtools, stop }: the address for DevTools clients. */
async function startChromium() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-chromium-'));
  const child = spawn(PROGRAM, [...FLAGS, '--user-data-dir=' + folder], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const ended = new Promise((resolve) => child.once('close', resolve));
  const devtools = await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log = (log + text).slice(-4000);
      const found = /DevTools listening on (ws:\S+)/.exec(log);
      if (found) resolve(found[1]);
    });
    child.once('error', reject);
    ended.then(() => reject(new Error(PROGRAM + ' ended: ' + log)));
  });
  const kill = () => child.kill('SIGKILL'); // its other processes end with the first
  process.once('exit', kill);
  const stop = async () => {
    kill();
    await ended;
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  return { devtools, stop };
}

module.exports = { startChromium };
