/* For pages: clients by name, and everything that they are told. */
(function (global) {
  'use strict';
  const clients = {};

  function start(name, options, channel) {
    const log = [];
    const client = new Centrifuge(options);
    const told = (event) => (context) => { log.push([event, context]); };
    for (const event of ['connect', 'disconnect', 'error']) client.on(event, told(event));
    const events = ['message', 'join', 'leave', 'subscribe', 'unsubscribe'];
    const subscription = channel && client.subscribe(channel, Object.fromEntries(events.map((event) => [event, told(event)])));
    clients[name] = { client, subscription, log };
    client.connect();
    return clients[name];
  }

  const count = (name, event) => clients[name].log.filter(([what]) => what === event).length;

  /* The contexts of an event. */
  const contexts = (name, event) => clients[name].log.filter(([what]) => what === event).map(([, context]) => context);

  Object.assign(global, { clients, start, count, contexts });
})(globalThis);
