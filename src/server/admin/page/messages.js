/* Messages of channels with the option `watch`, as they are published. */
import { byId, element } from './dom.js';
import { channelLink } from './channels.js';

const KEPT = 200;
const LINE = 80; // characters of JSON that stand in one line

let paused = false;

function pretty(data) {
  const line = JSON.stringify(data);
  return line.length <= LINE ? line : JSON.stringify(data, null, 2);
}

/* `time` is known of those that have just come. */
export function messageOf(body, time) {
  const from = (body.info && body.info.user) || body.client || '';
  return element('article', {},
    element('header', {}, channelLink(body.channel),
      element('span', { class: 'quiet' }, from ? 'from ' + from : 'from the API'),
      element('time', { class: 'quiet' }, time || '')),
    element('pre', {}, pretty(body.data)));
}

export function showMessage(body) {
  const only = byId('only').value;
  if (paused || (only && !body.channel.includes(only))) return;
  const live = byId('live');
  live.prepend(messageOf(body, new Date().toLocaleTimeString('en-GB')));
  while (live.childElementCount > KEPT) live.lastElementChild.remove();
}

/* Which channels are watched at all. */
export function showWatched(config) {
  const spaces = config.namespaces.filter((space) => space.watch).map((space) => space.name);
  const parts = [];
  if (config.channel_options.watch) parts.push('channels without a namespace');
  if (spaces.length > 0) parts.push('the namespaces ' + spaces.join(', '));
  byId('watched').textContent = parts.length > 0 ? `What is published to ${parts.join(' and ')} is shown, the newest first.`
    : 'No channel is watched: set the option watch, at the top level or in a namespace.';
}

export function startMessages() {
  byId('filter').addEventListener('submit', (event) => event.preventDefault());
  byId('clear').addEventListener('click', () => byId('live').replaceChildren());
  byId('pause').addEventListener('click', ({ currentTarget }) => {
    paused = !paused;
    currentTarget.setAttribute('aria-pressed', String(paused));
  });
}
