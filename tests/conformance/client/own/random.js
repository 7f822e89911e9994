'use strict';
/*
 * A walk through what a client and its server may do, chosen by a seed, in lockstep: after each step both come to rest, so that
 * the log does not depend on time. What client-spec.md 17 calls a defect is not walked into.
 */
const { commands } = require('./kit');

function generator(seed) {
  let x = (seed * 2654435761) >>> 0 || 1;
  return (n) => {
    x ^= x << 13; x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5; x >>>= 0;
    return x % n;
  };
}

const CHANNELS = ['a', 'b', '7', '$p', '$q', '3'];
const REST_MS = 30;

class Walk {
  constructor(t, seed) {
    this.t = t;
    this.random = generator(seed);
    this.subs = new Map(); // channel -> { sub, state: new | asked | subscribed | refused | unsubscribed }
    this.pending = []; // commands without an answer
    this.state = 'disconnected';
    this.batching = false;
    this.collected = 0;
    this.count = 0;
    this.life = 0; // how often the table of subscriptions was emptied: positions of then are another matter (D51)
    this.connection = 0;
  }

  pick(list) { return list[this.random(list.length)]; }

  of(...states) { return [...this.subs.entries()].filter(([, s]) => states.includes(s.state)); }

  async start() {
    const { t } = this;
    t.route('/auth', (r) => ({ json: Object.fromEntries(r.body.channels.map((ch) => [ch, this.deny ? { status: 403 } : { sign: 's' + ch, info: '' }])) }));
    this.c = await t.watched({ authEndpoint: t.origin + '/auth', timeout: 100000, retry: 120, maxRetry: 120 });
  }

  async rest() {
    await this.t.sleep(REST_MS);
    if (this.s && !this.s.gone) for (const frame of this.s.queue.splice(0)) for (const cmd of commands(frame)) this.take(cmd);
  }

  /* The server gets a command, or will when the batch ends. */
  async sent() {
    if (this.batching) this.collected++;
    else await this.t.until(() => this.s.queue.length, 'a command');
  }

  /* Does it, and waits for so many events. */
  async told(n, act) {
    const before = this.t.events.length;
    act();
    await this.t.until(() => this.t.events.length >= before + n, n + ' events');
  }

  take(cmd) {
    if (cmd.method === 'ping' || cmd.method === 'unsubscribe') this.s.reply(cmd, cmd.params && { channel: cmd.params.channel, status: true });
    else this.pending.push(cmd);
  }

  /* The backend may refuse the one private channel that is about to be asked for. */
  denies(name, one) {
    const before = this.t.events.filter((e) => e.startsWith(name + ': error')).length;
    this.deny = this.state === 'connected' && name.startsWith('$') && this.random(3) === 0;
    one.denied = this.deny ? before + 1 : 0;
  }

  /* Until the server has been asked for everything that is wanted. */
  async asked() {
    if (this.deny) {
      for (const [name, one] of this.of('asked')) if (name.startsWith('$') && one.denied) { await this.t.seen(name + ': error', one.denied); one.state = 'refused'; }
      this.deny = false;
    }
    const has = (name) => this.pending.some((cmd) => cmd.method === 'subscribe' && cmd.params.channel === name);
    const limit = Date.now() + 5000;
    while (Date.now() < limit && !this.of('asked').every(([name]) => has(name))) await this.rest();
    await this.rest();
  }

  async arrive() {
    this.s = await this.t.accept();
    await this.s.handshake();
    this.state = 'connected';
    this.connection++;
    this.pending = [];
    for (const [, s] of this.of('new', 'subscribed', 'refused', 'asked')) s.state = 'asked';
    await this.asked();
  }

  lost(again) {
    this.state = again ? 'waiting' : 'disconnected';
    this.pending = [];
    if (again) return;
    this.subs.clear();
    this.life++;
  }

