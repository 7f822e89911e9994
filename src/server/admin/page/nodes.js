/* The nodes, and their load over time. */
import { byId, element } from './dom.js';
import { Plot } from './plot.js';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

function bytes(value) {
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), UNITS.length - 1);
  return `${(value / 1000 ** power).toFixed(power > 1 ? 1 : 0)} ${UNITS[power]}`;
}

function duration(seconds) {
  const [days, hours, minutes] = [seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60].map(Math.floor);
  return days > 0 ? `${days} d ${hours} h` : hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}

const whole = (value) => Math.round(value).toLocaleString('en');
const users = (value) => `${whole(value)} ${value === 1 ? 'user' : 'users'}`;
const perSecond = (value) => `${value < 10 ? value.toFixed(1) : whole(value)}/s`;

/* What `stats` has of every node as it is now. */
const GAUGES = [
  ['Clients', whole, (metrics) => metrics.node_num_clients],
  ['Channels', whole, (metrics) => metrics.node_num_channels],
  ['CPU', (value) => `${whole(value)} %`, (metrics) => metrics.node_cpu_usage],
  ['Memory', bytes, (metrics) => metrics.node_memory_sys],
];

/* Counters in `stats` are those of the last interval: what passed in a second of it. */
const RATES = [
  ['Published', perSecond, (metrics, seconds) => metrics.node_num_client_msg_published / seconds],
  ['Delivered', perSecond, (metrics, seconds) => metrics.client_num_msg_sent / seconds],
];

class NodeCard {
  constructor(uid) {
    this.title = element('h3', {});
    this.about = element('p', { class: 'quiet' });
    this.plots = [...GAUGES, ...RATES].map(([title, format, read]) => ({ read, plot: new Plot(title, format) }));
    this.card = element('article', { class: 'card', 'data-node': uid }, this.title, this.about,
      element('div', { class: 'plots' }, ...this.plots.map(({ plot }) => plot.figure)));
  }

  show(node, interval) {
    const { metrics } = node;
    this.title.textContent = node.name;
    this.about.textContent = `version ${node.version || 'unknown'}, up ${duration(metrics.node_uptime_seconds)}, ` +
      users(metrics.node_num_unique_clients);
    for (const { read, plot } of this.plots) plot.add(read(metrics, interval));
  }
}

const cards = new Map();

function cardOf(uid) {
  if (!cards.has(uid)) {
    cards.set(uid, new NodeCard(uid));
    byId('node-list').append(cards.get(uid).card);
  }
  return cards.get(uid);
}

export async function refreshNodes(link) {
  const { nodes, metrics_interval: interval } = await link.call('stats');
  for (const node of nodes) cardOf(node.uid).show(node, interval);
  for (const [uid, { card }] of cards) {
    if (nodes.some((node) => node.uid === uid)) continue;
    card.remove();
    cards.delete(uid);
  }
}
