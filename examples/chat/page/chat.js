/*
 * The page: signs in at the backend, connects with the credentials it gave, shows rooms and the state of the connection.
 */
import { element } from './log.js';
import { loseConnection } from './offline.js';
import { Room } from './room.js';

const $ = (id) => document.getElementById(id);
const OFFLINE_SECONDS = 5;

let client = null;
let session = sessionStorage.getItem('session') || '';
let renewed = 0; // when the credentials came, by performance.now()
let renewals = 0;

/* ---- the backend ---- */

async function ask(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  if (session) headers.Authorization = 'Bearer ' + session;
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

/* Every window has a session of its own; the name is remembered for the next one. */
function keepSession(text) {
  session = text;
  sessionStorage.setItem('session', text);
}

/* What the library sends along when it asks the backend for signs and new credentials. */
function authorization() {
  const headers = { Authorization: 'Bearer ' + session };
  return { authHeaders: headers, refreshHeaders: headers };
}

/* ---- the connection ---- */

function showState(state, text) {
  $('state').dataset.state = state;
  $('state').textContent = text;
  $('again').hidden = state !== 'ended';
  $('lose').hidden = state === 'ended';
}

function onConnect(context) {
  showState('connected', 'Connected');
  $('transport').textContent = context.transport;
  $('latency').textContent = context.latency + ' ms';
}

function onDisconnect(context) {
  $('transport').textContent = 'none';
  $('latency').textContent = 'unknown';
  if (context.reconnect) showState('connecting', 'Reconnecting');
  else showState('ended', 'Disconnected');
}

function connect(answer) {
  client = new Centrifuge({ url: answer.server, ...answer.credentials, ...authorization(), refreshAttempts: 5 });
  client.on('connect', onConnect);
  client.on('disconnect', onDisconnect);
  client.connect();
}

/* Older browsers do not say; 0 is a request that had no answer. */
function succeeded(entry) {
  return entry.responseStatus === undefined || entry.responseStatus === 200;
}

/* The library renews credentials by itself and without a word; its requests can be seen. */
function watchRefresh() {
  new PerformanceObserver((entries) => {
    for (const entry of entries.getEntries()) {
      if (!entry.name.endsWith('/centrifuge/refresh/') || !succeeded(entry)) continue;
      renewed = entry.responseEnd;
      renewals += 1;
      showAge();
    }
  }).observe({ type: 'resource' });
}

function showAge() {
  const age = Math.max(0, Math.round((performance.now() - renewed) / 1000));
  $('credentials').textContent = (renewals ? 'renewed ' : 'issued ') + age + ' s ago';
}

/* The button keeps the focus, so it is not disabled as HTML would do it. */
function goOffline() {
  const button = $('lose');
  if (button.getAttribute('aria-disabled') || !loseConnection(client, OFFLINE_SECONDS)) return;
  const text = button.textContent;
  let left = OFFLINE_SECONDS;
  button.setAttribute('aria-disabled', 'true');
  const show = () => { button.textContent = 'Back in ' + left + ' s'; };
  show();
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return show();
    clearInterval(timer);
    button.removeAttribute('aria-disabled');
    button.textContent = text;
  }, 1000);
}

/* ---- rooms ---- */

const lobby = makeRoom('lobby', 'Lobby', 'chat:room');
const members = makeRoom('members', 'Members', '$chat:members');
let shown = lobby;

function makeRoom(id, title, channel) {
  const events = { changed: () => showCounts(), refused: (error) => onRefused(place, error), admitted: () => onAdmitted(place) };
  const place = { id, title, closed: false, room: new Room(channel, $(id), $(id + '-people'), events) };
  return place;
}

function showCounts() {
  shown.room.unread = 0;
  for (const place of [lobby, members]) {
    const count = $(place.id + '-button').querySelector('.unread');
    count.replaceChildren();
    if (place.room.unread) count.append(place.room.unread, element('span', 'only-read', ' new'));
  }
  $('people-count').textContent = shown.room.people.size || '';
}

function showRoom(place) {
  shown = place;
  for (const each of [lobby, members]) {
    const current = each === place;
    $(each.id).hidden = !current || each.closed;
    $(each.id + '-people').hidden = !current;
    if (current) $(each.id + '-button').setAttribute('aria-current', 'true');
    else $(each.id + '-button').removeAttribute('aria-current');
  }
  $('room-title').textContent = place.title;
  $('room-channel').textContent = place.room.channel;
  $('door').hidden = !place.closed;
  $('write').hidden = place.closed;
  place.room.log.scrollToEnd();
  showCounts();
}

function onRefused(place, error) {
  place.closed = true;
  $('door-problem').textContent = error === 403 ? '' : String(error);
  if (shown !== place) return;
  showRoom(place);
  $('word').focus();
}

function onAdmitted(place) {
  if (!place.closed) return;
  place.closed = false;
  if (shown !== place) return;
  showRoom(place);
  $('text').focus();
}

/* Asked for when it is first looked at, so that a visitor sees a refusal. */
function openRoom(place) {
  if (!place.room.subscription) place.room.subscribe(client, lobby.room.me);
  closeSide();
  showRoom(place);
  (place.closed ? $('word') : $('text')).focus();
}

async function enter(event) {
  event.preventDefault();
  try {
    const answer = await ask('/session/member', { word: $('word').value });
    keepSession(answer.session);
    client.configure(authorization());
    members.room.subscription.subscribe();
  } catch (problem) {
    $('door-problem').textContent = problem.message;
  }
}

/* ---- what the visitor does ---- */

function send(event) {
  event.preventDefault();
  const text = $('text').value.trim();
  if (text === '') return;
  $('text').value = '';
  shown.room.send(text);
}

function closeSide() {
  $('side').classList.remove('open');
  $('more').setAttribute('aria-expanded', 'false');
}

function toggleSide() {
  const open = $('side').classList.toggle('open');
  $('more').setAttribute('aria-expanded', String(open));
}

function rename() {
  sessionStorage.removeItem('name');
  location.reload();
}

async function signIn(name) {
  const answer = await ask('/session', { name });
  keepSession(answer.session);
  localStorage.setItem('name', name);
  sessionStorage.setItem('name', name);
  renewed = performance.now();
  start(answer, name);
}

function start(answer, name) {
  $('welcome').hidden = true;
  $('app').hidden = false;
  $('me').textContent = name;
  const me = { user: answer.credentials.user, name };
  connect(answer);
  lobby.room.subscribe(client, me);
  if (answer.member) members.room.subscribe(client, me);
  showRoom(lobby);
  watchRefresh();
  setInterval(showAge, 1000);
  showAge();
  $('text').focus();
}

function tryToSignIn(name) {
  $('sign-in-problem').textContent = '';
  signIn(name).catch((problem) => { $('sign-in-problem').textContent = problem.message; });
}

// What was typed before this script came stays.
$('name').value = $('name').value || localStorage.getItem('name') || '';
$('name').select();
$('join').disabled = false;
$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  tryToSignIn($('name').value.trim());
});
$('write').addEventListener('submit', send);
$('door').addEventListener('submit', enter);
$('lobby-button').addEventListener('click', () => openRoom(lobby));
$('members-button').addEventListener('click', () => openRoom(members));
$('lose').addEventListener('click', goOffline);
$('again').addEventListener('click', () => location.reload());
$('rename').addEventListener('click', rename);
$('more').addEventListener('click', toggleSide);
$('side').addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  closeSide();
  $('more').focus();
});

if (sessionStorage.getItem('name')) tryToSignIn(sessionStorage.getItem('name'));
else $('name').focus();
