'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'listeners: once, twice the same, removed, returning true, this, chains, names',
  async run(t) {
    const { c, s } = await connected(t, {}, {}, false);
    const sub = await c.subscribe('news');
    await s.acceptSubscribe();
    const log = (name) => () => { t.event(name); };
    const twice = log('twice');
    const gone = log('gone');
    t.note('chain ' + (sub.on('message', twice) === sub) + (sub.once('message', log('once')) === sub) + (sub.off('message', gone) === sub));
    sub.on('message', twice);
    sub.on('message', gone);
    sub.off('message', gone);
    sub.on('message', () => { t.event('returns true'); return true; });
    sub.on('message', () => { t.event('returns 1'); return 1; });
    sub.on('message', function who() { t.event('this is the subscription: ' + (this === sub)); });
    s.message('news', 'm1', 1);
    await t.seen('this is', 1);
    await t.sleep(30);
    t.note('second');
    s.message('news', 'm2', 2);
    await t.seen('this is', 2);
    await t.sleep(30);
    // the order of listeners is another matter
    t.events = [...t.events.slice(0, 1), ...t.events.slice(1).sort()];
    t.note('of one event ' + sub.getListeners('message').length);
    sub.removeAllListeners('message');
    t.note('of one event ' + sub.getListeners('message').length);
    sub.addListeners('message', [twice, gone]).removeListeners('message', [gone]);
    t.note('of one event ' + sub.getListeners('message').length);
    sub.addListeners({ message: [gone], join: log('join') });
    t.note('of both ' + sub.getListeners('message').length + ' ' + sub.getListeners('join').length);
    sub.emit('join', 1, 2);
    sub.on('own', function all(...values) { t.event('own ' + JSON.stringify(values)); });
    sub.emit('own', 1, [2], null);
    sub.trigger('own', [1, [2]]);
    sub.emitEvent('own', ['x']);
    sub.setOnceReturnValue(7);
    sub.on('seven', () => { t.event('seven'); return 7; });
    sub.on('seven', () => { t.event('true'); return true; });
    sub.emit('seven');
    t.events = [...t.events.slice(0, -2), ...t.events.slice(-2).sort()];
    t.note('left ' + sub.getListeners('seven').length);
    sub.removeEvent();
    t.note('left ' + sub.getListeners('own').length);
    sub.defineEvents(['aa1', 'aa2']);
    sub.on(/^aa/, (x) => { t.event('aa ' + x); });
    sub.emit('aa1', 1);
    sub.emit('aa2', 2);
    sub.emit('aa3', 3);
    sub.emit(/aa/, 4);
    c.on('own', log('client own'));
    c.emit('own');
  },
};
