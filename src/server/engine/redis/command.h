/*
 * Commands for Redis as it reads them (RESP: an array of strings).
 */
#ifndef CF_SERVER_ENGINE_REDIS_COMMAND_H
#define CF_SERVER_ENGINE_REDIS_COMMAND_H

#include "base/buffer.h"

/* So many arguments follow, the command's name among them. */
void cf_redis_begin(cf_buffer *out, size_t count);
void cf_redis_add(cf_buffer *out, cf_bytes argument);
void cf_redis_add_int(cf_buffer *out, int64_t argument);
/* One argument of several parts. */
void cf_redis_add_parts(cf_buffer *out, const cf_bytes *parts, size_t count);

#endif
