'use strict';
/*
 * Each shell line of README.md and of the pages in docs/ is run by a test: by one of this file, or by the one that is named here. A line that nobody
 * runs fails, and so does the name of a test that is not there.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { server } = require('../cli/lib');
const { install, shell, TOP, BUILD } = require('./lib');

const HERE = 'guides-lines';
/* What runs make test, or takes as long as all of it: there is no test of it, and why. */
const ALL_TESTS = 'it is what runs the tests';
const MINUTES = 'it takes many minutes, or a quiet machine';
const NO_SYSTEMD = 'a test has no systemd of its own; package-service asks its verifier';
const NOT_RUN = [ALL_TESTS, MINUTES, NO_SYSTEMD];

/* [page, lines, the test that runs them]; pages are run whole where no lines are told. */
const CLAIMS = [
  ['README.md', /^make run/, 'chat-run'],
  ['README.md', /^make test/, ALL_TESTS],
  ['README.md', /^build\/release\/centrifuge-cli /, 'cli-docs'],
  ['docs/cli.md', /./, 'cli-docs'],
  ['docs/http-api.md', /./, 'server-api-docs'],
  ['docs/recipes.md', /./, 'guides-recipes'],
  ['docs/client.md', /^cc program\.c /, HERE],
  ['docs/cpp.md', /^c\+\+ -std=c\+\+17 program\.cpp /, HERE],
  ['docs/python.md', /^(bindings\/python\/build\.py|PYTHONPATH=)/, HERE],
  ['docs/browser.md', /^npm install centrifuge@file:/, 'web-package'],
  ['docs/scaling.md', /^redis-cli RPUSH /, 'server-redis'],
  ['docs/operating.md', /^(centrifuged checkconfig|curl )/, HERE],
  ['docs/operating.md', /^certbot /, 'server-certbot'],
  ['docs/operating.md', /^systemctl /, NO_SYSTEMD],
  ['docs/testing.md', /^(scripts\/test|cmake --preset tsan)/, ALL_TESTS],
  ['docs/testing.md', /^ctest --test-dir build\/dev -N/, HERE],
  ['docs/testing.md', /^build\/dev\/simulate/, HERE],
  ['docs/testing.md', /^(make (fuzz|coverage)|scripts\/coverage)/, MINUTES],
  ['docs/performance.md', /^(make bench|BENCH_QUICK=1|bench\/latency)/, MINUTES],
];

const read = (name) => fs.readFileSync(path.join(TOP, name), 'utf8');
const pages = ['README.md', ...fs.readdirSync(path.join(TOP, 'docs')).filter((name) => name.endsWith('.md')).map((name) => 'docs/' + name)];

/* The code blocks of a page, fenced or indented by four blanks: { language, lines }. */
function codeBlocks(page) {
  const blocks = [];
  let inside = null;
  let before = '';
  for (const line of read(page).split('\n')) {
    if (line.startsWith('```')) {
      inside = inside?.fenced ? null : { fenced: true, language: line.slice(3), lines: [] };
      if (inside) blocks.push(inside);
    } else if (inside?.fenced) {
      inside.lines.push(line);
    } else if (/^ {4}\S/.test(line) && (inside || before === '')) {
      if (!inside) blocks.push(inside = { language: '', lines: [] });
      inside.lines.push(line.slice(4));
    } else {
      inside = null;
    }
    before = line;
  }
  return blocks;
}