  actions() {
    const { c, s, t } = this;
    const connected = this.state === 'connected';
    const list = [];
    const add = (name, act, weight = 1) => { for (let n = 0; n < weight; n++) list.push([name, act]); };
    if (this.state === 'disconnected') add('connect', async () => { await c.connect(); await this.arrive(); }, 4);
    const free = CHANNELS.map((name) => name + (this.life || '')).filter((name) => !this.subs.has(name));
    if (free.length && !this.batching) add('subscribe', async () => {
      const name = this.pick(free);
      const one = { state: connected ? 'asked' : 'new' };
      this.subs.set(name, one);
      this.denies(name, one);
      one.sub = await t.subscribe(c, name);
      if (connected) await this.asked();
    }, 3);
    const idle = this.of('unsubscribed', 'refused');
    if (idle.length && connected && !this.batching) add('again', async () => { const [name, one] = this.pick(idle); one.state = 'asked'; this.denies(name, one); await one.sub.subscribe(); await this.asked(); }, 2);
    if (free.length > 1 && connected && !this.batching) add('auth batch', async () => {
      await c.startAuthBatching();
      const first = this.random(free.length - 1);
      for (const name of free.slice(first, first + 3)) this.subs.set(name, { sub: await t.subscribe(c, name), state: 'asked' });
      await c.stopAuthBatching();
      await this.asked();
    });
    if (connected) add('odd frame', async () => {
      s.send(this.pick([null, [], 7, { method: 'none' }, { uid: '9999', method: 'publish', body: {} }, { method: 'ping' }, { uid: '9999', method: 'presence', error: 'late' }, { method: 'message', body: { uid: 'x', channel: 'nobody', data: 1 } },
        { method: 'unsubscribe', body: { channel: 'nobody' } }, { uid: '9998', method: 'subscribe', body: { channel: 'nobody', status: true } }, [null, { method: 'join', body: { channel: 'nobody' } }]]));
    });
    const live = this.of('subscribed');
    if (live.length && connected) {
      add('unsubscribe', async () => { const [, one] = this.pick(live); one.state = 'unsubscribed'; one.connection = this.connection; await one.sub.unsubscribe(); await this.sent(); });
      add('call', async () => { const [name, one] = this.pick(live); const m = this.pick(['publish', 'presence', 'history']); const n = ++this.count; t.track(m + n + ' ' + name, one.sub[m]({ n })); await this.sent(); }, 3);
      add('message', async () => { const [name] = this.pick(live); const n = ++this.count; await this.told(1, () => s.message(name, 'm' + n, { n })); }, 3);
      add('messages', async () => { await this.told(3, () => s.send([1, 2, 3].map(() => { const n = ++this.count; return { method: this.pick(['message', 'join', 'leave']), body: { uid: 'm' + n, channel: this.pick(live)[0], data: n } }; }))); });
      add('server unsubscribe', async () => { const [name, one] = this.pick(live); one.state = 'unsubscribed'; one.connection = this.connection; await this.told(1, () => s.send({ method: 'unsubscribe', body: { channel: name, status: true } })); });
    }
    const gone = this.of('unsubscribed').filter(([, one]) => connected && one.connection === this.connection); // D6
    if (gone.length) add('late call', async () => { const [name, one] = this.pick(gone); t.track('late ' + ++this.count + ' ' + name, one.sub.presence()); });
    if (connected && this.pending.length) add('answer', async () => { this.pending.sort((x, y) => x.uid - y.uid); await this.answer(this.pending.splice(this.random(this.pending.length), 1)[0]); }, 8);
    if (connected) {
      add('ping', async () => { await c.ping(); await this.sent(); });
      add('drop', async () => { s.drop(); this.lost(true); await t.until(() => !c.isConnected(), 'the loss'); });
      add('close', async () => { s.close(3000, this.pick(['', 'text', '{"reason":"r","reconnect":true}'])); this.lost(true); await t.until(() => !c.isConnected(), 'the loss'); });
      const clear = !this.batching && !this.of('new', 'asked', 'refused').length && this.of('unsubscribed').every(([, one]) => one.connection === this.connection); // D6, D17
      if (clear) add('disconnect', async () => { await c.disconnect(); await s.closed(); this.lost(false); });
      if (clear) add('close for good', async () => { s.close(3000, '{"reason":"stop","reconnect":false}'); this.lost(false); await t.until(() => !c.isConnected(), 'the loss'); });
      if (!this.batching && !this.of('asked').length) add('startBatching', async () => { this.batching = true; await c.startBatching(); });
    }
    if (this.batching) add('stopBatching', async () => { this.batching = false; await c.stopBatching(true); if (this.collected) await this.sent(); this.collected = 0; }, 3);
    return this.batching ? list.filter(([name]) => ['call', 'ping', 'message', 'unsubscribe', 'stopBatching', 'answer'].includes(name))
      : this.state === 'waiting' ? [['reconnect', () => this.arrive()], ...list.filter(([name]) => name === 'subscribe').slice(0, 1)] : list;
  }

  async answer(cmd) {
    const { s } = this;
    const channel = cmd.params && cmd.params.channel;
    const good = this.random(4) > 0;
    if (cmd.method !== 'subscribe') {
      const before = this.t.calls.length;
      if (good) s.reply(cmd, { channel, data: ++this.count });
      else s.fail(cmd, 'internal server error', this.pick(['retry', 'fix', undefined]), this.pick([null, undefined, { channel }]));
      await this.t.until(() => this.t.calls.length > before, 'the result');
      return;
    }
    const one = this.subs.get(channel);
    const before = this.t.events.length;
    if (good) {
      const missed = cmd.params.recover && this.random(2) ? [2, 1].map(() => ({ uid: 'r' + ++this.count, channel, data: 'missed' })) : null;
      s.subscribed(cmd, { last: cmd.params.recover ? cmd.params.last : this.pick(['', 'l' + ++this.count]), messages: missed, recovered: Boolean(cmd.params.recover) });
      if (one) one.state = 'subscribed';
    } else {
      s.fail(cmd, 'permission denied', this.pick(['fix', undefined]));
      if (one) one.state = 'refused';
    }
    if (one) await this.t.until(() => this.t.events.length > before, 'the answer to be told');
  }

  async walk(steps) {
    await this.start();
    for (let n = 0; n < steps; n++) {
      const [name, act] = this.pick(this.actions());
      this.t.note(name);
      await act();
      await this.rest();
    }
    if (this.state === 'waiting') await this.arrive();
    // D18 leaves open what counts as a resubscription
    this.t.events = this.t.events.map((e) => e.replace(/"isResubscribe":(true|false)/, '"isResubscribe":"?"'));
    this.t.calls.sort();
  }
}

module.exports = (seed) => ({
  title: 'a walk by chance, seed ' + seed,
  async run(t) { await new Walk(t, seed).walk(60); },
});
