'use strict';
/*
 * What a page, worker or program is asked for once, for all clients.
 */

/* As if nobody had caught it: window.onerror, or 'uncaughtException'. */
function report(exception) {
  if (typeof reportError === 'function') reportError(exception);
  else setTimeout(() => { throw exception; });
}

/* Monotonic milliseconds. */
const now = () => performance.now();

/* ---- the network ------------------------------------------------------------------ */

const watching = new Set(); // cores that have something to lose or to wait for
let listening = false;

const tellAll = (online) => { for (const core of [...watching]) core.networkChanged(online); };

/* What has become of the connections meanwhile is heard a little later. */
function wake() {
  tellAll(true);
  setTimeout(() => tellAll(true), 100);
}

/* Came online or back to life: a timer may have slept, a connection may be gone. */
function listen() {
  listening = true;
  if (typeof addEventListener !== 'function') return;
  addEventListener('online', wake);
  addEventListener('offline', () => tellAll(false));
  addEventListener('pageshow', ({ persisted }) => { if (persisted) wake(); });
  if (typeof document === 'object') document.addEventListener('resume', wake);
}

function watch(core, wanted) {
  if (!listening) listen();
  if (wanted) watching.add(core);
  else watching.delete(core);
}

module.exports = { report, now, watch };
