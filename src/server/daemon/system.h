/*
 * What the program has of the system: memory and randomness.
 */
#ifndef CF_SERVER_DAEMON_SYSTEM_H
#define CF_SERVER_DAEMON_SYSTEM_H

#include "base/allocator.h"

/* Memory as the program gets it. */
extern const cf_allocator cf_heap;

/*
 * Unpredictable bytes, as cf_server_environment wants them. Ends the program where the system has none: every id could be
 * guessed.
 */
void cf_system_random(void *user, void *out, size_t size);

#endif
