/*
 * The core's module, arranged so that gzip finds more in it. Nothing that it does changes: functions stand in another order,
 * variables have other numbers, exports other names, and the data is one piece.
 */
import zlib from 'node:zlib';
import { changeExports, CONSTANT, DATA, END, list, number, readModule, readSections, readSegments, renumberElements, sized,
  writeInstruction, writeModule, writeSections } from './module.mjs';

/* ---- what is arranged ------------------------------------------------------------------------------------ */

/* Functions of one type are alike, and those of one size. */
function sortFunctions(module) {
  const { sections, functions, imported } = module;
  const size = new Map(functions.map((each) => [each, each.instructions.flatMap(writeInstruction).length]));
  const sorted = [...functions].sort((a, b) => a.type - b.type || size.get(a) - size.get(b));
  const place = new Map(sorted.map((each, i) => [each, imported + i]));
  const renumber = (index) => (index < imported ? index : place.get(functions[index - imported]));
  for (const { instructions } of functions) {
    for (const each of instructions) if (each.called !== undefined) each.called = renumber(each.called);
  }
  const moved = (each) => (each.kind === 0 ? { ...each, index: renumber(each.index) } : each);
  changeExports(sections, moved, (a, b) => a.index - b.index);
  renumberElements(sections, renumber);
  module.functions = sorted;
}

function swap({ instructions }, first, second) {
  for (const each of instructions) {
    if (each.local === first) each.local = second;
    else if (each.local === second) each.local = first;
  }
}

/* Pairs of variables of one type. */
function pairsOf({ parameters, variables }) {
  const pairs = [];
  let from = parameters;
  for (const { count } of variables) {
    for (let i = 1; i < count; i++) for (let j = 0; j < i; j++) pairs.push([from + j, from + i]);
    from += count;
  }
  return pairs;
}

const numbersOf = ({ instructions }) => Buffer.from(instructions.flatMap(({ local }) => (local === undefined ? [] : [local])));

const PASSES = 3; // further ones find little

/*
 * Which variable has which number is all the same to the program: each pair changes places when that makes less of the numbers,
 * which pack.mjs keeps apart from the instructions.
 */
function swapVariables({ functions }) {
  const numbers = new Map(functions.map((each) => [each, numbersOf(each)]));
  const size = () => zlib.deflateRawSync(Buffer.concat([...numbers.values()]), { level: 9 }).length;
  let best = size();
  const tryPair = (each, pair) => {
    const before = numbers.get(each);
    swap(each, ...pair);
    numbers.set(each, numbersOf(each));
    const swapped = size();
    if (swapped < best) {
      best = swapped;
    } else {
      swap(each, ...pair);
      numbers.set(each, before);
    }
  };
  for (let pass = 0; pass < PASSES; pass++) {
    for (const each of functions) for (const pair of pairsOf(each)) tryPair(each, pair);
  }
}

/* wasm-opt divides the data where zeros are, of which gzip makes less than a segment's head is. */
function joinSegments({ sections }) {
  const segments = readSegments(sections.get(DATA));
  const [{ at: first }] = segments;
  const { at: last, bytes } = segments[segments.length - 1];
  const joined = new Array(last + bytes.length - first).fill(0);
  for (const { at, bytes: part } of segments) joined.splice(at - first, part.length, ...part);
  sections.set(DATA, list([[0, CONSTANT, ...number(first), END, ...sized(joined)]]));
}

export function arrange(wasm) {
  const module = readModule(wasm);
  joinSegments(module);
  sortFunctions(module);
  swapVariables(module);
  return writeModule(module);
}

/* A module whose exports have other names: { old: new }. */
export function renameExports(wasm, names) {
  const sections = readSections(wasm);
  changeExports(sections, (each) => ({ ...each, name: names[each.name] || each.name }), () => 0);
  return writeSections(wasm, sections);
}
