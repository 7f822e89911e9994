#include "server/net/tls_context.h"

#include "server/net/records.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/stat.h>

/* Keys that nobody can learn later, and ciphers that authenticate: of TLS 1.2, and of 1.3. The fastest come first. */
#define CIPHERS "ECDHE+AES128+AESGCM:ECDHE+AESGCM:ECDHE+CHACHA20"
#define SUITES  "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"

/* Of ALPN. Who asks for others only is refused, as by the reference server. */
static const unsigned char protocols[] = "\x08http/1.1";

/* ---- problems ---- */

static void put(cf_buffer *out, const char *text)
{
    cf_buffer_append(out, cf_bytes_of(text));
}

/* Why OpenSSL could not: the system's error, if there is one. */
static const char *reason(void)
{
    const char *text = "unknown reason";
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        if (ERR_SYSTEM_ERROR(code))
            text = strerror(ERR_GET_REASON(code));
        else if (text == NULL || strcmp(text, "unknown reason") == 0)
            text = ERR_reason_error_string(code);
    }
    return text == NULL ? "unknown reason" : text;
}

static void put_problem(cf_buffer *problem, const char *option, const char *path, const char *what)
{
    put(problem, "option '");
    put(problem, option);
    put(problem, "': ");
    put(problem, path);
    put(problem, what);
}

static void put_reason(cf_buffer *problem)
{
    put(problem, " (");
    put(problem, reason());
    put(problem, ")");
}

/* ---- certificate and key ---- */

/* Never asks: there may be nobody at the terminal. */
static int no_passphrase(char *out, int size, int writing, void *asked)
{
    (void)out;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static bool read_certificate(SSL_CTX *context, const char *path, cf_buffer *problem)
{
    if (path[0] == 0)
        put_problem(problem, "ssl_cert", "", "names no file: with 'ssl' it names the certificate's, in PEM form");
    else if (SSL_CTX_use_certificate_chain_file(context, path) != 1) {
        put_problem(problem, "ssl_cert", path, " gives no certificate in PEM form");
        put_reason(problem);
    }
    return problem->size == 0;
}

static void put_key_problem(cf_buffer *problem, const char *path, bool asked)
{
    if (asked) {
        put_problem(problem, "ssl_key", path, " needs a passphrase: write the key without one, as with openssl pkey");
    } else if (ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH) {
        put_problem(problem, "ssl_key", path, " is not the key of the certificate of 'ssl_cert'");
    } else {
        put_problem(problem, "ssl_key", path, " gives no private key in PEM form");
        put_reason(problem);
    }
}

static bool read_key(SSL_CTX *context, const char *path, cf_buffer *problem)
{
    bool asked = false;
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
    if (path[0] == 0)
        put_problem(problem, "ssl_key", "", "names no file: with 'ssl' it names the one of the certificate's key");
    else if (SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(context) != 1)
        put_key_problem(problem, path, asked);
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    return problem->size == 0;
}

bool cf_tls_key_is_exposed(const char *key)
{
    struct stat there;
    return stat(key, &there) == 0 && (there.st_mode & (S_IROTH | S_IWOTH)) != 0;
}

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

cf_tls_context *cf_tls_context_new(const char *certificate, const char *key, bool only_openssl, cf_buffer *problem)
{
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || !set_up(context, only_openssl)) {
        put(problem, "TLS cannot be set up");
        put_reason(problem);
    } else if (read_certificate(context, certificate, problem) && read_key(context, key, problem)) {
        return context;
    }
    ERR_clear_error();
    SSL_CTX_free(context);
    return NULL;
}

void cf_tls_context_retain(cf_tls_context *context)
{
    (void)SSL_CTX_up_ref(context);
}

void cf_tls_context_release(cf_tls_context *context)
{
    SSL_CTX_free(context);
}
