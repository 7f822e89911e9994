/*
 * The list of what was said in a room, and of what happened there. What comes from others is put in as text; nothing is ever
 * read as HTML.
 */
const SHOWN_MAX = 500;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/* Names that are alike get colours that are not: each step is the golden angle. */
function hueOf(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return Math.round(sum * 137.508) % 360;
}

/* The initial in a circle; the colour is the name's. */
export function avatar(author) {
  const circle = element('span', author.user ? 'avatar' : 'avatar service', [...author.name][0].toUpperCase());
  circle.style.setProperty('--hue', hueOf(author.name));
  circle.setAttribute('aria-hidden', 'true');
  return circle;
}

function timeOf(sent) {
  const time = element('time');
  const date = new Date(sent);
  if (typeof sent !== 'number' || Number.isNaN(date.getTime())) return time;
  time.dateTime = date.toISOString();
  time.textContent = clock.format(date);
  return time;
}

function makeItem(message) {
  const item = element('li', 'message');
  const head = element('div', 'head');
  head.append(element('span', 'who', message.author.name), timeOf(message.sent), element('span', 'mark'));
  item.append(avatar(message.author), head, element('div', 'text', message.text));
  item.dataset.user = message.author.user || message.author.name;
  item.classList.toggle('mine', Boolean(message.mine));
  return item;
}

function mark(item, className, text) {
  item.classList.toggle(className, text !== '');
  item.querySelector('.mark').textContent = text;
}

export class Log {
  constructor(box) {
    this.box = box;
    this.list = box.querySelector('ol');
    this.items = new Map(); // by the message's uid
    this.pending = new Map(); // by the id that the sender gave
  }

  knows(uid) {
    return this.items.has(uid);
  }

  /* Puts one in, before another item or at the end. */
  add(message, before = null) {
    const item = this.takePending(message) || makeItem(message);
    this.items.set(message.uid, item);
    if (message.recovered && !message.mine) mark(item, 'recovered', 'recovered');
    this.insert(item, before);
    return item;
  }

  /* Newest first, as the server gives a history: puts in what is not here yet. */
  merge(messages, before = null) {
    let place = before;
    for (const message of messages) {
      if (!this.knows(message.uid)) place = this.add(message, place);
      else if (!before) place = this.items.get(message.uid);
    }
  }

  notice(text) {
    this.insert(element('li', 'notice', text), null);
  }

  /* What was written and has not been confirmed. */
  addPending(message) {
    const item = makeItem(message);
    mark(item, 'pending', 'sending');
    this.pending.set(message.id, item);
    this.insert(item, null);
  }

  takePending(message) {
    const item = message.mine && this.pending.get(message.id);
    if (!item) return null;
    this.pending.delete(message.id);
    mark(item, 'failed', '');
    mark(item, 'pending', '');
    return item;
  }

  fail(id, reason) {
    const item = this.pending.get(id);
    if (!item) return;
    mark(item, 'failed', 'not sent: ' + reason);
  }

  insert(item, before) {
    const stays = this.isAtEnd();
    this.list.insertBefore(item, before);
    this.trim();
    this.join(item);
    if (item.nextElementSibling) this.join(item.nextElementSibling);
    if (stays) this.scrollToEnd();
  }

  /* Several in a row by one person have one head. */
  join(item) {
    const previous = item.previousElementSibling;
    item.classList.toggle('follows', Boolean(previous && item.dataset.user && previous.dataset.user === item.dataset.user));
  }

  /* A page that is open for days does not grow. */
  trim() {
    while (this.list.childElementCount > SHOWN_MAX) this.list.firstElementChild.remove();
    for (const [uid, item] of this.items) {
      if (this.items.size <= SHOWN_MAX || item.isConnected) break;
      this.items.delete(uid);
    }
  }

  isAtEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 80;
  }

  scrollToEnd() {
    this.box.scrollTop = this.box.scrollHeight;
  }
}
