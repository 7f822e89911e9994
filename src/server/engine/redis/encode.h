/*
 * What nodes say to each other through Redis, as they write it: protocol buffers (server-spec.md 7.2), byte for byte as
 * Centrifugo 1.8 does. Others write there, too: what is read is checked, so that no client gets a frame that is no JSON.
 */
#ifndef CF_SERVER_ENGINE_REDIS_ENCODE_H
#define CF_SERVER_ENGINE_REDIS_ENCODE_H

#include "server/engine/engine.h"

void cf_redis_write_info(cf_buffer *out, const cf_client_info *info);
void cf_redis_write_message(cf_buffer *out, const cf_publication *publication);
void cf_redis_write_join_leave(cf_buffer *out, cf_bytes channel, const cf_client_info *info);
void cf_redis_write_control(cf_buffer *out, const cf_engine_control *control);

/* Slices of `in`. False: it is none, or has no channel or no data that is JSON. */
bool cf_redis_read_info(cf_bytes in, cf_client_info *info);
/* `info` is for the publication's, if it has one. */
bool cf_redis_read_message(cf_bytes in, cf_publication *publication, cf_client_info *info);
bool cf_redis_read_join_leave(cf_bytes in, cf_bytes *channel, cf_client_info *info);
bool cf_redis_read_control(cf_bytes in, cf_engine_control *control);

#endif
