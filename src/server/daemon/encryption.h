/*
 * The certificate of the configuration.
 */
#ifndef CF_SERVER_DAEMON_ENCRYPTION_H
#define CF_SERVER_DAEMON_ENCRYPTION_H

#include "server/config/config.h"
#include "server/net/tls_context.h"

/* Reads it and its key. NULL: the report has the error. Files that will not do are warned of. */
cf_tls_context *cf_encryption_read(const cf_config *config, cf_config_report *report);
/* The same, for checkconfig. True where there is nothing to read. */
bool cf_encryption_check(const cf_config *config, cf_config_report *report);
/* Can the files that `redis_tls` names be used? If not the report has the error. */
bool cf_encryption_check_redis(const cf_config *config, cf_config_report *report);

#endif
