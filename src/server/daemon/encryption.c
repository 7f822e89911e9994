#include "server/daemon/encryption.h"

#include "server/engine/redis/tls.h"

cf_tls_context *cf_encryption_read(const cf_config *config, cf_config_report *report)
{
    cf_tls_context *context =
        cf_tls_context_new(config->ssl_cert.data, config->ssl_key.data, config->ssl_only_openssl, &report->error);
    if (context != NULL)
        cf_tls_context_doubt(context, config->ssl_cert.data, config->ssl_key.data, &report->warnings);
    return context;
}

bool cf_encryption_check_redis(const cf_config *config, cf_config_report *report)
{
    if (!config->redis_tls || !cf_bytes_equal(config->engine, CF_BYTES("redis")))
        return true;
    cf_redis_tls_context *context = cf_redis_tls_context_new(config, &report->error);
    if (context != NULL)
        cf_redis_tls_context_doubt(context, config, &report->warnings);
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
