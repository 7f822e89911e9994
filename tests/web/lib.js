'use strict';
/*
 * For the tests of the npm package: the package as a user gets it (packed, then installed into a project of its own), the tools of js/,
 * and a WebSocket server that says just enough for a client to connect, subscribe and get one message. CENTRIFUGE_NPM names another
 * package folder than dist/npm.
 */
const { createRequire } = require('node:module');
const { execFileSync } = require('node:child_process');
const { pathToFileURL } = require('node:url');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');
const packageFolder = path.resolve(process.env.CENTRIFUGE_NPM || path.join(root, 'dist/npm'));
const toolFolder = path.join(root, 'js/node_modules');
const tool = createRequire(path.join(root, 'js/package.json'));
/* Of a tool that is an ES module: the file, since require does not find it. */
const importTool = (file) => import(pathToFileURL(path.join(toolFolder, file)));

const temporary = [];
process.on('exit', () => temporary.forEach((folder) => fs.rmSync(folder, { recursive: true, force: true })));

function temporaryFolder() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'centrifuge-web-'));
  temporary.push(folder);
  return folder;
}

/* Files by name into a folder; what is no text becomes JSON. */
function write(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
}

/* npm without a network, and with nothing written to the user's own cache. */
function npm(folder, ...words) {
  const env = { ...process.env, npm_config_cache: path.join(folder, '.cache'), npm_config_update_notifier: 'false' };
  const stdio = ['ignore', 'pipe', 'pipe'];
  return execFileSync('npm', [...words, '--offline', '--no-audit', '--no-fund'], { cwd: folder, env, encoding: 'utf8', stdio });
}

/* What `npm pack` makes, once: { tarball, files }. */
let packed = null;
function pack() {
  if (packed) return packed;
  if (!fs.existsSync(packageFolder)) throw new Error(packageFolder + ' is not there: build it with js/build.mjs first');
  const folder = temporaryFolder();
  const [{ filename, files }] = JSON.parse(npm(folder, 'pack', packageFolder, '--json'));
  packed = { tarball: path.join(folder, filename), files: files.map((file) => file.path).sort() };
  return packed;
}

/* A project that has installed it, under any name. */
function project(name = 'libcentrifuge') {
  const { tarball } = pack();
  const folder = temporaryFolder();
  write(folder, { 'package.json': { name: 'application', private: true } });
  npm(folder, 'install', `${name}@file:${tarball}`);
  return folder;
}

/* Answers on one port: HTTP with `files` by path, WebSocket with what the protocol wants. `news` carries one message. */
async function scriptedServer(files = {}) {
  const { WebSocketServer } = tool('ws');
  const server = http.createServer((request, response) => serve(files, request, response));
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (frame) => answer(socket, JSON.parse(frame))));
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const stop = () => {
    sockets.clients.forEach((socket) => socket.terminate());
    sockets.close();
    server.closeAllConnections();
    server.close();
  };
  return { port: server.address().port, stop };
}

function serve(files, request, response) {
  const content = files[request.url.split('?')[0]];
  response.statusCode = content === undefined ? 404 : 200;
  response.setHeader('Content-Type', /\.m?js$/.test(request.url) ? 'text/javascript' : 'text/html');
  response.end(content);
}

function answer(socket, frame) {
  for (const { uid, method, params } of [].concat(frame)) {
    if (method === 'connect') send(socket, uid, method, { version: '1.8.0', client: 'c1', expires: false, expired: false, ttl: 0 });
    if (method === 'subscribe') {
      send(socket, uid, method, { channel: params.channel, status: true, last: '', messages: null, recovered: false });
      send(socket, undefined, 'message', { uid: 'm1', channel: params.channel, data: { text: 'hello' } });
    }
  }
}

const send = (socket, uid, method, body) => socket.send(JSON.stringify({ uid, method, body }));

/* The blocks of a document in one language: { text, line }. */
function blocks(document, language) {
  const found = [];
  const text = fs.readFileSync(path.join(root, document), 'utf8');
  for (const match of text.matchAll(new RegExp('^```' + language + '\\n([^]*?)^```$', 'gm'))) {
    found.push({ text: match[1], line: text.slice(0, match.index).split('\n').length });
  }
  return found;
}

module.exports = { root, packageFolder, toolFolder, tool, importTool, temporaryFolder, write, pack, project, scriptedServer, blocks };
