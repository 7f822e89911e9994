/*
 * The admin WebSocket: commands with answers, and messages as they come. It connects again by itself, but not with a token
 * that was refused.
 */

const PAUSES = [500, 1000, 2000, 5000, 10000]; // ms, between attempts

export class Link extends EventTarget {
  constructor(url, token) {
    super();
    this.url = url;
    this.token = token;
    this.waiting = new Map();
    this.uid = 0;
    this.tries = 0;
    this.open();
  }

  open() {
    this.socket = new WebSocket(this.url);
    this.socket.addEventListener('open', () => this.greet());
    this.socket.addEventListener('message', ({ data }) => [JSON.parse(data)].flat().forEach((each) => this.take(each)));
    this.socket.addEventListener('close', (event) => this.lost(event));
  }

  async greet() {
    try {
      await this.call('connect', { token: this.token, watch: true });
    } catch {
      return; // told by `close`
    }
    this.tries = 0;
    this.tell('connected');
  }

  take(message) {
    const call = this.waiting.get(message.uid);
    if (!call) {
      if (message.method === 'message') this.tell('message', message.body);
      return;
    }
    this.waiting.delete(message.uid);
    if (message.error) call.reject(new Error(message.error));
    else call.resolve(message.body && message.body.data !== undefined ? message.body.data : message.body);
  }

  lost({ reason }) {
    for (const call of this.waiting.values()) call.reject(new Error('the connection was lost'));
    this.waiting.clear();
    if (this.ended) return;
    if (reason.includes('unauthorized')) {
      this.tell('refused');
      return;
    }
    this.tell('lost');
    this.timer = setTimeout(() => this.open(), PAUSES[Math.min(this.tries++, PAUSES.length - 1)]);
  }

  /* The answer's data, or an error with the server's words. */
  call(method, params) {
    const uid = String(++this.uid);
    if (this.socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error('there is no connection'));
    return new Promise((resolve, reject) => {
      this.waiting.set(uid, { resolve, reject });
      this.socket.send(JSON.stringify({ uid, method, params: params || {} }));
    });
  }

  close() {
    this.ended = true;
    clearTimeout(this.timer);
    this.socket.close();
  }

  tell(type, detail) { this.dispatchEvent(new CustomEvent(type, { detail })); }
}
