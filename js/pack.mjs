/*
 * The core's module on its way into a JavaScript file: printable ASCII that gzip takes better than the bytes themselves.
 *
 * Instructions and each kind of their operands are a line each, since they have little to do with each other; functions' sizes
 * and the alignment of accesses, which follow from the rest, are left out. The most frequent values of a line are a character
 * each, the others one of three and any one behind it. The more frequent a value is, the more frequent is its character in the
 * program around: gzip has one code for all of them. What is in front of the code and behind it is mostly text, and stands for
 * itself.
 *
 * The lines: what the characters stand for among instructions, the kinds of those, and what the characters stand for among
 * operands; what is in front of the code, and behind it; instructions; operands, by kind. web/unpack.js reads them.
 */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { CODE, isAccess, isBlock, NO_VALUE, number, readModule, writeInstruction, writeSection, writeSections,
  writeVariables } from './module.mjs';

const unpack = createRequire(import.meta.url)('./web/unpack.js');

/* ---- lines ----------------------------------------------------------------------------------- */

/*
 * Kinds of instructions: the last one of a function, a block without a value, and those with operands of a line of their own,
 * of whose last kind there is one for each alignment. Which function is called stands among the instructions: it repeats with
 * them.
 */
const [PLAIN, LAST, BLOCK, LOCAL, CONSTANT, BRANCH, ACCESS] = [0, 1, 2, 3, 4, 5, 6];

function kindOf({ code, local, raw }) {
  if (local !== undefined) return LOCAL;
  if (isAccess(code)) return ACCESS + raw[0];
  if (isBlock(code) && raw[0] === NO_VALUE) return BLOCK;
  return { 0x41: CONSTANT, 0x42: CONSTANT, 0x0c: BRANCH, 0x0d: BRANCH }[code] || PLAIN;
}

/* { instructions, operands }: the former with their kinds, 256 for each. */
function divide(functions) {
  const instructions = [];
  const operands = [[], [], [], []];
  for (const each of functions) {
    instructions.push(...writeVariables(each));
    for (const instruction of each.instructions) {
      const kind = kindOf(instruction);
      const [code, ...rest] = writeInstruction(instruction);
      instructions.push(code + 256 * kind);
      if (kind === PLAIN) instructions.push(...rest);
      else if (kind >= LOCAL) operands[Math.min(kind, ACCESS) - LOCAL].push(...rest.slice(kind >= ACCESS));
    }
    instructions.push(instructions.pop() + 256 * LAST);
  }
  return { instructions, operands };
}

/* What is in front of the functions, and what is behind them. */
function surroundings({ wasm, sections, functions }) {
  const all = [...sections];
  const at = all.findIndex(([kind]) => kind === CODE);
  const [, code] = all[at];
  const head = [...writeSections(wasm, all.slice(0, at)), CODE, ...number(code.length), ...number(functions.length)];
  return { head, data: all.slice(at + 1).flatMap(writeSection) };
}

/* ---- characters -------------------------------------------------------------------------------- */

const ALL = 93;
const PREFIXES = 3; // of pairs

/* 32 '!' 34 is the quote, 92 the backslash */
const character = (value) => String.fromCharCode(value + 32 + (value > 1) + (value > 58));
const alphabet = Array.from({ length: ALL }, (_, value) => character(value));
const singles = alphabet.slice(PREFIXES);

const pair = (value) => character(Math.floor(value / ALL)) + character(value % ALL);
const write = (values, single) => Array.from(values, (value) => single.get(value) || pair(value)).join('');

const plain = new Map(singles.map((each) => [each.charCodeAt(0), each]));
/* In tables, where small ones are frequent. */
const small = new Map(singles.map((each) => [each.charCodeAt(0) - singles[0].charCodeAt(0), each]));

function frequentFirst(values, sequence) {
  const counts = new Map(values.map((each) => [each, 0]));
  for (const each of sequence) if (counts.has(each)) counts.set(each, counts.get(each) + 1);
  return [...values].sort((a, b) => counts.get(b) - counts.get(a));
}

/* By value: its character, for those that have one, as whatever has a kind. */
function singlesFor(values, program) {
  const frequent = frequentFirst([...new Set(values)], values);
  const chosen = new Set([...frequent.filter((value) => value > 255), ...frequent].slice(0, singles.length));
  const characters = frequentFirst(singles, program);
  return new Map(frequent.filter((value) => chosen.has(value)).map((value, i) => [value, characters[i]]));
}

/* By code, from that of the first character that is a value on: the backslash has a place, too. */
function table(single, read) {
  const valueOf = new Map([...single].map(([value, each]) => [each, value]));
  const first = singles[0].charCodeAt(0);
  return write(Array.from({ length: 127 - first }, (_, i) => read(valueOf.get(String.fromCharCode(first + i)) || 0)), small);
}

function encode({ head, data, instructions, operands }, codes, numbers) {
  return JSON.stringify([
    table(codes, (value) => value & 255),
    table(codes, (value) => value >> 8),
    table(numbers, (value) => value),
    write(head, plain),
    write(data, plain),
    write(instructions, codes),
    ...operands.map((values) => write(values, numbers)),
  ].join('\n'));
}

/* ---- what gzip makes of it ------------------------------------------------------------------- */

export const gzipSize = (input) => execFileSync('gzip', ['-9'], { input }).length;

const DISTANCES = [1, 2, 4, 8, 3, 16]; // further ones find little

/*
 * How often gzip writes a character is known only when it has found its repetitions: values that are about as frequent exchange
 * their characters when that makes the file smaller.
 */
function exchange(single, size) {
  const values = [...single.keys()];
  let best = size();
  const swap = (a, b) => {
    const first = single.get(a);
    single.set(a, single.get(b)).set(b, first);
  };
  const tryPair = (a, b) => {
    swap(a, b);
    const swapped = size();
    if (swapped < best) best = swapped;
    else swap(a, b);
  };
  for (const distance of DISTANCES) values.slice(distance).forEach((each, i) => tryPair(values[i], each));
}

function check(text, wasm) {
  if (wasm.compare(unpack(JSON.parse(text))) !== 0) throw new Error('web/unpack.js makes another module of what was packed');
}

/* Where `place` stands in a file's text. `smallest`: it may take some seconds. */
export function putPacked(file, place, wasm, smallest) {
  const program = file.replace(place, '');
  const module = readModule(wasm);
  const lines = { ...surroundings(module), ...divide(module.functions) };
  const codes = singlesFor(lines.instructions, program);
  const numbers = singlesFor(lines.operands.flat(), program);
  const text = () => encode(lines, codes, numbers);
  const put = () => file.replace(place, text);
  if (smallest) for (const single of [codes, numbers]) exchange(single, () => gzipSize(put()));
  check(text(), wasm);
  return put();
}
