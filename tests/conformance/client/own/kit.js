'use strict';
/* What most scenarios begin with. */

/* A client that is connected. `over` goes into the connect answer. Of c.watched() or t.client() with `watched` false. */
async function connected(t, options, over, watched) {
  const c = watched === false ? await t.client(options) : await t.watched(options);
  await c.connect();
  const s = await t.accept();
  await s.handshake(over);
  await t.until(() => c.isConnected(), 'the client to be connected');
  return { c, s };
}

/* And subscribed. `names` are the events that are logged, [] for none. */
async function subscribed(t, options, { channel = 'news', names, watched, over } = {}) {
  const { c, s } = await connected(t, options, undefined, watched);
  const sub = await t.subscribe(c, channel, names);
  await s.acceptSubscribe(over);
  await ready(t, sub);
  return { c, s, sub };
}

/* Waits for a subscription to be subscribed, or refused. */
async function ready(t, sub) {
  let settled = false;
  const done = () => { settled = true; };
  await t.until(() => { sub.ready(done, done); return settled; }, sub.channel + ' to be subscribed');
}

/* The commands of a frame. */
const commands = (frame) => [].concat(frame);

/* An auth route that signs everything. */
const signs = (r) => ({ json: Object.fromEntries(r.body.channels.map((channel) => [channel, { sign: 'sign' + channel, info: '' }])) });

const credentials = { user: 'u1', timestamp: '2000', info: '', token: 'tok2' };

module.exports = { connected, subscribed, ready, commands, signs, credentials };
