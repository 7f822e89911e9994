/* Channels, and one of them: who is present, its history, and publishing. */
import { byId, element, notice, onSubmit, table } from './dom.js';
import { messageOf } from './messages.js';

const SHOWN = 500; // names of the list

export const channelLink = (channel) => element('a', { href: '#channel/' + encodeURIComponent(channel) }, channel);

let names = []; // of all channels

const counted = (list) => list.length.toLocaleString('en');

function countOf(found) {
  if (names.length === 0) return 'Nobody is subscribed to any channel.';
  const those = found.length < names.length ? `${counted(found)} of ${counted(names)}` : counted(names);
  return `${those} with subscribers` + (found.length > SHOWN ? `, the first ${SHOWN} are shown` : '');
}

/* Those that have what is typed in their names. */
function showChannels() {
  const part = byId('channel-name').value;
  const found = names.filter((name) => name.includes(part));
  const count = countOf(found);
  if (byId('channel-count').textContent !== count) byId('channel-count').textContent = count; // read out when it changes
  byId('channel-list').replaceChildren(...found.slice(0, SHOWN).map((name) => element('li', {}, channelLink(name))));
}

export async function refreshChannels(link) {
  names = (await link.call('channels')).sort();
  showChannels();
}

/* What the server says of it stands in its place: mostly that the channel has no such option. */
async function ask(link, method, channel, count, place, show) {
  try {
    const data = await link.call(method, { channel });
    byId(count).textContent = String(Array.isArray(data) ? data.length : Object.keys(data).length);
    place.replaceChildren(...show(data));
  } catch (error) {
    byId(count).textContent = '';
    place.replaceChildren(element('p', { class: 'quiet' }, `${error.message}: the channel has no ${method}`));
  }
}

const json = (value) => (value === undefined ? '' : JSON.stringify(value));

function presenceRow(link, channel, who) {
  const leave = async () => {
    await link.call('unsubscribe', { user: who.user, channel });
    notice(`${who.user} is unsubscribed`);
    await refreshChannel(link, channel);
  };
  const onclick = () => leave().catch((error) => notice(error.message));
  const button = element('button', { type: 'button', onclick }, 'Unsubscribe');
  return [who.user || 'anonymous', who.client, json(who.default_info), json(who.channel_info), who.user ? button : ''];
}

const showPresence = (link, channel) => (data) => {
  const all = Object.values(data);
  if (all.length === 0) return [element('p', { class: 'quiet' }, 'Nobody is there.')];
  return [table(['User', 'Client', 'Info', 'Channel info', ''], all.map((who) => presenceRow(link, channel, who)))];
};

function showHistory(data) {
  if (data.length === 0) return [element('p', { class: 'quiet' }, 'Nothing is kept.')];
  return data.map((each) => messageOf(each));
}

export async function refreshChannel(link, channel) {
  byId('channel-title').textContent = channel;
  await Promise.all([
    ask(link, 'presence', channel, 'presence-count', byId('presence'), showPresence(link, channel)),
    ask(link, 'history', channel, 'history-count', byId('history'), showHistory),
  ]);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error('This is no JSON: ' + error.message);
  }
}

/* `now`: the link, and the channel that is shown, at any time. */
export function startChannels(now) {
  byId('channel-name').addEventListener('input', showChannels);
  onSubmit(byId('open'), ({ channel }) => { location.hash = '#channel/' + encodeURIComponent(channel); });
  onSubmit(byId('publish'), async ({ data }) => {
    const { link, channel } = now();
    await link.call('publish', { channel, data: parsed(data) });
    notice('published to ' + channel);
    await refreshChannel(link, channel);
  });
}
