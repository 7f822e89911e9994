'use strict';
/*
 * Values that both classes know: numbers of the seam, and errors as the 1.x client hands them out.
 */

/* include/centrifuge/client.h */
const ClientState = { DISCONNECTED: 0, CONNECTED: 2 };
const SubscriptionState = { SUBSCRIBED: 2, REFUSED: 3, UNSUBSCRIBED: 4 };
/* include/centrifuge/error.h */
const Code = { INVALID_STATE: 10, UNSUBSCRIBED: 14, REFUSED: 15 };

/* Methods of a client that a core has, too, and that have no parameters. */
const plain = ['disconnect', 'ping', 'startBatching', 'flush', 'startAuthBatching', 'stopAuthBatching'];

/* '' is no JSON: there is nothing. */
const parse = (json) => (json ? JSON.parse(json) : undefined);

/* {error, advice}, without advice where there is none. A server may send another error than a text. */
function failure(text, json, advice) {
  const error = json ? parse(text) : text;
  return advice ? { error, advice } : { error };
}

/* Half a character cannot be sent: it becomes U+FFFD. */
const whole = (text) => text.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (found) => (found[1] ? found : '\ufffd'));

module.exports = { whole, plain, ClientState, SubscriptionState, Code, parse, failure };
