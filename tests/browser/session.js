/*
 * For pages and workers: report() sends a result to the test, session() is what every build has to be able to do: connect,
 * subscribe, publish, hear of it, ask who is there and what was said, unsubscribe, disconnect.
 */
(function (global) {
  'use strict';

  function report(name, result) {
    return fetch('/report', { method: 'POST', body: JSON.stringify(Object.assign({ name }, result)) });
  }

  function session(Centrifuge, options, channel) {
    return new Promise((resolve) => {
      const events = [];
      const client = new Centrifuge(options);
      const told = (name) => (context) => { events.push([name, context]); };
      for (const name of ['connect', 'disconnect', 'error']) client.on(name, told(name));
      client.on('disconnect', () => resolve(events));
      const names = ['message', 'join', 'leave', 'unsubscribe', 'error'];
      const subscription = client.subscribe(channel, Object.fromEntries(names.map((name) => [name, told(name)])));
      subscription.on('subscribe', async (context) => {
        events.push(['subscribe', context]);
        events.push(['published', await subscription.publish({ text: 'héllo <&> \u2603', n: 1.5 })]);
        events.push(['presence', await subscription.presence()]);
        events.push(['history', await subscription.history()]);
        subscription.unsubscribe();
        client.disconnect();
      });
      client.connect();
    });
  }

  /* Runs it and reports how it ended. */
  function reportSession(name, Centrifuge, options, channel) {
    const failed = (error) => report(name, { failed: String(error) });
    try {
      return session(Centrifuge, options, channel).then((events) => report(name, { events }), failed);
    } catch (error) {
      return failed(error);
    }
  }

  Object.assign(global, { report, session, reportSession });
})(globalThis);