/* What a reader gives his shell. Blocks without a language that are no shell's begin as JSON, a log or a configuration does. */
function shellLines(page) {
  const shells = codeBlocks(page).filter(({ language, lines }) => ['', 'sh', 'bash', 'console'].includes(language) && !/^([{[<>]|seed \d)/.test(lines[0]));
  return shells.flatMap(({ language, lines }) => {
    const asked = language === 'console' || lines[0].startsWith('$ ');
    return asked ? lines.filter((line) => line.startsWith('$ ')).map((line) => line.slice(2)) : lines;
  });
}

test('each line is run by a test', () => {
  const nobody = pages.flatMap((page) => shellLines(page)
    .filter((line) => !CLAIMS.some(([name, lines]) => name === page && lines.test(line)))
    .map((line) => `${page}: ${line}`));
  assert.deepStrictEqual(nobody, []);
});

test('each claim is of a line and of a test that are there', () => {
  const listed = execFileSync('ctest', ['--test-dir', BUILD, '-N']).toString();
  for (const [page, lines, name] of CLAIMS) {
    assert.ok(shellLines(page).some((line) => lines.test(line)), `${page}: no line is like ${lines}`);
    assert.ok(NOT_RUN.includes(name) || listed.includes(`: ${name}\n`), `${page}: there is no test ${name}`);
  }
});

let home;
before(() => { home = install(); });
after(() => fs.rmSync(home, { recursive: true }));

async function run(folder, line) {
  const session = shell(home, folder);
  session.child.stdin.end(line + '\n');
  assert.strictEqual(await session.code, 0, `${line}\n${session.output}${session.errors}`);
  return session.output;
}

/* The first block of a language that is a program. */
function program(page, language) {
  const blocks = [...read(page).matchAll(new RegExp('```' + language + '\\n([^]*?)```', 'g'))].map(([, block]) => block);
  return blocks.find((block) => /^int main/m.test(block));
}

for (const [page, language, file] of [['docs/client.md', 'c', 'program.c'], ['docs/cpp.md', 'cpp', 'program.cpp']]) {
  test(`${page}: its first program, by its own command`, async () => {
    const place = await server({ insecure: true, insecure_api: true, anonymous: true, publish: true });
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-lines-'));
    const text = program(page, language).replace(/\bws:\/\/[\w.:]+/, place.url.replace('http', 'ws'));
    fs.writeFileSync(path.join(folder, file), text);
    await run(folder, shellLines(page).find((line) => line.includes(file)));
    const [, channel] = /subscribe\((?:client, )?"([^"]+)"/.exec(text);
    const session = shell(home, folder);
    session.child.stdin.end('exec ./a.out\n');
    while (!/hello/.test(session.output) && session.child.exitCode === null) {
      await run(folder, `centrifuge-cli pub --api --url ${place.url} ${channel} '{"text": "hello"}'`);
    }
    assert.match(session.output, /hello/, session.errors);
    await session.end();
    await place.stop();
    fs.rmSync(folder, { recursive: true });
  });
}

test('docs/python.md: its programs, by its own commands', async () => {
  const place = await server({ insecure: true, insecure_api: true });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-lines-'));
  const [build, start] = shellLines('docs/python.md');
  await run(TOP, build.replace('build/python', path.join(folder, 'package')));
  const sanitized = /^CENTRIFUGE_SANITIZE:\w+=./m.test(fs.readFileSync(path.join(BUILD, 'CMakeCache.txt'), 'utf8'));
  const preload = sanitized ? 'LD_PRELOAD=$(cc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 ' : '';
  const command = preload + start.replace('build/python', 'package').replace('python3', '/usr/bin/python3');
  const programs = codeBlocks('docs/python.md').filter(({ language }) => language === 'python')
    .map(({ lines }) => lines.join('\n').replace(/\bws:\/\/[\w.:]+/, place.url.replace('http', 'ws')));
  fs.writeFileSync(path.join(folder, 'program.py'), programs[0]);
  const session = shell(home, folder);
  session.child.stdin.end(command + '\n');
  while (!session.output.includes('hello') && session.child.exitCode === null) {
    await run(folder, `centrifuge-cli pub --api --url ${place.url} chat:room '{"text": "hello"}'`);
  }
  assert.match(session.output, /^{'text': 'hello'}/, session.errors);
  await session.end();
  fs.writeFileSync(path.join(folder, 'program.py'), programs[1]);
  assert.match(await run(folder, command), /'data': {'text': 'hello'}/);
  await place.stop();
  fs.rmSync(folder, { recursive: true });
});

/* As they stand there, with fewer seeds; the coverage of few seeds would miss something, make test has it of many. */
for (const line of shellLines('docs/testing.md').filter((text) => /^(build\/dev\/simulate|ctest)/.test(text) && !text.includes('--coverage'))) {
  test('docs/testing.md: ' + line.split(' #')[0].trim(), async () => {
    const [command] = line.split(/ +#/);
    await run(TOP, command.replace('build/dev', BUILD).replace(/--seeds \d+/, '--seeds 20').replace(/simulate$/, 'simulate --seeds 20'));
  });
}

test('docs/operating.md: the configuration is good, and the health is as shown', async () => {
  const place = await server({});
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-lines-'));
  const [check, health] = [/^centrifuged checkconfig/, /^curl /].map((begin) => shellLines('docs/operating.md').find((line) => begin.test(line)));
  await run(folder, 'centrifuged genconfig config.json');
  assert.strictEqual(await run(folder, check.replace('/etc/centrifuged/', '')), '');
  const [command, shown] = health.split(/ +# /);
  const lag = (text) => text.replace(/_ms":\d+/, '_ms":0');
  assert.strictEqual(lag(await run(folder, command.replace('http://127.0.0.1:8000', place.url).replace('curl', 'curl -s'))).trimEnd(), lag(shown));
  await place.stop();
  fs.rmSync(folder, { recursive: true });
});
