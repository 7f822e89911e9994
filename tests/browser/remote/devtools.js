'use strict';
/*
 * A fresh tab of a Chromium that runs already, by its DevTools protocol: a scenario needs five of its commands, and a process
 * of its own, where loading a whole automation library would take longer than the scenario.
 */
const fs = require('fs');
const path = require('path');
const WS = require('../../conformance/node_modules/ws');

const read = (name) => fs.readFileSync(path.join(__dirname, name), 'utf8');

class Devtools {
  static async connect(url) {
    const self = new Devtools();
    self.count = 0;
    self.pending = new Map();
    self.events = () => {};
    self.socket = new WS(url, { perMessageDeflate: false, maxPayload: 1 << 28 });
    self.socket.on('message', (data) => self.receive(JSON.parse(data.toString())));
    await new Promise((resolve, reject) => self.socket.once('open', resolve).once('error', reject));
    return self;
  }

  receive(message) {
    if (message.id === undefined) return this.events(message);
    const { resolve, reject } = this.pending.get(message.id);
    this.pending.delete(message.id);
    return message.error ? reject(new Error(message.error.message)) : resolve(message.result);
  }

  send(method, params, sessionId) {
    const id = ++this.count;
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => this.pending.set(id, { resolve, reject }));
  }
}

function pageText(remote) {
  return '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>scenario</title><link rel="icon" href="data:,">' +
    '<script src="centrifuge.js"></script>' +
    '<script>' + read('objects.js') + read('page.js') + 'startRemote(' + remote + ');</script></head><body></body></html>';
}

/* The page and the library come from here, everything else from the origin itself. */
async function openPage({ devtools, origin, library, remote }) {
  const files = {
    '/page/index.html': ['text/html; charset=utf-8', Buffer.from(pageText(remote))],
    '/page/centrifuge.js': ['text/javascript; charset=utf-8', fs.readFileSync(library)],
  };
  const browser = await Devtools.connect(devtools);
  const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
  browser.events = ({ method, params }) => {
    if (method !== 'Fetch.requestPaused') return;
    const [type, body] = files[new URL(params.request.url).pathname];
    const responseHeaders = [{ name: 'Content-Type', value: type }];
    browser.send('Fetch.fulfillRequest', { requestId: params.requestId, responseCode: 200, responseHeaders, body: body.toString('base64') }, sessionId).catch(() => {});
  };
  await browser.send('Fetch.enable', { patterns: Object.keys(files).map((name) => ({ urlPattern: origin + name })) }, sessionId);
  await browser.send('Page.navigate', { url: origin + '/page/index.html' }, sessionId);
  return {
    async close() {
      await browser.send('Target.closeTarget', { targetId });
      browser.socket.close();
    },
  };
}

module.exports = { Devtools, openPage };
