/*
 * Stands in for the C library's header where there is none. uthash includes it
 * for malloc and exit, which the core never calls: src/base/map.c brings its
 * own allocation and takes a failed one as an answer.
 */
#ifndef CF_BASE_FREESTANDING_STDLIB_H
#define CF_BASE_FREESTANDING_STDLIB_H

#include <stddef.h>

#endif
