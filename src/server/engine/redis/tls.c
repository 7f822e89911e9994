#include "server/engine/redis/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

/* ---- problems ------------------------------------------------------------- */

static void put(cf_buffer *out, const char *text)
{
    cf_buffer_append(out, cf_bytes_of(text));
}

/* What went wrong first, below all that failed for it; nothing of it is left behind. */
static const char *reason(void)
{
    unsigned long code = ERR_get_error();
    const char *text = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code)) : ERR_reason_error_string(code);
    ERR_clear_error();
    return text == NULL ? "unknown reason" : text;
}

/* False. */
static bool refuse(cf_buffer *problem, const char *option, const char *path, const char *what)
{
    put(problem, "option '");
    put(problem, option);
    put(problem, "': ");
    put(problem, path);
    put(problem, what);
    put(problem, " (");
    put(problem, reason());
    put(problem, ")");
    return false;
}

/* ---- the context ---------------------------------------------------------- */

/* Never asks: there may be nobody at the terminal. */
static int no_passphrase(char *out, int size, int writing, void *user)
{
    (void)out;
    (void)size;
    (void)writing;
    (void)user;
    return -1;
}

static bool set_up(SSL_CTX *context)
{
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
}

static bool trust(SSL_CTX *context, const char *path, cf_buffer *problem)
{
    int taken = path[0] == 0 ? SSL_CTX_set_default_verify_paths(context) : SSL_CTX_load_verify_file(context, path);
    return taken == 1 || refuse(problem, "redis_tls_ca", path, " gives no certificate in PEM form");
}

static bool show(SSL_CTX *context, const char *certificate, const char *key, cf_buffer *problem)
{
    if (certificate[0] == 0 && key[0] == 0)
        return true;
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        return refuse(problem, "redis_tls_cert", certificate, " gives no certificate in PEM form");
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return refuse(problem, "redis_tls_key", key, " gives no key of that certificate, in PEM form and without a passphrase");
    return true;
}

cf_redis_tls_context *cf_redis_tls_context_new(const cf_config *config, cf_buffer *problem)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL || !set_up(context)) {
        (void)refuse(problem, "redis_tls", "", "TLS cannot be set up");
    } else if (trust(context, config->redis_tls_ca.data, problem) &&
               show(context, config->redis_tls_cert.data, config->redis_tls_key.data, problem)) {
        return context;
    }
    SSL_CTX_free(context);
    return NULL;
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
    put(text, "TLS: ");
    if (verdict != X509_V_OK)
        put(text, X509_verify_cert_error_string(verdict));
    else if (ERR_peek_error() == 0)
        put(text, "it ended the connection");
    else
        put(text, reason());
}
