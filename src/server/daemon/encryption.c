#include "server/daemon/encryption.h"

#include "server/engine/redis/tls.h"

static void warn_of_exposure(const char *key, cf_buffer *warnings)
{
    cf_buffer_append(warnings, CF_BYTES("option 'ssl_key': "));
    cf_buffer_append(warnings, cf_bytes_of(key));
    cf_buffer_append(warnings,
                     CF_BYTES(" is open to every user of the machine, who could then pose as this server: chmod o= and, "
                              "if they may have read it, get a new key\n"));
}

cf_tls_context *cf_encryption_read(const cf_config *config, cf_config_report *report)
{
    cf_tls_context *context =
        cf_tls_context_new(config->ssl_cert.data, config->ssl_key.data, config->ssl_only_openssl, &report->error);
    if (context != NULL && cf_tls_key_is_exposed(config->ssl_key.data))
        warn_of_exposure(config->ssl_key.data, &report->warnings);
    return context;
}

bool cf_encryption_check_redis(const cf_config *config, cf_config_report *report)
{
    if (!config->redis_tls || !cf_bytes_equal(config->engine, CF_BYTES("redis")))
        return true;
    cf_redis_tls_context *context = cf_redis_tls_context_new(config, &report->error);
    cf_redis_tls_context_free(context);
    return context != NULL;
}

bool cf_encryption_check(const cf_config *config, cf_config_report *report)
{
    if (!config->ssl)
        return true;
    cf_tls_context *context = cf_encryption_read(config, report);
    cf_tls_context_release(context);
    return context != NULL;
}
