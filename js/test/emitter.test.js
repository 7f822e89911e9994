'use strict';
/* The event emitter of clients and subscriptions. */
const assert = require('node:assert');
const test = require('node:test');
const Emitter = require('../api/emitter');

/* An emitter, and what its listeners noted. */
function make() {
  const notes = [];
  const emitter = new Emitter((exception) => notes.push('reported ' + exception));
  const note = (name, result) => (...values) => {
    notes.push([name, ...values].join(' '));
    return result;
  };
  return { emitter, notes, note };
}

test('listeners are called in the order of adding, with the emitter as this', () => {
  const { emitter, notes, note } = make();
  assert.strictEqual(emitter.on('a', note('first')).addListener('a', note('second')), emitter);
  emitter.on('a', function () { notes.push(this === emitter); });
  emitter.emit('a', 1, 2);
  emitter.trigger('a', [3]);
  emitter.emit('b');
  assert.deepStrictEqual(notes, ['first 1 2', 'second 1 2', true, 'first 3', 'second 3', true]);
});

test('a function listens once per event', () => {
  const { emitter, notes, note } = make();
  const listener = note('x');
  emitter.on('a', listener).on('a', listener).on('b', listener).emit('a').emit('b');
  emitter.off('a', listener).emit('a').emit('b');
  assert.deepStrictEqual(notes, ['x', 'x', 'x']);
});

test('once, and listeners that return true, are called once', () => {
  const { emitter, notes, note } = make();
  emitter.once('a', note('once')).on('a', note('true', true)).on('a', note('truthy', 1));
  emitter.emit('a').emit('a');
  assert.deepStrictEqual(notes, ['once', 'true', 'truthy', 'truthy']);
  emitter.setOnceReturnValue(1).emit('a').emit('a');
  assert.deepStrictEqual(notes.slice(4), ['truthy']);
});

test('emitting works on a copy of the list', () => {
  const { emitter, notes, note } = make();
  const last = note('last');
  emitter.on('a', () => { emitter.on('a', note('added')).off('a', last); });
  emitter.on('a', last);
  emitter.emit('a');
  assert.deepStrictEqual(notes, ['last']);
});

test('an exception is reported and stops nobody', () => {
  const { emitter, notes, note } = make();
  emitter.on('a', () => { throw 'up'; }).on('a', note('next'));
  emitter.emit('a');
  assert.deepStrictEqual(notes, ['reported up', 'next']);
});

test('several at once, and regular expressions', () => {
  const { emitter, notes, note } = make();
  const both = [note('1'), note('2')];
  emitter.addListeners({ red: both, green: note('g') }).defineEvents(['blue']);
  emitter.on(/e$/, note('e'));
  emitter.emit(/./);
  assert.deepStrictEqual(notes.splice(0), ['1', '2', 'g', 'e']);
  assert.deepStrictEqual(Object.keys(emitter.getListeners(/e/)), ['red', 'green', 'blue']);
  emitter.removeListeners('red', both).removeEvent(/^g/).emit(/./);
  assert.deepStrictEqual(notes.splice(0), ['e']);
  emitter.removeAllListeners().emit('blue');
  assert.deepStrictEqual(notes, []);
});

test('lists: as they are kept, by event, and as functions', () => {
  const { emitter, note } = make();
  const [first, second] = [note('1'), note('2')];
  emitter.on('red', first).once('red', second).on('blue', second).defineEvent('green');
  const lists = emitter.getListenersAsObject(/e/);
  assert.deepStrictEqual(Object.keys(lists), ['red', 'blue', 'green']);
  assert.deepStrictEqual(emitter.flattenListeners(lists.red), [first, second]);
  assert.deepStrictEqual(Object.keys(emitter.getListenersAsObject('red')), ['red']);
  assert.deepStrictEqual(emitter.getListenersAsObject('new'), { new: [] });
  assert.deepStrictEqual(emitter.flattenListeners([]), []);
});

test('several are added and removed by one method, too', () => {
  const { emitter, notes, note } = make();
  const [first, second, third] = [note('1'), note('2'), note('3')];
  assert.strictEqual(emitter.manipulateListeners(false, 'a', [first, second]), emitter);
  emitter.manipulateListeners(false, { a: third, b: [first, third] });
  emitter.emit('a').emit('b');
  assert.deepStrictEqual(notes.splice(0), ['1', '2', '3', '1', '3']);
  emitter.manipulateListeners(true, 'a', [second]).manipulateListeners(true, { a: first, b: [third] });
  emitter.manipulateListeners(true, /[ab]/, [third]);
  emitter.emit('a').emit('b');
  assert.deepStrictEqual(notes, ['1']);
});

test('what is no function is no listener', () => {
  const { emitter } = make();
  emitter.on('a', null).on('a', undefined).once('a', null).emit('a');
  assert.deepStrictEqual(emitter.getListeners('a'), []);
  for (const bad of [5, 'text', {}, true]) assert.throws(() => emitter.on('a', bad), TypeError);
});

test('names are texts, or symbols, which no regular expression matches', () => {
  const { emitter, notes, note } = make();
  const symbol = Symbol('a');
  emitter.on(5, note('number')).on(symbol, note('symbol')).on('__proto__', note('proto'));
  emitter.emit('5').emit(symbol).emit('__proto__').emit(/a/).on(/./, note('all')).emit(/^5/);
  assert.deepStrictEqual(notes, ['number', 'symbol', 'proto', 'number', 'all']);
});
