#include "server/engine/redis/tls.h"

#include "server/pem.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/* ---- the context ---------------------------------------------------------- */

static bool set_up(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
}

static bool trust(SSL_CTX *context, const char *path, cf_buffer *problem)
{
    if (path[0] != 0)
        return cf_pem_trust(context, (cf_pem){"redis_tls_ca", path}, problem);
    if (SSL_CTX_set_default_verify_paths(context) == 1)
        return true;
    cf_buffer_append(problem, CF_BYTES("the system's authorities cannot be read, name some in 'redis_tls_ca': "));
    cf_pem_put_reason(problem);
    return false;
}

static cf_pem certificate_of(const cf_config *config)
{
    return (cf_pem){"redis_tls_cert", config->redis_tls_cert.data};
}

static cf_pem key_of(const cf_config *config)
{
    return (cf_pem){"redis_tls_key", config->redis_tls_key.data};
}

static bool show(SSL_CTX *context, const cf_config *config, cf_buffer *problem)
{
    cf_pem certificate = certificate_of(config), key = key_of(config);
    if (certificate.path[0] == 0 && key.path[0] == 0)
        return true;
    return cf_pem_show(context, certificate, problem) && cf_pem_use_key(context, key, certificate, problem);
}

static bool set_up_or_say(SSL_CTX *context, cf_buffer *problem)
{
    if (context != NULL && set_up(context))
        return true;
    cf_buffer_append(problem, CF_BYTES("option 'redis_tls': TLS cannot be set up: "));
    cf_pem_put_reason(problem);
    return false;
}

cf_redis_tls_context *cf_redis_tls_context_new(const cf_config *config, cf_buffer *problem)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (set_up_or_say(context, problem) && trust(context, config->redis_tls_ca.data, problem) && show(context, config, problem))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

void cf_redis_tls_context_doubt(cf_redis_tls_context *context, const cf_config *config, cf_buffer *warnings)
{
    cf_pem_doubt_certificate(context, certificate_of(config), warnings);
    if (config->redis_tls_key.size > 0)
        cf_pem_doubt_key(key_of(config), warnings);
}

void cf_redis_tls_context_free(cf_redis_tls_context *context)
{
    SSL_CTX_free(context);
}

/* ---- one connection ------------------------------------------------------- */

/* An address is in the certificate as an address, and is not sent as a name. */
static bool expect_name(SSL *ssl, const char *name)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1)
        return true;
    ERR_clear_error();
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

cf_redis_tls *cf_redis_tls_new(cf_redis_tls_context *context, const char *name)
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem());
    BIO *out = BIO_new(BIO_s_mem());
    if (ssl != NULL && in != NULL && out != NULL && expect_name(ssl, name)) {
        SSL_set_bio(ssl, in, out);
        SSL_set_connect_state(ssl);
        return ssl;
    }
    BIO_free(in);
    BIO_free(out);
    SSL_free(ssl);
    return NULL;
}

void cf_redis_tls_free(cf_redis_tls *tls)
{
    SSL_free(tls);
}

cf_redis_tls_state cf_redis_tls_greet(cf_redis_tls *tls)
{
    ERR_clear_error();
    int result = SSL_do_handshake(tls);
    if (result == 1)
        return CF_REDIS_TLS_READY;
    return SSL_get_error(tls, result) == SSL_ERROR_WANT_READ ? CF_REDIS_TLS_GREETS : CF_REDIS_TLS_BROKEN;
}

bool cf_redis_tls_feed(cf_redis_tls *tls, cf_bytes bytes)
{
    return BIO_write(SSL_get_rbio(tls), bytes.data, (int)bytes.size) == (int)bytes.size;
}

int cf_redis_tls_read(cf_redis_tls *tls, char *out, int size)
{
    ERR_clear_error();
    int result = SSL_read(tls, out, size);
    if (result > 0)
        return result;
    return SSL_get_error(tls, result) == SSL_ERROR_WANT_READ ? 0 : -1;
}

bool cf_redis_tls_write(cf_redis_tls *tls, cf_bytes plain)
{
    ERR_clear_error();
    return plain.size <= INT_MAX && SSL_write(tls, plain.data, (int)plain.size) == (int)plain.size;
}

cf_bytes cf_redis_tls_output(cf_redis_tls *tls)
{
    char *data = NULL;
    long size = BIO_get_mem_data(SSL_get_wbio(tls), &data);
    return cf_bytes_make(data, (size_t)size);
}

void cf_redis_tls_sent(cf_redis_tls *tls)
{
    (void)BIO_reset(SSL_get_wbio(tls));
}

void cf_redis_tls_problem(const cf_redis_tls *tls, cf_buffer *text)
{
    long verdict = SSL_get_verify_result(tls);
    cf_buffer_append(text, CF_BYTES("TLS: "));
    if (verdict != X509_V_OK)
        cf_buffer_append(text, cf_bytes_of(X509_verify_cert_error_string(verdict)));
    else if (ERR_peek_error() == 0)
        cf_buffer_append(text, CF_BYTES("it ended the connection"));
    else
        cf_pem_put_reason(text);
}
