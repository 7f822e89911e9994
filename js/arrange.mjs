/*
 * The core's module, arranged so that gzip finds more in it. Nothing that it does changes: functions stand in another order,
 * variables have other numbers, exports other names, and the data is one piece.
 */
import zlib from 'node:zlib';

/* ---- WebAssembly's binary format, as far as the core has it ------------------------------------- */

const [TYPE, IMPORT, FUNCTION, EXPORT, ELEMENT, CODE, DATA, DATA_COUNT] = [1, 2, 3, 7, 9, 10, 11, 12];

class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() { return this.bytes[this.at++]; }

  /* LEB128 */
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  take(size) { return this.bytes.slice(this.at, this.at += size); }

  /* What `read` passes over, as it stands. */
  raw(read) {
    const from = this.at;
    read();
    return this.bytes.slice(from, this.at);
  }

  list(read) { return Array.from({ length: this.number() }, read); }
}

const number = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...number(Math.floor(value / 128))]);
const sized = (bytes) => [...number(bytes.length), ...bytes];
const list = (parts) => [...number(parts.length), ...parts.flat()];

const HEAD = 8; // bytes: magic and version

function readSections(wasm) {
  const reader = new Reader([...wasm], HEAD);
  const sections = new Map();
  while (reader.at < wasm.length) sections.set(reader.byte(), reader.take(reader.number()));
  return sections;
}

function writeSections(wasm, sections) {
  const all = [...sections].flatMap(([kind, content]) => [kind, ...sized(content)]);
  return Buffer.from([...wasm.subarray(0, HEAD), ...all]);
}

/* ---- instructions --------------------------------------------------------------------------------- */

const [CALL, CALL_INDIRECT, BRANCH_TABLE, F64, MISC] = [0x10, 0x11, 0x0e, 0x44, 0xfc];
const isLocal = (code) => code >= 0x20 && code <= 0x22;
const isAccess = (code) => code >= 0x28 && code <= 0x3e; // loads and stores
const oneNumber = [0x02, 0x03, 0x04, 0x0c, 0x0d, CALL, 0x20, 0x21, 0x22, 0x23, 0x24, 0x3f, 0x40, 0x41, 0x42];
const MISC_NUMBERS = { 10: 2, 11: 1 }; // memory.copy, memory.fill

/* log2 of the bytes, from 0x28 on: it is but a hint, and always the same one is shorter. */
const ALIGNMENTS = [2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2];

function passImmediates(reader, code) {
  let numbers = oneNumber.includes(code) ? 1 : 0;
  if (code === CALL_INDIRECT) numbers = 2;
  if (code === BRANCH_TABLE) numbers = reader.number() + 1;
  if (code === MISC) numbers = MISC_NUMBERS[reader.number()] || 0;
  if (code === F64) reader.take(8);
  while (numbers-- > 0) reader.number();
}

/* { code, local } or { code, called } or { code, raw } */
function readInstruction(reader) {
  const code = reader.byte();
  if (isLocal(code)) return { code, local: reader.number() };
  if (code === CALL) return { code, called: reader.number() };
  if (!isAccess(code)) return { code, raw: reader.raw(() => passImmediates(reader, code)) };
  reader.number();
  return { code, raw: [ALIGNMENTS[code - 0x28], ...reader.raw(() => reader.number())] };
}

const writeInstruction = ({ code, local, called, raw }) => [code, ...(raw || number(local === undefined ? called : local))];

function readFunction(reader, type, parameters) {
  const end = reader.number() + reader.at;
  const variables = reader.list(() => ({ count: reader.number(), type: reader.byte() }));
  const instructions = [];
  while (reader.at < end) instructions.push(readInstruction(reader));
  return { type, parameters, variables, instructions };
}

function writeFunction({ variables, instructions }) {
  const head = list(variables.map(({ count, type }) => [...number(count), type]));
  return sized([...head, ...instructions.flatMap(writeInstruction)]);
}

/* ---- modules ------------------------------------------------------------------------------------------ */

