/*
 * Randomness that nobody can predict.
 */
#ifndef CF_SYSTEM_RANDOM_H
#define CF_SYSTEM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>

/* False when the system has none. */
bool cf_random_bytes(void *data, size_t size);

#endif
