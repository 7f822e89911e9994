'use strict';
/*
 * HTTP requests of a page: client-spec.md 15. Each function asks and returns how to give up; `done` gets the text of a good answer,
 * or undefined, at most once.
 */
const JSONP_TIMEOUT = 3000; // milliseconds

const pairs = (params) => Object.entries(params || {}).map((pair) => pair.map(encodeURIComponent).join('='));

const withQuery = (url, query) => (query ? url + (url.includes('?') ? '&' : '?') + query : url);

/* ---- ajax ------------------------------------------------------------------------------ */

function note(status) {
  console.info("Couldn't get auth info from application", status);
}

/* A value for each name, as setRequestHeader does it: one more is added behind. */
const headersOf = (given) => [['X-Requested-With', 'XMLHttpRequest'], ['Content-Type', 'application/json'], ...Object.entries(given || {})];

function ajax({ url, params, headers, data }, done) {
  const address = withQuery(url, pairs(params).join('&'));
  return (typeof XMLHttpRequest === 'function' ? byXMLHttpRequest : byFetch)(address, headersOf(headers), data, (status, text) => {
    if (status !== 200) note(status);
    done(status === 200 ? text : undefined);
  });
}

function byXMLHttpRequest(url, headers, data, done) {
  const request = new XMLHttpRequest();
  request.open('POST', url, true);
  request.withCredentials = true;
  for (const header of headers) request.setRequestHeader(...header);
  request.onreadystatechange = () => { if (request.readyState === 4) done(request.status, request.responseText); };
  request.send(data);
  return () => {
    request.onreadystatechange = null;
    request.abort();
  };
}

/* Service workers, and programs outside of a browser. */
function byFetch(url, headers, body, done) {
  const abort = new AbortController();
  let wanted = true;
  const finish = (status, text) => { if (wanted) done(status, text); };
  fetch(url, { method: 'POST', headers, body, credentials: 'include', signal: abort.signal })
    .then((answer) => answer.text().then((text) => [answer.status, text]))
    .then((answer) => finish(...answer), () => finish(0));
  return () => {
    wanted = false;
    abort.abort();
  };
}

/* ---- jsonp ------------------------------------------------------------------------------- */

let counter = 0;
let policy = null; // of a page with Trusted Types

const trusted = (url) => {
  if (!policy && globalThis.trustedTypes) policy = trustedTypes.createPolicy('centrifuge', { createScriptURL: (each) => each });
  return policy ? policy.createScriptURL(url) : url;
};

/* All libraries of a page answer to this one name. */
function callbacks() {
  const holder = globalThis.Centrifuge || (globalThis.Centrifuge = {});
  return holder._jsonpCallbacks || (holder._jsonpCallbacks = {});
}

function freeName(table) {
  for (;;) {
    const name = 'centrifuge_jsonp_' + ++counter;
    if (!(name in table)) return name;
  }
}

/* A late answer finds a function that does nothing, until the script has ended. */
function jsonp({ url, params, headers, data }, done) {
  if (headers && Object.keys(headers).length) console.info('headers cannot be sent with JSONP');
  const table = callbacks();
  const name = freeName(table);
  const script = document.createElement('script');
  let timer = 0;
  const finish = (text) => {
    clearTimeout(timer);
    table[name] = () => {};
    done(text);
    done = () => {};
  };
  const end = () => {
    finish();
    delete table[name];
    script.remove();
  };
  table[name] = (answer) => finish(JSON.stringify(answer));
  timer = setTimeout(finish, JSONP_TIMEOUT);
  script.onload = script.onerror = end;
  const query = ['callback=' + encodeURIComponent("Centrifuge._jsonpCallbacks['" + name + "']"), 'data=' + encodeURIComponent(data)];
  script.src = trusted(withQuery(url, query.join('&') + '&' + pairs(params).join('&')));
  document.head.insertBefore(script, document.head.firstChild);
  return () => { done = () => {}; };
}

module.exports = { ajax, jsonp };
