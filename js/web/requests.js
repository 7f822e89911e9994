'use strict';
/*
 * HTTP requests of a page: client-spec.md 15. `done` gets the text of a good answer, or nothing and the status, if any; it is called again where that is
 * simpler, and the caller minds the first time only. What a function returns gives the request up, where that is of use.
 */
const JSONP_TIMEOUT = 3000; // milliseconds

const pairs = (params) => Object.entries(params || {}).map((pair) => pair.map(encodeURIComponent).join('='));

/* A fragment is not sent. */
const withQuery = (address, query) => {
  const [url] = address.split('#');
  return query ? url + (url.includes('?') ? '&' : '?') + query : url;
};

const note = (why) => console.info("Couldn't get auth info from application", why);

/* ---- ajax ------------------------------------------------------------------------------ */

/* A header that is given is added to ours of that name, as setRequestHeader does it. */
function ajax({ url, params, headers, data }, done) {
  const all = [['X-Requested-With', 'XMLHttpRequest'], ['Content-Type', 'application/json'], ...Object.entries(headers || {})];
  const ask = typeof XMLHttpRequest === 'function' ? byXMLHttpRequest : byFetch;
  return ask(withQuery(url, pairs(params).join('&')), all, data, (status, text) => {
    if (status === 200) return done(text);
    note(status);
    done(undefined, status);
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
  fetch(url, { method: 'POST', headers, body, credentials: 'include' })
    .then((answer) => answer.text().then((text) => done(answer.status, text)))
    .catch(() => done(0));
}

/* ---- jsonp ------------------------------------------------------------------------------- */

let counter = 0;
let policy = null; // of a page with Trusted Types

/* A page that allows no policy of ours may have a default one. */
function trusted(url) {
  try {
    policy = policy || trustedTypes.createPolicy('centrifuge', { createScriptURL: (each) => each });
    return policy.createScriptURL(url);
  } catch (exception) {
    return url;
  }
}

/* All libraries of a page answer to this one name. */
function callbacks() {
  const holder = globalThis.Centrifuge || (globalThis.Centrifuge = {});
  return holder._jsonpCallbacks || (holder._jsonpCallbacks = {});
}

/* The function stays until its script has ended, so that a late call finds it. */
function jsonp({ url, params, headers, data }, done) {
  if (headers && Object.keys(headers).length) console.info('JSONP cannot send headers');
  const table = callbacks();
  const script = document.createElement('script');
  const timer = setTimeout(done, JSONP_TIMEOUT);
  let name;
  do name = 'centrifuge_jsonp_' + ++counter; while (name in table);
  table[name] = (answer) => done(JSON.stringify(answer));
  script.onload = script.onerror = () => {
    clearTimeout(timer);
    delete table[name];
    script.remove();
    done();
  };
  const query = ['callback=' + encodeURIComponent("Centrifuge._jsonpCallbacks['" + name + "']"), 'data=' + encodeURIComponent(data)];
  script.src = trusted(withQuery(url, query.join('&') + '&' + pairs(params).join('&')));
  document.head.insertBefore(script, document.head.firstChild);
}

module.exports = { ajax, jsonp, note };
