'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'what methods return',
  async run(t) {
    t.hide('frames');
    const { c, s, sub } = await subscribed(t, {}, { names: [] });
    const say = (label, value, self) => t.note(label + ' returns ' + (value === self ? 'the subscription' : value === undefined ? 'undefined' : typeof value));
    say('sub.subscribe() when subscribed', sub.subscribe(), sub);
    say('unsubscribe()', sub.unsubscribe(), sub);
    say('unsubscribe() again', sub.unsubscribe(), sub);
    say('sub.subscribe()', sub.subscribe(), sub);
    say('sub.subscribe() when pending', sub.subscribe(), sub);
    say('ready()', sub.ready(() => {}, () => {}));
    for (const [name, ...values] of [['configure', {}], ['connect'], ['ping'], ['startBatching'], ['stopBatching'], ['flush'], ['startAuthBatching'], ['stopAuthBatching'], ['disconnect'], ['disconnect']]) say(name, c[name](...values));
    await s.closed();
  },
};
