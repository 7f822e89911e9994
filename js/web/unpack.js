'use strict';
/*
 * The core's module out of the text in which ../pack.mjs has put it, which says what the lines are. A page waits for it: one
 * loop, without a call for each character.
 */
const NEWLINE = 10;
const PAIR = 35; // up to this code a character and the one behind it are a byte
const ALL = 93; // printable characters without the quote and the backslash
const CODES = 127;

const [HEAD, DATA, CODE] = [3, 4, 5]; // lines; three tables stand before them, the operands behind
const [BLOCK, LOCAL, ACCESS] = [2, 3, 6]; // kinds of instructions: without a value, first and last one that has operands
const NO_VALUE = 0x40;

const digit = (code) => code - 32 - (code > 34) - (code > 92);

/* By code, what a character stands for: its distance from the one with the code `zero`. */
const row = (zero) => Uint16Array.from({ length: CODES }, (_, code) => code - zero);

module.exports = (packed) => {
  const text = new TextEncoder().encode(packed + '\n');
  const bytes = new Uint8Array(2 * text.length);
  const places = []; // by line: where to read on
  for (let at = 0; at < text.length; at = text.indexOf(NEWLINE, at) + 1) places.push(at);
  const tables = places.map(() => row(PAIR + 1)); // by line: what its characters stand for

  const [codes, kinds, numbers] = [0, 1, 2].map((line) => {
    put(line, 0);
    return row(0).map((code) => (code > PAIR ? bytes[code - PAIR - 1] : 0));
  });
  tables.fill(numbers);
  tables[HEAD] = tables[DATA] = row(0);
  tables[CODE] = codes.map((code, i) => code + 256 * kinds[i]);
  return bytes.subarray(0, put(DATA, put(CODE, put(HEAD, 0) + 2) - 2));

  /*
   * A line, with the operands of its instructions, to `size`. Returns the end, at which there is room for the size of another
   * function when the line has functions.
   */
  function put(first, size) {
    let start = size; // of a function, behind its size
    for (let line = first, code; (code = text[places[line]++]) !== NEWLINE;) {
      const value = code > PAIR ? tables[line][code] : digit(code) * ALL + digit(text[places[line]++]);
      const kind = value >> 8;
      bytes[size++] = value;
      if (line > first) {
        if (value < 128) line = first; // an operand, LEB128, has ended
      } else if (kind >= LOCAL) {
        if (kind >= ACCESS) bytes[size++] = kind - ACCESS; // the alignment
        line = CODE + 1 + Math.min(kind, ACCESS) - LOCAL;
      } else if (kind === BLOCK) {
        bytes[size++] = NO_VALUE;
      } else if (kind) {
        bytes[start - 2] = (size - start) | 128;
        bytes[start - 1] = (size - start) >> 7;
        start = size += 2;
      }
    }
    return size;
  }
};
