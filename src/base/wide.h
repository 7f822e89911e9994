/*
 * How many bytes are looked at together: eight where CF_WORDS is defined, and
 * sixteen where CF_WIDE is. Neither where the code is to be small, but for a
 * page, where small code has to be fast, too. Whoever looks at them has a loop
 * of single bytes besides.
 */
#ifndef CF_BASE_WIDE_H
#define CF_BASE_WIDE_H

#if !defined(__OPTIMIZE_SIZE__) || defined(__wasm__)
#define CF_WORDS
#endif

#if defined(__SSE2__) && defined(CF_WORDS)
#define CF_WIDE
#include <emmintrin.h>
#endif

#endif
