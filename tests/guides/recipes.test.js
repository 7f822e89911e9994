'use strict';
/*
 * docs/recipes.md: each recipe in a folder of its own with the programs that stand there, against a server with the page's configuration, line by
 * line in one shell. What it prints is what is shown; `...` stands for what is another one each time.
 */
const { test, before, after } = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { cli, server } = require('../cli/lib');
const { install, shell, TOP } = require('./lib');

const PAGE = fs.readFileSync(path.join(TOP, 'docs/recipes.md'), 'utf8');
const CONFIG = JSON.parse(/```json\n([^`]*)```/.exec(PAGE)[1]);
const ADDRESS = '127.0.0.1:8000';
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const recipes = PAGE.split(/^## /m).slice(1).map((section) => ({
  title: section.split('\n')[0],
  files: [...section.matchAll(/^`([\w.]+)`:\n\n```\w+\n([^]*?)```/gm)].map(([, name, text]) => ({ name, text })),
  steps: [...section.matchAll(/```console\n([^]*?)```/g)].flatMap(([, block]) => block.trimEnd().split(/^\$ /m).slice(1)).map((text) => {
    const [command, ...lines] = text.trimEnd().split('\n');
    return { command, lines };
  }),
}));

let home;
before(() => { home = install(); });
after(() => fs.rmSync(home, { recursive: true }));

function pattern(lines) {
  const quoted = lines.join('\n').split('...').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp('^' + quoted.join('.*') + '$');
}

/* The reader looks: what is shown has come, and who listens in the background does listen. */
async function seen(place, session, command, wanted) {
  const over = () => session.child.exitCode !== null;
  while (session.output.split('\n').length <= wanted && !over()) await sleep(10);
  if (!command.endsWith('&')) return;
  while (!over() && (await cli(['channels', '--secret', CONFIG.secret, '--url', place.url])).stdout.trim() === '[]') await sleep(10);
}

async function cook({ files, steps }, place, folder) {
  const here = (text) => text.replaceAll(ADDRESS, '127.0.0.1:' + place.port);
  for (const { name, text } of files) fs.writeFileSync(path.join(folder, name), here(text));
  const session = shell(home, folder, { CENTRIFUGE_SECRET: CONFIG.secret, CENTRIFUGE_URL: place.url });
  const shown = [];
  try {
    for (const { command, lines } of steps) {
      session.child.stdin.write(command + '\n');
      shown.push(...lines);
      await seen(place, session, command, shown.length);
    }
    assert.match(session.output.trimEnd(), pattern(shown), session.errors);
  } finally {
    await session.end();
  }
}

test('there are recipes, each with a dialogue', () => {
  assert.strictEqual(recipes.length, 5);
  for (const { title, steps } of recipes) assert.ok(steps.some(({ lines }) => lines.length > 0), title);
});

for (const recipe of recipes) {
  test('recipe: ' + recipe.title, async () => {
    const place = await server(CONFIG);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-recipe-'));
    try {
      await cook(recipe, place, folder);
    } finally {
      await place.stop();
      fs.rmSync(folder, { recursive: true });
    }
  });
}
