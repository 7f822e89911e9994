/* The page: logging in, the connection, and which view is shown. */
import { byId, notice, onSubmit } from './dom.js';
import { Link } from './link.js';
import { refreshNodes } from './nodes.js';
import { refreshChannel, refreshChannels, startChannels } from './channels.js';
import { showMessage, showWatched, startMessages } from './messages.js';
import { showOptions } from './options.js';

const TOKEN = 'centrifuged-admin-token';
const REFRESH = 3000; // ms, as often as nodes take their gauges

let link = null;

/* ---- logging in ---- */

/* NULL: the password is wrong. */
async function tokenFor(password) {
  const response = await fetch('auth/', { method: 'POST', body: new URLSearchParams({ password }) });
  if (response.status === 429) throw new Error('Too many wrong passwords: wait a minute.');
  return response.ok ? (await response.json()).token : null;
}

function showLogin() {
  sessionStorage.removeItem(TOKEN);
  if (link) link.close();
  link = null;
  setState('', 'not logged in');
  byId('inside').hidden = byId('logout').hidden = true;
  byId('login').hidden = false;
  byId('password').focus();
}

function enter(token) {
  sessionStorage.setItem(TOKEN, token);
  byId('login').hidden = true;
  byId('inside').hidden = byId('logout').hidden = false;
  connect(token);
}

/* ---- the connection ---- */

function setState(kind, text) {
  byId('state').className = kind;
  byId('state').textContent = text;
}

async function onConnected() {
  setState('connected', 'connected');
  const info = await link.call('info');
  byId('name').textContent = info.config.name;
  document.title = info.config.name + ' - centrifuged';
  showWatched(info.config);
  showOptions(info);
  await refresh();
}

function connect(token) {
  const url = new URL('socket', location.href.split('#')[0]);
  url.protocol = url.protocol.replace('http', 'ws');
  setState('', 'connecting');
  link = new Link(url.href, token);
  link.addEventListener('connected', () => onConnected().catch((error) => notice(error.message)));
  link.addEventListener('lost', () => setState('lost', 'connection lost'));
  link.addEventListener('refused', showLogin);
  link.addEventListener('message', ({ detail }) => showMessage(detail));
}

/* ---- views ---- */

/* Of an address that somebody typed: as it is. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/* The view's name, and what stands behind it. */
function place() {
  const [view, ...name] = location.hash.slice(1).split('/');
  return { view: byId('view-' + view) ? view : 'nodes', channel: decoded(name.join('/')) };
}

async function refresh() {
  const { view, channel } = place();
  if (view === 'channels') await refreshChannels(link);
  if (view === 'channel') await refreshChannel(link, channel);
  await refreshNodes(link);
}

function showView() {
  const { view } = place();
  for (const section of document.querySelectorAll('main > section')) section.hidden = section.id !== 'view-' + view;
  for (const each of document.querySelectorAll('nav a')) {
    const current = each.hash === '#' + view || (view === 'channel' && each.hash === '#channels');
    if (current) each.setAttribute('aria-current', 'page');
    else each.removeAttribute('aria-current');
  }
  window.scrollTo(0, 0);
  if (link) refresh().catch(() => {}); // the state says that the connection is lost
}

/* A channel's view stays as it is while somebody reads it, or writes there. */
async function tick() {
  const { view } = place();
  if (link && !document.hidden) await (view === 'channels' ? refresh() : refreshNodes(link)).catch(() => {});
  setTimeout(tick, REFRESH); // behind the answer, however many channels it has
}

/* ---- the start ---- */

async function actOnUser({ user, channel }, method) {
  await link.call(method, method === 'disconnect' ? { user } : { user, channel });
  notice(method === 'disconnect' ? `${user} is disconnected` : `${user} is unsubscribed`);
}

async function logIn({ password }) {
  const token = await tokenFor(password);
  if (!token) throw new Error('The password is wrong, or the server has none: see admin_password and admin_secret.');
  byId('password').value = '';
  enter(token);
}

/* Where no password is needed, an empty one gives a token. */
async function start() {
  startMessages();
  startChannels(() => ({ link, channel: place().channel }));
  onSubmit(byId('login'), logIn);
  onSubmit(byId('user'), actOnUser);
  byId('logout').addEventListener('click', showLogin);
  window.addEventListener('hashchange', showView);
  showView();
  setTimeout(tick, REFRESH);
  const token = sessionStorage.getItem(TOKEN) || await tokenFor('');
  if (token) enter(token);
  else showLogin();
}

start().catch((error) => {
  setState('lost', error.message);
  showLogin();
});
