'use strict';
/*
 * The existing JavaScript client as an application on Node has it: centrifuge 1.5.0 as it is published, the `ws` package with its
 * defaults as WebSocket, and an XMLHttpRequest, which Node lacks.
 */
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const modules = path.join(__dirname, '../../tests/conformance/node_modules');
global.WebSocket = require(path.join(modules, 'ws'));

/* As much of it as the client uses. */
global.XMLHttpRequest = class {
  constructor() {
    this.readyState = 0;
    this.status = 0;
    this.responseText = '';
    this.headers = {};
  }
  open(method, url) {
    this.method = method;
    this.url = url;
  }
  setRequestHeader(name, value) { this.headers[name] = value; }
  send(body) {
    const headers = Object.assign({ 'Content-Length': Buffer.byteLength(body) }, this.headers);
    const request = http.request(this.url, { method: this.method, headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => this.done(response.statusCode, Buffer.concat(parts).toString()));
    });
    request.on('error', () => this.done(0, ''));
    request.end(body);
  }
  done(status, text) {
    Object.assign(this, { status, responseText: text, readyState: 4 });
    this.onreadystatechange();
  }
};

const Centrifuge = require(path.join(modules, 'centrifuge'));

/* --name VALUE of the command line */
function text(name) {
  const at = process.argv.indexOf('--' + name);
  return at < 0 ? undefined : process.argv[at + 1];
}

/* The same as a number. */
function option(name, fallback) {
  return text(name) === undefined ? fallback : Number(text(name));
}

/* CPU time of this process in ns, all its threads, user and system */
function ownCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

/* Of this process in bytes: all resident memory, and that which is its own (no files). */
function memory() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const bytes = (name) => Number(new RegExp('^' + name + ':\\s+(\\d+)', 'm').exec(status)[1]) * 1024;
  return { all: bytes('VmRSS'), own: bytes('RssAnon') };
}

module.exports = { Centrifuge, option, text, ownCpu, memory };
