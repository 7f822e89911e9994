'use strict';
/* A page of a real browser as if it were in this process: calls return what they return there, callbacks are called from there. */
const path = require('path');
const { Worker, MessageChannel, receiveMessageOnPort } = require('worker_threads');
const Objects = require('./objects');

const PATIENCE_MS = 120000;

class Remote {
  /* `devtools`: the address of a running Chromium; `library`: the file that defines Centrifuge. */
  static async open(options) {
    const self = new Remote();
    const channel = new MessageChannel();
    self.bell = new Int32Array(new SharedArrayBuffer(4));
    self.port = channel.port1;
    self.inside = 0; // how often the page waits for this side
    const workerData = Object.assign({ port: channel.port2, bell: self.bell }, options);
    self.worker = new Worker(path.join(__dirname, 'worker.js'), { workerData, transferList: [channel.port2] });
    self.objects = new Objects((request) => self.ask(request));
    self.receive();
    self.port.on('message', (message) => self.take(message));
    self.page = self.objects.standIn('reference', 0);
    return self;
  }

  /* The next message, without giving up this turn of the loop. */
  receive() {
    for (;;) {
      const rung = Atomics.load(this.bell, 0);
      const got = receiveMessageOnPort(this.port);
      if (got && got.message.failed) throw new Error(got.message.failed);
      if (got) return got.message;
      if (Atomics.wait(this.bell, 0, rung, PATIENCE_MS) === 'timed-out') throw new Error('the page does not answer');
    }
  }

  ask(request) {
    const first = !this.inside;
    this.port.postMessage({ request, inside: !first });
    const reply = this.reply();
    if (first) this.hold();
    return reply;
  }

  /* The page stands still until what runs here has run: the rest of its calls belong to the same task. */
  hold() {
    this.inside++;
    queueMicrotask(() => {
      this.inside--;
      this.port.postMessage({ end: 'task', inside: true });
    });
  }

  reply() {
    for (;;) {
      const message = this.receive();
      if (message.reply) return message.reply;
      this.take(message);
    }
  }

  /* The page asks for something. */
  take({ request }) {
    this.inside++;
    const reply = this.objects.perform(request);
    this.inside--;
    this.port.postMessage({ reply, inside: true });
  }

  close() {
    this.port.postMessage({ end: 'page' });
    this.receive();
    this.port.close();
  }
}

module.exports = Remote;
