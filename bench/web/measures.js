'use strict';
/*
 * What bench/web/run.mjs measures of one library, in Node and in a page alike. The peer is in the same process and answers at
 * once, so that nothing but the library is measured, from the transport's onmessage to the user's handler.
 */
(function (root, factory) {
  if (typeof module === 'object') module.exports = factory(globalThis);
  else root.measures = factory(root);
})(this, (root) => {
  const clock = () => performance.now();
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /* A transport to a server that takes every subscription. */
  class Peer {
    constructor() {
      Peer.last = this;
      this.bufferedAmount = 0;
      setTimeout(() => this.onopen({}));
    }

    send(text) {
      const answers = [].concat(JSON.parse(text)).map((command) => Peer.answer(command)).filter(Boolean);
      if (answers.length) setTimeout(() => this.onmessage && this.onmessage({ data: JSON.stringify(answers) }));
    }

    close() {}

    lose() { this.onclose({ code: 1006, reason: '', wasClean: false }); }
  }

  const bodies = {
    connect: () => ({ version: '1.8.0', client: '79ec54fa-8348-4671-650b-d299c193a8a3', expires: false, expired: false, ttl: 0 }),
    subscribe: ({ channel }) => ({ channel, status: true, last: '', messages: null, recovered: false }),
  };

  Peer.answer = ({ uid, method, params }) => bodies[method] && { uid, method, body: bodies[method](params) };

  function client(Centrifuge, options) {
    root.WebSocket = Peer;
    return new Centrifuge({ url: 'ws://localhost/connection/websocket', user: 'u', timestamp: '1', token: 't', ...options });
  }

  const subscribed = (subscription) => new Promise((resolve) => subscription.on('subscribe', resolve));

  const CHANNELS = 8;

  /* Pushes of `size` bytes; `letter` is what the data is made of. */
  function frames(size, letter) {
    const make = (i, text) => JSON.stringify({
      method: 'message',
      body: { uid: '6778c79f-ccb2-4a1b-5768-2e7381bc' + (1000 + i), channel: 'channel' + (i % CHANNELS), data: { input: text, number: i } },
    });
    const bytes = (text) => new TextEncoder().encode(text).length;
    return Array.from({ length: 64 }, (_, i) => {
      const letters = Math.floor((size - bytes(make(i, ''))) / bytes(letter));
      return make(i, letter.repeat(letters));
    });
  }

  /* A library that takes messages, ready to be measured in rounds: microseconds a message. */
  async function receiver(Centrifuge, size, letter) {
    const centrifuge = client(Centrifuge);
    let got = 0;
    const all = Array.from({ length: CHANNELS }, (_, i) => subscribed(centrifuge.subscribe('channel' + i, (message) => { got += message.data.input.length > 0; })));
    centrifuge.connect();
    await Promise.all(all);
    const peer = Peer.last;
    const texts = frames(size, letter);
    return (count) => {
      const before = got;
      const start = clock();
      for (let i = 0; i < count; i++) peer.onmessage({ data: texts[i & 63] });
      const took = clock() - start;
      if (got - before !== count) throw new Error(`${got - before} of ${count} messages arrived`);
      return took * 1000 / count;
    };
  }

  /* Constructor to the event `connect`, without the peer's own delay: milliseconds. The first one pays for the library's start. */
  async function firstConnect(Centrifuge) {
    const start = clock();
    const centrifuge = client(Centrifuge);
    const made = clock() - start;
    await new Promise((resolve) => {
      centrifuge.on('connect', resolve);
      centrifuge.connect();
    });
    const took = clock() - start;
    centrifuge.disconnect();
    return { made, took };
  }

  /* Loss of the connection to the last `subscribe` of private channels, without the pause that the client makes: milliseconds. */
  async function resubscription(Centrifuge, channels) {
    let waiting = channels;
    let asked = 0;
    let all;
    const options = {
      retry: 1,
      maxRetry: 1,
      onPrivateChannelAuth({ data }, answer) {
        asked = asked || clock();
        answer(false, Object.fromEntries(data.channels.map((channel) => [channel, { sign: 'f'.repeat(64), info: '' }])));
      },
    };
    const centrifuge = client(Centrifuge, options);
    for (let i = 0; i < channels; i++) centrifuge.subscribe('$private' + i).on('subscribe', () => { if (--waiting === 0) all(); });
    const done = () => new Promise((resolve) => { all = resolve; });
    const first = done();
    centrifuge.connect();
    await first;
    const times = [];
    for (let round = 0; round < 10; round++) {
      waiting = channels;
      asked = 0;
      const again = done();
      Peer.last.lose();
      await again;
      times.push(clock() - asked);
    }
    centrifuge.disconnect();
    return times.sort((a, b) => a - b)[5];
  }

  /* Bytes of heap that are held after `count` messages more than before them. */
  async function growth(Centrifuge, count, heap) {
    const round = await receiver(Centrifuge, 200, 'a');
    round(20000);
    const before = await heap();
    for (let done = 0; done < count; done += 10000) {
      round(10000);
      await pause(0);
    }
    return await heap() - before;
  }

  /* Messages a second from a server that floods (run.mjs), through the page's own WebSocket. */
  async function flood(Centrifuge, url, count) {
    if (root.ownWebSocket) root.WebSocket = root.ownWebSocket;
    const centrifuge = new Centrifuge({ url, insecure: true });
    let got = 0;
    let start = 0;
    await new Promise((resolve) => {
      centrifuge.subscribe('flood', () => {
        start = start || clock();
        if (++got === count) resolve();
      });
      centrifuge.connect();
    });
    const took = clock() - start;
    centrifuge.disconnect();
    return count * 1000 / took;
  }

  root.ownWebSocket = root.WebSocket;

  return { receiver, flood, firstConnect, resubscription, growth };
});
