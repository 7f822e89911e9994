/*
 * A room is a channel: what is written there, who is there, and what was missed. The names of events and their contents are
 * those of the client's documentation.
 */
import { Log, avatar, element } from './log.js';

const SERVICE = { user: '', name: 'backend' };

/* Of a message, a join, a leave or an entry of presence. What a backend publishes has none. */
function authorOf(info) {
  if (!info) return SERVICE;
  const given = info.default_info && info.default_info.name;
  const name = typeof given === 'string' && given.trim() ? given : 'anonymous';
  return { user: info.user, name };
}

function textOf(data) {
  if (data && typeof data.text === 'string') return data.text;
  return JSON.stringify(data);
}

const plural = (count, word) => count + ' ' + word + (count === 1 ? '' : 's');

export class Room {
  constructor(channel, box, list, events) {
    this.channel = channel;
    this.log = new Log(box);
    this.list = list;
    this.events = events; // changed(), refused(reason), admitted()
    this.people = new Map(); // by the connection's id
    this.subscription = null;
    this.wasLive = false; // has been subscribed before
    this.live = false;
    this.missed = 0;
    this.unread = 0;
  }

  subscribe(client, me) {
    this.client = client;
    this.me = me;
    this.subscription = client.subscribe(this.channel, {
      message: (message) => this.onMessage(message),
      join: (event) => this.onJoin(event.data),
      leave: (event) => this.onLeave(event.data),
      subscribe: (context) => this.onSubscribe(context),
      unsubscribe: () => { this.live = false; },
      error: (context) => this.events.refused(context.error),
    });
  }

  /* ---- messages ---- */

  read(message, recovered) {
    const data = message.data;
    const author = authorOf(message.info);
    const mine = author.user !== '' && author.user === this.me.user;
    return { uid: message.uid, id: data && data.id, author, mine, text: textOf(data), sent: data && data.sent, recovered };
  }

  /* Between the loss of a connection and the next `subscribe` come the messages that were missed. */
  onMessage(message) {
    if (this.log.knows(message.uid)) return;
    const recovered = this.wasLive && !this.live;
    if (recovered) this.missed += 1;
    this.log.add(this.read(message, recovered));
    this.unread += 1;
    this.events.changed();
  }

  onSubscribe(context) {
    const first = !this.wasLive;
    this.live = this.wasLive = true;
    this.events.admitted();
    this.loadPeople();
    if (first) this.loadHistory(false);
    else if (context.recovered) this.log.notice('Back again: ' + (this.missed ? plural(this.missed, 'message') + ' recovered' : 'nothing was missed'));
    else this.loadAfterLoss();
    this.missed = 0;
  }

  /* Where the server no longer knew this client's place: what it still has is looked through. */
  loadAfterLoss() {
    this.log.notice('Back again; the server lost its history, something may be missing');
    this.loadHistory(true);
  }

  loadHistory(recovered) {
    this.subscription.history().then((answer) => {
      const messages = answer.data.map((message) => this.read(message, recovered));
      this.log.merge(messages, recovered ? null : this.log.list.firstElementChild);
    }, () => {});
  }

  /* It comes back as a message of the channel. Without a connection the library sends it with the next one. */
  send(text) {
    const data = { id: crypto.getRandomValues(new Uint32Array(2)).join('-'), text, sent: Date.now() };
    this.log.addPending({ id: data.id, author: this.me, mine: true, text, sent: data.sent });
    this.log.scrollToEnd();
    this.subscription.publish(data).then(() => {}, (problem) => this.log.fail(data.id, problem.error));
  }

  /* ---- people ---- */

  loadPeople() {
    this.subscription.presence().then((answer) => {
      this.people = new Map(Object.entries(answer.data));
      this.showPeople();
    }, () => {});
  }

  onJoin(person) {
    this.people.set(person.client, person);
    this.showPeople();
    if (person.client !== this.client.getClientId()) this.log.notice(authorOf(person).name + ' joined');
  }

  onLeave(person) {
    this.people.delete(person.client);
    this.showPeople();
    this.log.notice(authorOf(person).name + ' left');
  }

  showPeople() {
    const items = [...this.people.values()].map((person) => {
      const author = authorOf(person);
      const item = element('li');
      item.append(avatar(author), element('span', 'who', author.name));
      if (person.client === this.client.getClientId()) item.append(element('span', 'you', 'you'));
      return { name: author.name, item };
    });
    items.sort((a, b) => a.name.localeCompare(b.name));
    this.list.replaceChildren(...items.map(({ item }) => item));
    this.events.changed();
  }
}