function readModule(wasm) {
  const sections = readSections(wasm);
  const at = (kind) => new Reader(sections.get(kind));
  const types = at(TYPE);
  const parameterCounts = types.list(() => {
    types.byte(); // a function's
    const parameters = types.list(() => types.byte());
    types.list(() => types.byte());
    return parameters.length;
  });
  const used = at(FUNCTION);
  const typeOf = used.list(() => used.number());
  const code = at(CODE);
  let i = 0;
  const functions = code.list(() => readFunction(code, typeOf[i], parameterCounts[typeOf[i++]]));
  sections.delete(DATA_COUNT); // for instructions that the core has not
  return { wasm, sections, functions, imported: at(IMPORT).number() };
}

function writeModule({ wasm, sections, functions }) {
  sections.set(FUNCTION, list(functions.map(({ type }) => number(type))));
  sections.set(CODE, list(functions.map((each) => (each.bytes ? [...each.bytes] : writeFunction(each)))));
  return writeSections(wasm, sections);
}

/* `change` gets what one is, { name, kind, index }, and returns it changed. */
function changeExports(sections, change, order) {
  const reader = new Reader(sections.get(EXPORT));
  const name = () => Buffer.from(reader.take(reader.number())).toString();
  const all = reader.list(() => ({ name: name(), kind: reader.byte(), index: reader.number() }));
  const write = (each) => [...sized([...Buffer.from(each.name)]), each.kind, ...number(each.index)];
  sections.set(EXPORT, list(all.map(change).sort(order).map(write)));
}

/* Tables of functions: each from a constant offset on. */
function renumberElements(sections, renumber) {
  const reader = new Reader(sections.get(ELEMENT));
  const segments = reader.list(() => {
    const head = reader.raw(() => { while (reader.byte() !== 0x0b); });
    return [...head, ...list(reader.list(() => number(renumber(reader.number()))))];
  });
  sections.set(ELEMENT, list(segments));
}

const [CONSTANT, END] = [0x41, 0x0b]; // i32.const, of an address below 8192 here

/* { at, bytes } */
function readSegments(section) {
  const reader = new Reader(section);
  return reader.list(() => {
    reader.take(2); // active, CONSTANT
    const at = reader.number();
    reader.take(1); // END
    return { at, bytes: reader.take(reader.number()) };
  });
}

/* ---- what is arranged ------------------------------------------------------------------------------------ */

const RUN = 4; // bytes

function runsOf({ instructions }) {
  const bytes = instructions.flatMap(writeInstruction);
  return new Set(bytes.slice(RUN - 1).map((_, i) => bytes.slice(i, i + RUN).join()));
}

const RARE = 10; // runs in common that may be chance

/* How much of `runs` is known. */
function share(runs, known) {
  let count = 0;
  for (const run of runs) if (known.has(run)) count++;
  return count / (runs.size + RARE);
}

/* Behind each function the one that has most in common with it. */
function chain(functions) {
  const left = new Map(functions.map((each) => [each, runsOf(each)]));
  const chained = [];
  for (let next = functions[0]; next;) {
    const known = left.get(next);
    left.delete(next);
    chained.push(next);
    let best = -1;
    next = null;
    for (const [each, runs] of left) {
      const shared = share(runs, known);
      if (shared > best) [next, best] = [each, shared];
    }
  }
  return chained;
}

/* Functions of one type begin alike: the smallest of the first one is the first. */
function sortFunctions(module) {
  const { sections, functions, imported } = module;
  const size = new Map(functions.map((each) => [each, writeFunction(each).length]));
  const sorted = chain([...functions].sort((a, b) => a.type - b.type || size.get(a) - size.get(b)));
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

const PASSES = 3; // further ones find little

/* Which variable has which number is all the same to the program: each pair changes places when that makes the code smaller. */
function swapVariables(module) {
  const size = () => zlib.deflateRawSync(Buffer.concat(module.functions.map(({ bytes }) => bytes)), { level: 9 }).length;
  for (const each of module.functions) each.bytes = Buffer.from(writeFunction(each));
  let best = size();
  const tryPair = (each, pair) => {
    const { bytes } = each;
    swap(each, ...pair);
    each.bytes = Buffer.from(writeFunction(each));
    const swapped = size();
    if (swapped < best) {
      best = swapped;
    } else {
      swap(each, ...pair);
      each.bytes = bytes;
    }
  };
  for (let pass = 0; pass < PASSES; pass++) {
    for (const each of module.functions) for (const pair of pairsOf(each)) tryPair(each, pair);
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
