/*
 * WebAssembly's binary format, as far as the core has it, for what arrange.mjs and pack.mjs do with its module.
 */

export const [TYPE, IMPORT, FUNCTION, EXPORT, ELEMENT, CODE, DATA, DATA_COUNT] = [1, 2, 3, 7, 9, 10, 11, 12];

export class Reader {
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

export const number = (value) => (value < 128 ? [value] : [(value & 127) | 128, ...number(Math.floor(value / 128))]);
export const sized = (bytes) => [...number(bytes.length), ...bytes];
export const list = (parts) => [...number(parts.length), ...parts.flat()];

const HEAD = 8; // bytes: magic and version

export function readSections(wasm) {
  const reader = new Reader([...wasm], HEAD);
  const sections = new Map();
  while (reader.at < wasm.length) sections.set(reader.byte(), reader.take(reader.number()));
  return sections;
}

export const writeSection = ([kind, content]) => [kind, ...sized(content)];

export function writeSections(wasm, sections) {
  return Buffer.from([...wasm.subarray(0, HEAD), ...[...sections].flatMap(writeSection)]);
}

/* ---- instructions --------------------------------------------------------------------------------- */

const [CALL, CALL_INDIRECT, BRANCH_TABLE, F64, MISC] = [0x10, 0x11, 0x0e, 0x44, 0xfc];
const isLocal = (code) => code >= 0x20 && code <= 0x22;
export const isBlock = (code) => code >= 0x02 && code <= 0x04;
export const NO_VALUE = 0x40; // of a block
export const isAccess = (code) => code >= 0x28 && code <= 0x3e; // loads and stores
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

export function writeInstruction({ code, local, called, raw }) {
  return [code, ...(raw || number(local === undefined ? called : local))];
}

function readFunction(reader, type, parameters) {
  const end = reader.number() + reader.at;
  const variables = reader.list(() => ({ count: reader.number(), type: reader.byte() }));
  const instructions = [];
  while (reader.at < end) instructions.push(readInstruction(reader));
  return { type, parameters, variables, instructions };
}

export const writeVariables = ({ variables }) => list(variables.map(({ count, type }) => [...number(count), type]));

/* Its size always has two bytes: web/unpack.js writes it when it knows the rest. */
function writeFunction(each) {
  const bytes = [...writeVariables(each), ...each.instructions.flatMap(writeInstruction)];
  if (bytes.length >= 1 << 14) throw new Error('a function of the core has more than 16 kB');
  return [(bytes.length & 127) | 128, bytes.length >> 7, ...bytes];
}

/* ---- modules ------------------------------------------------------------------------------------------ */

export function readModule(wasm) {
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

export function writeModule({ wasm, sections, functions }) {
  sections.set(FUNCTION, list(functions.map(({ type }) => number(type))));
  sections.set(CODE, list(functions.map(writeFunction)));
  return writeSections(wasm, sections);
}

/* `change` gets what one is, { name, kind, index }, and returns it changed. */
export function changeExports(sections, change, order) {
  const reader = new Reader(sections.get(EXPORT));
  const name = () => Buffer.from(reader.take(reader.number())).toString();
  const all = reader.list(() => ({ name: name(), kind: reader.byte(), index: reader.number() }));
  const write = (each) => [...sized([...Buffer.from(each.name)]), each.kind, ...number(each.index)];
  sections.set(EXPORT, list(all.map(change).sort(order).map(write)));
}

/* Tables of functions: each from a constant offset on. */
export function renumberElements(sections, renumber) {
  const reader = new Reader(sections.get(ELEMENT));
  const segments = reader.list(() => {
    const head = reader.raw(() => { while (reader.byte() !== 0x0b); });
    return [...head, ...list(reader.list(() => number(renumber(reader.number()))))];
  });
  sections.set(ELEMENT, list(segments));
}

export const [CONSTANT, END] = [0x41, 0x0b]; // i32.const, of an address below 8192 here

/* { at, bytes } */
export function readSegments(section) {
  const reader = new Reader(section);
  return reader.list(() => {
    reader.take(2); // active, CONSTANT
    const at = reader.number();
    reader.take(1); // END
    return { at, bytes: reader.take(reader.number()) };
  });
}

