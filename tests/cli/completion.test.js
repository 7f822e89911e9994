'use strict';
/* Words are completed in the shells themselves: bash, and zsh and fish where they are. */
const test = require('node:test');
const assert = require('node:assert');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cli, environment, CLI } = require('./lib');

let folder;
let env;
test.before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-completion-'));
  fs.symlinkSync(path.resolve(CLI), path.join(folder, 'centrifuge-cli'));
  env = environment({ PATH: folder + ':' + process.env.PATH, HOME: folder, XDG_CONFIG_HOME: folder, TERM: 'xterm', PS1: '$ ' });
  for (const [shell, name] of [['bash', 'bash'], ['zsh', '_centrifuge-cli'], ['fish', 'fish']]) {
    const { code, stdout } = await cli(['completion', shell]);
    assert.strictEqual(code, 0);
    fs.writeFileSync(path.join(folder, name), stdout);
  }
  for (const name of ['production', 'probe']) await cli(['context', 'add', name], { env: { XDG_CONFIG_HOME: folder } });
});
test.after(() => fs.rmSync(folder, { recursive: true }));

const missing = (shell) => spawnSync(shell, ['-c', 'true']).status !== 0 && `no ${shell} here`;

/* Types into an interactive shell, and waits until it shows what is expected. */
async function typed(shell, setup, keys, expected) {
  const child = spawn('script', ['--quiet', '--command', shell, '/dev/null'], { cwd: folder, env, detached: true });
  let shown = '';
  let ended = false;
  child.stdout.setEncoding('utf8').on('data', (text) => { shown += text; });
  const code = new Promise((resolve) => child.on('close', () => { ended = true; resolve(); }));
  const until = async (pattern) => {
    while (!pattern.test(shown.replace(/\x1b\[[\d;?]*\w/g, ''))) {
      assert.ok(!ended, shown);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  child.stdin.write(setup + '; echo rea""dy\n');
  await until(/ready/);
  shown = '';
  child.stdin.write(keys);
  await until(expected);
  process.kill(-child.pid, 'SIGKILL');
  await code;
}

const KEYS = [
  ['a command', 'centrifuge-cli bro\t', /centrifuge-cli broadcast\b/],
  ['an option', 'centrifuge-cli sub --tra\t', /sub --transport/],
  ['a value', 'centrifuge-cli stats --color nev\t', /--color never/],
  ['a context', 'centrifuge-cli stats --context prod\t', /--context production/],
  ['an action', 'centrifuge-cli context sel\t', /context select/],
  ['the context of an action', 'centrifuge-cli context rm prod\t', /context rm production/],
];

for (const [what, keys, expected] of KEYS) {
  test(`bash completes ${what}`, async () => {
    await typed('bash --norc -i', 'source ./bash', keys, expected);
  });
  test(`zsh completes ${what}`, { skip: missing('zsh') }, async () => {
    await typed('zsh -f -i', 'fpath=($PWD $fpath); autoload -U compinit; compinit -u -D', keys, expected);
  });
  test(`fish completes ${what}`, { skip: missing('fish') }, () => {
    const line = keys.replace('\t', '');
    const found = execFileSync('fish', ['--no-config', '-c', `source ./fish; complete -C '${line}'`], { cwd: folder, env, encoding: 'utf8' });
    assert.match(line.replace(/\S+$/, '') + found.split('\n')[0], expected);
  });
}

test('bash offers files where a file is wanted', async () => {
  await typed('bash --norc -i', 'source ./bash; touch authority.pem', 'centrifuge-cli sub --ca-file autho\t', /--ca-file authority\.pem/);
});

test('every command and every option is offered, by each shell\'s script', async () => {
  const help = (await cli(['--help'])).stdout;
  const commands = help.match(/^ {2}([a-z-]+)(?= )/gm).map((line) => line.trim());
  const scripts = ['bash', '_centrifuge-cli', 'fish'].map((name) => fs.readFileSync(path.join(folder, name), 'utf8'));
  assert.ok(commands.length > 15);
  for (const command of commands) {
    const options = (await cli([command, '--help'])).stdout.match(/(?<=^ {2}.{3} --)[a-z-]+/gm);
    const [bash, zsh, fish] = scripts;
    const words = bash.match(new RegExp(`^ +${command}\\) *\n? *words='(.*)'`, 'm'))[1].split(' ');
    const part = zsh.split(`\n    ${command})\n`)[1].split(' ;;\n')[0];
    for (const option of options) {
      assert.ok(words.includes('--' + option), `bash: ${command} --${option}`);
      assert.ok(part.includes(`'*--${option}`), `zsh: ${command} --${option}`);
      assert.ok(fish.includes(`__fish_seen_subcommand_from ${command}' -l ${option} `), `fish: ${command} --${option}`);
    }
  }
});

test('a shell that it does not know', async () => {
  const { code, stderr } = await cli(['completion', 'tcsh']);
  assert.strictEqual(code, 2);
  assert.match(stderr, /'tcsh' is not a shell that it knows: give bash, zsh or fish/);
});
