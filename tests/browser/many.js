/*
 * For pages: more WebSockets than a browser allows (Chromium 255). The first `real` ones are the browser's; the others share one
 * connection to a server that has one for each of them.
 */
(function (global) {
  'use strict';

  global.allowMany = function allowMany(multiplexer, real) {
    const Native = global.WebSocket;
    const sockets = [];
    const waiting = [];
    const line = new Native(multiplexer);
    const write = (...parts) => { if (line.readyState === 1) line.send(JSON.stringify(parts)); else waiting.push(parts); };
    line.onopen = () => { for (const parts of waiting.splice(0)) write(...parts); };
    line.onmessage = ({ data }) => {
      const [number, event, value] = JSON.parse(data);
      const socket = sockets[number];
      socket.readyState = event === 'close' ? 3 : 1;
      const handler = socket['on' + event];
      if (handler) handler.call(socket, event === 'message' ? { type: event, data: value } : Object.assign({ type: event }, value));
    };

    class Shared {
      constructor(url) {
        this.readyState = 0;
        this.bufferedAmount = 0;
        this.number = sockets.push(this) - 1;
        write(this.number, 'open', url);
      }

      send(text) { write(this.number, 'send', text); }

      close() { write(this.number, 'close'); }
    }

    let left = real;
    global.WebSocket = function WebSocket(url) { return left-- > 0 ? new Native(url) : new Shared(url); };
  };
})(globalThis);
