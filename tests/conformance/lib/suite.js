'use strict';
/*
 * What the suites have in common: scenarios run side by side; the lines of each are shown, recorded, or compared with transcripts.
 */
const fs = require('fs');
const path = require('path');
const net = require('net');
const J = require('./json');
const { listScenarios, diffLines, pool } = require('./util');

const DIFF_MAX = 14; // lines that are shown of a difference
const OUTPUT_MAX = 40; // and of a program's output

function portFree(port) {
  return new Promise((resolve) => {
    const s = net.createServer();
    s.once('error', () => resolve(false));
    s.listen(port, '127.0.0.1', () => s.close(() => resolve(true)));
  });
}

/* Ports of 127.0.0.1 that nobody listens on, each for one scenario until it is given back. */
class Ports {
  constructor(first, count) {
    Object.assign(this, { first, count, next: 0, busy: new Set() });
  }

  async take() {
    for (let n = 0; n < this.count * 2; n++) {
      const port = this.first + (this.next++ % this.count);
      if (this.busy.has(port)) continue;
      this.busy.add(port);
      if (await portFree(port)) return port;
      this.busy.delete(port);
    }
    throw new Error('no free port in ' + this.first + '..' + (this.first + this.count - 1));
  }

  give(...ports) {
    for (const port of ports) this.busy.delete(port);
  }
}

const load = (file) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).lines : null);

/* The transcripts that a scenario may have. With --fixed a defect of the reference that stays is a failure. */
function candidates(suite, name) {
  const { args } = suite;
  const reference = load(path.join(suite.expected, name + '.json'));
  const fixed = args['reference-only'] ? null : load(path.join(suite.expected, name + '.fixed.json'));
  if (fixed && args.fixed) return [{ lines: fixed, how: ' [fixed]' }];
  const found = reference ? [{ lines: reference, how: fixed ? ' [as the reference]' : '' }] : [];
  return fixed && suite.either ? [...found, { lines: fixed, how: ' [fixed]' }] : found;
}

function comparable(suite, lines) {
  const same = suite.args['ignore-uid'] ? lines.map((l) => l.replace(/"uid":"\d+"/g, '"uid":"<n>"')) : lines;
  return suite.args['any-key-order'] ? same.map(J.sortLine) : same;
}

const textOf = (error) => String(error.stack || error);

function show(suite, one) {
  console.log('== ' + one.name + ' (' + one.ms + ' ms) ' + one.title);
  for (const line of one.lines) console.log(line);
  if (one.error) console.log(textOf(one.error));
  if (one.output && (one.error || suite.args['show-log'])) console.log(one.output);
  return true;
}

function record(suite, one) {
  if (one.error || one.crashed) {
    console.log('ERROR ' + one.name + ': ' + (one.error ? textOf(one.error) : 'the server exited'));
    return false;
  }
  for (const [suffix, lines] of suite.transcripts(one))
    fs.writeFileSync(path.join(suite.expected, one.name + suffix),
      JSON.stringify({ scenario: one.name, title: one.title, lines }, null, 1) + '\n');
  console.log('recorded ' + one.name + ' (' + one.ms + ' ms)');
  return true;
}

function tellFailure(suite, one, best) {
  console.log('FAIL ' + one.name + ' (' + one.ms + ' ms)' + best.how + (one.note || '') + '  ' + one.title);
  for (const line of best.diff) console.log('    ' + line);
  if (one.error) console.log('    ! ' + textOf(one.error).split('\n')[0]);
  if (suite.args['show-log'] && one.output) console.log(one.output.split('\n').slice(-OUTPUT_MAX).map((l) => '    | ' + l).join('\n'));
  return false;
}

function check(suite, one) {
  const got = comparable(suite, one.lines);
  const all = candidates(suite, one.name).map((c) => ({ ...c, diff: diffLines(comparable(suite, c.lines), got, DIFF_MAX) }));
  if (all.length === 0) {
    console.log('FAIL ' + one.name + ': nothing recorded');
    return false;
  }
  const best = all.reduce((a, b) => (b.diff.length < a.diff.length ? b : a));
  if (best.diff.length) return tellFailure(suite, one, best);
  console.log('pass ' + one.name + ' (' + one.ms + ' ms)' + best.how + (one.note || ''));
  return true;
}

/* What went wrong is told where the scenario's lines end. */
async function runOne(suite, name) {
  const scenario = require(path.join(suite.scenarios, name));
  const begun = Date.now();
  let result;
  try {
    result = await suite.run(name, scenario);
  } catch (e) {
    result = { lines: ['# ' + e.message.split('\n')[0]], error: e, output: e.message };
  }
  return { ...result, name, scenario, title: scenario.title || '', ms: Date.now() - begun };
}

function list(suite, names) {
  const width = Math.max(...names.map((n) => n.length)) + 2;
  for (const n of names) console.log(n.padEnd(width) + (require(path.join(suite.scenarios, n)).title || ''));
  return 0;
}

/*
 * Returns the exit status. A suite has `args` (of parseArgs), the folders `scenarios` and `expected`, `jobs`, `usage`, and
 *   run(name, scenario)  { lines, error, crashed, output, note }
 *   recording            the modes that write transcripts: { record: filter of names, ... }
 *   transcripts(one)     what they write: [[suffix, lines], ...]
 *   either               without --fixed, too, a transcript of a mended defect is accepted
 */
async function runSuite(suite) {
  const mode = suite.args._[0] || 'check';
  const recording = suite.recording[mode];
  const names = listScenarios(suite.scenarios, suite.args.only, suite.args['skip-tags']).filter(recording || (() => true));
  if (mode === 'list') return list(suite, names);
  const judge = recording ? record : { check, show }[mode];
  if (!judge) {
    console.error('usage: ' + suite.usage);
    return 2;
  }
  const started = Date.now();
  let passed = 0;
  await pool(names, suite.jobs, async (name) => {
    const one = await runOne(suite, name);
    passed += judge(suite, one);
  });
  if (mode === 'show') return 0;
  console.log(((Date.now() - started) / 1000).toFixed(1) + ' s');
  console.log(passed + ' passed, ' + (names.length - passed) + ' failed');
  return passed < names.length ? 1 : 0;
}

/* The same as a program. */
function main(suite) {
  runSuite(suite).then((code) => process.exit(code), (e) => { console.error(e.stack || e); process.exit(2); });
}

module.exports = { Ports, main };
