/*
 * Sixteen bytes at a time: CF_WIDE is defined where the processor can, unless
 * the code is to be small. Whoever looks at it has a loop without, too.
 */
#ifndef CF_BASE_WIDE_H
#define CF_BASE_WIDE_H

#if defined(__SSE2__) && !defined(__OPTIMIZE_SIZE__)
#define CF_WIDE
#include <emmintrin.h>
#endif

#endif
