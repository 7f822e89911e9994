#include "server/net/tls_context.h"

#include "server/net/records.h"
#include "server/pem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

/* Keys that nobody can learn later, and ciphers that authenticate: of TLS 1.2, and of 1.3. The fastest come first. */
#define CIPHERS "ECDHE+AES128+AESGCM:ECDHE+AESGCM:ECDHE+CHACHA20"
#define SUITES  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* Of ALPN. Who asks for others only is refused, as by the reference server. */
static const unsigned char protocols[] = "\x08http/1.1";

/* ---- the context ---- */

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *size, const unsigned char *offered,
                           unsigned offered_size, void *user)
{
    unsigned char *found = NULL;
    (void)ssl;
    (void)user;
    if (SSL_select_next_proto(&found, size, protocols, sizeof(protocols) - 1, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* Told a secret, which is for nobody else. */
static void learn(const SSL *ssl, const char *line)
{
    cf_records_learn(SSL_get_app_data(ssl), line);
}

/* Sessions are resumed by tickets, which cost the server nothing; their keys are new with each context. */
static bool set_up(SSL_CTX *context, bool only_openssl)
{
    static const unsigned char name[] = "centrifuged";
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_keylog_callback(context, only_openssl ? NULL : learn);
    return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 && SSL_CTX_set_cipher_list(context, CIPHERS) == 1 &&
           SSL_CTX_set_ciphersuites(context, SUITES) == 1 &&
           SSL_CTX_set_session_id_context(context, name, sizeof(name) - 1) == 1 && SSL_CTX_set_num_tickets(context, 1) == 1;
}

static bool set_up_or_say(SSL_CTX *context, bool only_openssl, cf_buffer *problem)
{
    if (context != NULL && set_up(context, only_openssl))
        return true;
    cf_buffer_append(problem, CF_BYTES("TLS cannot be set up: "));
    cf_pem_put_reason(problem);
    return false;
}

cf_tls_context *cf_tls_context_new(const char *certificate, const char *key, bool only_openssl, cf_buffer *problem)
{
    cf_pem shown = {"ssl_cert", certificate}, kept = {"ssl_key", key};
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (set_up_or_say(context, only_openssl, problem) && cf_pem_show(context, shown, problem) &&
        cf_pem_use_key(context, kept, shown, problem))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

void cf_tls_context_doubt(cf_tls_context *context, const char *certificate, const char *key, cf_buffer *warnings)
{
    cf_pem_doubt_certificate(context, (cf_pem){"ssl_cert", certificate}, warnings);
    cf_pem_doubt_key((cf_pem){"ssl_key", key}, warnings);
}

void cf_tls_context_retain(cf_tls_context *context)
{
    (void)SSL_CTX_up_ref(context);
}

void cf_tls_context_release(cf_tls_context *context)
{
    SSL_CTX_free(context);
}
