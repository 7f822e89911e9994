'use strict';
/*
 * The core's module out of the text in which ../pack.mjs has put it, which says what the lines are. A page waits for it.
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
  const small = row(PAIR + 1);
  const plain = row(0);

  const [codes, kinds, numbers] = [0, 1, 2].map((line) => {
    put(line, small, 0);
    return plain.map((code) => (code > PAIR ? bytes[code - PAIR - 1] : 0));
  });
  const instructions = codes.map((code, i) => code + 256 * kinds[i]);
  return bytes.subarray(0, put(DATA, plain, put(CODE, instructions, put(HEAD, plain, 0) + 2) - 2));

  /*
   * A line, whose characters stand for what the table says, with the operands of its instructions, to `size`. Returns the end;
   * behind functions it leaves room for the size of another one.
   */
  function put(line, table, size) {
    let at = places[line];
    let start = size; // of a function, behind its size
    for (let code; (code = text[at++]) !== NEWLINE;) {
      const value = code > PAIR ? table[code] : digit(code) * ALL + digit(text[at++]);
      const kind = value >> 8;
      bytes[size++] = value;
      if (kind >= ACCESS) bytes[size++] = kind - ACCESS; // the alignment
      if (kind >= LOCAL) {
        size = putOperand(CODE + 1 + Math.min(kind, ACCESS) - LOCAL, size);
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

  /* LEB128 */
  function putOperand(line, size) {
    do {
      const code = text[places[line]++];
      bytes[size] = code > PAIR ? numbers[code] : digit(code) * ALL + digit(text[places[line]++]);
    } while (bytes[size++] > 127);
    return size;
  }
};
