/*
 * Stands in for the C library's header where there is none (wasm, small
 * devices). Whoever links the core there provides these functions.
 */
#ifndef CF_BASE_FREESTANDING_STRING_H
#define CF_BASE_FREESTANDING_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *memory, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *memory, int byte, size_t size);
size_t strlen(const char *text);

#endif
