/* The options of the node, as `info` tells them. */
import { byId, table } from './dom.js';

const isPlain = ([, value]) => typeof value !== 'object';

/* Times come in nanoseconds, but for those of channels and credentials. */
function shown(name, value) {
  return /_(interval|delay|timeout)$/.test(name) && value >= 1e9 ? `${value / 1e9} s` : String(value);
}

function channelRows(prefix, options) {
  const entries = Object.entries(options).filter(([name]) => name !== 'name');
  return entries.map(([name, value]) => [prefix + name, String(value)]);
}

export function showOptions({ config, engine, version }) {
  byId('option-list').replaceChildren(table(['Option', 'Value'], [
    ['version', version],
    ['engine', engine],
    ...Object.entries(config).filter(isPlain).map(([name, value]) => [name, shown(name, value)]),
    ...channelRows('', config.channel_options),
    ...config.namespaces.flatMap((space) => channelRows(space.name + ': ', space)),
  ]));
}
