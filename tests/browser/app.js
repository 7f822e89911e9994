/*
 * A user's code, written for the 1.x client: a session with everything that the documentation shows. It runs on any library with
 * that API, and keeps what it is told.
 */
(function (global) {
  'use strict';

  /* `say(step)` asks the test for what only it can do; resolves when it is done. */
  async function app(Centrifuge, { ann, bob, channel, say }) {
    const log = [];
    const count = (who) => log.filter(([what]) => what === who).length;
    let waiting = null;
    const check = () => { if (waiting && count(waiting.who) >= waiting.wanted) waiting.resolve(); };
    const keep = (who) => (context) => { log.push([who, context]); check(); };
    const heard = (who, wanted = 1) => new Promise((resolve) => { waiting = { who, wanted, resolve }; check(); });
    const settle = (label, promise) => promise.then((value) => log.push([label + ' resolved', value]), (error) => log.push([label + ' rejected', error]));

    const client = new Centrifuge(ann);
    client.on('connect', keep('connect')).on('disconnect', keep('disconnect')).on('error', keep('error'));
    const room = client.subscribe(channel, {
      message: keep('message'), join: keep('join'), leave: keep('leave'),
      subscribe: keep('subscribe'), unsubscribe: keep('unsubscribe'), error: keep('refused'),
    });
    client.connect();
    await heard('subscribe');
    log.push(['state', [client.isConnected(), client.getClientId() !== null]]);
    await settle('publish', room.publish({ input: 'hello', deep: [1, { x: null }] }));
    await heard('message');
    await settle('presence', room.presence());
    await settle('history', room.history());

    const other = new Centrifuge(bob);
    other.subscribe(channel);
    other.connect();
    await heard('join', 2);
    other.disconnect();
    await heard('leave');

    const nowhere = client.subscribe('nowhere:x', { error: keep('nowhere refused'), subscribe: keep('nowhere subscribed') });
    await heard('nowhere refused');
    await settle('call on a refused one', nowhere.presence());
    nowhere.unsubscribe();
    const quiet = client.subscribe('quiet:x', { subscribe: keep('quiet subscribed'), unsubscribe: keep('quiet unsubscribed') });
    await heard('quiet subscribed');
    await settle('publish without permission', quiet.publish('x'));
    await settle('history without permission', quiet.history());
    quiet.unsubscribe();
    quiet.removeAllListeners('unsubscribe'); // 1.x tells it again when the connection ends
    await settle('call after unsubscribe', quiet.publish('y'));

    await say('cut');
    await heard('subscribe', 2);
    await heard('message', 3);
    await settle('publish again', room.publish('after'));
    await heard('message', 4);
    room.removeAllListeners('leave'); // of itself, behind unsubscribe(): 1.x tells it
    room.unsubscribe();
    await heard('unsubscribe', 2);
    room.subscribe();
    await heard('subscribe', 3);

    client.startBatching();
    const first = room.publish(1);
    const second = room.publish(2);
    await Promise.resolve();
    setTimeout(() => client.stopBatching(true), 20);
    await settle('batched', Promise.all([first, second]));
    await say('kick');
    await heard('disconnect', 2);
    log.push(['state', [client.isConnected(), client.getClientId()]]);
    return log;
  }

  global.app = app;
})(globalThis);
