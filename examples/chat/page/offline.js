/*
 * For the demonstration only: loses the connection as a train in a tunnel does. A page has no other way to do that, since
 * disconnect() says goodbye for good and forgets what was subscribed to.
 */
let socket = null;

window.WebSocket = class extends WebSocket {
  constructor(...args) {
    super(...args);
    socket = this;
  }
};

/* The client would come back after a second or two; here it waits until it is told. */
export function loseConnection(client, seconds) {
  if (!socket || socket.readyState !== WebSocket.OPEN) return false;
  client.configure({ retry: 60000, maxRetry: 60000 });
  socket.close();
  setTimeout(() => {
    client.configure({ retry: 1000, maxRetry: 20000 });
    client.connect();
  }, seconds * 1000);
  return true;
}
