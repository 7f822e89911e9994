'use strict';
/*
 * The page's end. While Node carries out what the page asked for, the page stands still: its requests are synchronous. So a
 * listener in Node is called, and returns its value, in the middle of the library's work, as a listener in the page would be.
 */
function startRemote(port) {
  const Request = XMLHttpRequest; // a test may put another in its place
  const root = {
    construct: (...args) => new Centrifuge(...args),
    report(told) {
      addEventListener('error', (event) => told(event.error));
      addEventListener('unhandledrejection', (event) => told(event.reason));
    },
    debug(told) { console.debug = (...args) => told(...args.map(String)); },
  };

  function post(message) {
    const request = new Request();
    request.open('POST', 'http://127.0.0.1:' + port + '/', false);
    request.send(JSON.stringify(message));
    return JSON.parse(request.responseText);
  }

  /* Until the answer comes, the other side may ask for things itself. */
  function ask(request) {
    let message = post({ request });
    while (message.request) message = post({ reply: objects.perform(message.request) });
    return message.reply;
  }

  const objects = new RemoteObjects(ask);
  objects.keep(root);
  const socket = new WebSocket('ws://127.0.0.1:' + port + '/');
  /* What a test calls in one go is one task here, too: promises have to wait for its end. */
  socket.onmessage = (event) => {
    let message = JSON.parse(event.data);
    while (message.request) message = post({ reply: objects.perform(message.request) });
  };
}
