/*
 * What the admin socket's `info` tells of this server (server-spec.md 9.1): its options, without what is secret.
 */
#ifndef CF_SERVER_ADMIN_INFO_H
#define CF_SERVER_ADMIN_INFO_H

#include "server/config/config.h"

/* Appends the body of the reply. */
void cf_admin_write_info(cf_buffer *out, const cf_config *config, const char *engine);

#endif
