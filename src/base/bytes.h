/*
 * Byte slices: a pointer and a size, not NUL-terminated, never owning.
 */
#ifndef CF_BASE_BYTES_H
#define CF_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cf_bytes {
    const char *data;
    size_t size;
} cf_bytes;

/* A slice of a string literal; CF_LITERAL initializes one that is static. */
#define CF_LITERAL(literal)                                                                                                    \
    {                                                                                                                          \
        ("" literal), sizeof(literal) - 1                                                                                      \
    }
#define CF_BYTES(literal) ((cf_bytes)CF_LITERAL(literal))

static inline cf_bytes cf_bytes_make(const char *data, size_t size)
{
    return (cf_bytes){data, size};
}

/* A slice of a NUL-terminated string; NULL gives the empty slice. */
cf_bytes cf_bytes_of(const char *text);
bool cf_bytes_equal(cf_bytes a, cf_bytes b);
/* Equal but for the case of ASCII letters. */
bool cf_bytes_equal_fold(cf_bytes a, cf_bytes b);
bool cf_bytes_starts_with(cf_bytes bytes, cf_bytes prefix);
bool cf_bytes_ends_with(cf_bytes bytes, cf_bytes suffix);
/* Offset of the first (last) occurrence of `needle`, or -1. An empty needle is found at 0 (at the end). */
ptrdiff_t cf_bytes_find(cf_bytes bytes, cf_bytes needle);
ptrdiff_t cf_bytes_find_last(cf_bytes bytes, cf_bytes needle);
/* Orders by byte value, a prefix first: <0, 0, >0. */
int cf_bytes_compare(cf_bytes a, cf_bytes b);
/* [from, to) of the slice, cut to its bounds. */
cf_bytes cf_bytes_slice(cf_bytes bytes, size_t from, size_t to);
/* The bytes of all slices together. */
size_t cf_bytes_total(const cf_bytes *slices, size_t count);
/*
 * Decimal digits with an optional sign (RFC: none; Go's ParseInt base 10), whole slice, no spaces; false when it is no int64.
 */
bool cf_bytes_to_int64(cf_bytes text, int64_t *value);
/* What a hexadecimal digit of either case stands for; -1: it is none. */
int cf_hex_digit(char c);

#endif
