'use strict';
/* Every build, loaded in every way that a page has, in Firefox: one page has all others in frames, and they report. */
const { test, before, after } = require('node:test');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { NAMESPACES, Site, Server, soon } = require('./lib');
const { SCRIPTS, MODULES, prepare, check } = require('./loads');

const FIREFOX = process.env.FIREFOX || '/usr/bin/firefox-esr';
const skip = fs.existsSync(FIREFOX) ? false : FIREFOX + ' is not there';

/* Nothing but our pages: no first run, no updates, no reports. */
const PREFERENCES = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'extensions.update.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'data:,',
  'toolkit.telemetry.reportingpolicy.firstRun': false,
};

let site;
let server;
let firefox;
let profile;

before(async () => {
  if (skip) return;
  [site, server] = await Promise.all([Site.start(), Server.start({ namespaces: NAMESPACES })]);
  const frames = prepare(site, server).map(({ url }) => '<iframe src="' + url + '"></iframe>');
  const url = site.html('/all.html', frames.join(''));
  profile = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-firefox-'));
  fs.writeFileSync(path.join(profile, 'user.js'), Object.entries(PREFERENCES).map((p) => 'user_pref(' + p.map((v) => JSON.stringify(v)) + ');\n').join(''));
  firefox = spawn(FIREFOX, ['--headless', '--no-remote', '--profile', profile, url], { stdio: 'ignore', env: { ...process.env, HOME: profile } });
  process.once('exit', () => firefox.kill('SIGKILL'));
});

after(async () => {
  if (skip) return;
  const ended = new Promise((resolve) => firefox.once('close', resolve));
  firefox.kill('SIGKILL');
  await ended;
  fs.rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  await Promise.all([site.stop(), server.stop()]);
});

for (const [kind, files] of [['script', SCRIPTS], ['worker', SCRIPTS], ['module', MODULES], ['module-worker', MODULES]]) {
  for (const file of files) {
    test(kind + ': ' + file, { skip }, async () => {
      check(await soon(site.report(kind + '-' + file.replace(/\W/g, '-')), 'the report'));
    });
  }
}
