#include "server/pem.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define TIME_SIZE 32

/* ---- problems ---- */

static void put(cf_buffer *out, const char *text)
{
    cf_buffer_append(out, cf_bytes_of(text));
}

/* The system's error, or else the first one, below all that failed for it. */
static const char *reason(void)
{
    const char *text = NULL;
    for (unsigned long code = ERR_get_error(); code != 0; code = ERR_get_error()) {
        if (ERR_SYSTEM_ERROR(code))
            text = strerror(ERR_GET_REASON(code));
        else if (text == NULL)
            text = ERR_reason_error_string(code);
    }
    return text == NULL ? "unknown reason" : text;
}

void cf_pem_put_reason(cf_buffer *text)
{
    put(text, reason());
}

static void put_about(cf_buffer *out, cf_pem file, const char *what)
{
    put(out, "option '");
    put(out, file.option);
    put(out, "': ");
    put(out, file.path);
    put(out, what);
}

/* False. */
static bool refuse(cf_buffer *problem, cf_pem file, const char *what)
{
    put_about(problem, file, what);
    ERR_clear_error();
    return false;
}

/* False. */
static bool refuse_with_reason(cf_buffer *problem, cf_pem file, const char *what)
{
    put_about(problem, file, what);
    put(problem, " (");
    cf_pem_put_reason(problem);
    put(problem, ")");
    return false;
}

static bool is_folder(cf_pem file)
{
    struct stat there;
    return stat(file.path, &there) == 0 && S_ISDIR(there.st_mode);
}

/* ---- reading ---- */

/* False. What can be read is not PEM. */
static bool refuse_form(cf_buffer *problem, cf_pem file, const char *what, const char *way_out)
{
    bool was_read = !ERR_SYSTEM_ERROR(ERR_peek_error());
    (void)refuse_with_reason(problem, file, what);
    if (was_read)
        put(problem, way_out);
    return false;
}

/* False. OpenSSL has read it, and does not want it, where the error is one of TLS. */
static bool refuse_certificate(cf_buffer *problem, cf_pem file)
{
    if (is_folder(file))
        return refuse(problem, file, " is a folder: the option names a file");
    if (ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_SSL)
        return refuse_with_reason(problem, file,
                                  " has a certificate that is too weak: RSA of 2048 bits or a curve of 256 will do");
    return refuse_form(
        problem, file, " gives no certificate in PEM form",
        ": such a text begins with '-----BEGIN CERTIFICATE-----', openssl x509 -inform der makes it of a binary one");
}

bool cf_pem_show(SSL_CTX *context, cf_pem file, cf_buffer *problem)
{
    ERR_clear_error();
    if (file.path[0] == 0)
        return refuse(problem, file, "names no file: it is to name the certificate's, in PEM form");
    return SSL_CTX_use_certificate_chain_file(context, file.path) == 1 || refuse_certificate(problem, file);
}

bool cf_pem_trust(SSL_CTX *context, cf_pem file, cf_buffer *problem)
{
    ERR_clear_error();
    return SSL_CTX_load_verify_file(context, file.path) == 1 || refuse_certificate(problem, file);
}

/* Never asks: there may be nobody at the terminal. */
static int no_passphrase(char *out, int size, int writing, void *asked)
{
    (void)out;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static bool is_another_key(void)
{
    int why = ERR_GET_REASON(ERR_peek_error());
    return why == X509_R_KEY_VALUES_MISMATCH || why == X509_R_KEY_TYPE_MISMATCH || why == SSL_R_NO_CERTIFICATE_ASSIGNED;
}

/* False. */
static bool refuse_key(cf_buffer *problem, cf_pem key, cf_pem certificate, bool asked)
{
    if (is_folder(key))
        return refuse(problem, key, " is a folder: the option names a file");
    if (asked)
        return refuse(problem, key, " needs a passphrase: write the key without one, as with openssl pkey");
    if (!is_another_key())
        return refuse_form(
            problem, key, " gives no private key in PEM form",
            ": such a text begins with '-----BEGIN PRIVATE KEY-----', openssl pkey -inform der makes it of a binary one");
    (void)refuse(problem, key, " is not the key of the certificate of '");
    put(problem, certificate.option);
    put(problem, "', which is the first in ");
    put(problem, certificate.path);
    return false;
}

bool cf_pem_use_key(SSL_CTX *context, cf_pem key, cf_pem certificate, cf_buffer *problem)
{
    bool asked = false;
    ERR_clear_error();
    if (key.path[0] == 0)
        return refuse(problem, key, "names no file: it is to name the one of the certificate's key, in PEM form");
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
    bool used =
        SSL_CTX_use_PrivateKey_file(context, key.path, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(context) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(context, NULL);
    return used || refuse_key(problem, key, certificate, asked);
}

/* ---- doubts ---- */

static void doubt(cf_buffer *warnings, cf_pem file, const char *what, const char *more)
{
    put_about(warnings, file, what);
    put(warnings, more);
    put(warnings, "\n");
}

static const char *time_text(const ASN1_TIME *when, char *text)
{
    struct tm parts = {.tm_mday = 1};
    (void)ASN1_TIME_to_tm(when, &parts);
    return strftime(text, TIME_SIZE, "%Y-%m-%d %H:%M:%S UTC", &parts) > 0 ? text : "";
}

static void doubt_dates(const X509 *shown, cf_pem file, cf_buffer *warnings)
{
    char text[TIME_SIZE];
    const ASN1_TIME *begin = X509_get0_notBefore(shown), *end = X509_get0_notAfter(shown);
    if (X509_cmp_current_time(end) < 0)
        doubt(warnings, file, " has a certificate that nobody takes any more, get a new one: it expired on ",
              time_text(end, text));
    if (X509_cmp_current_time(begin) > 0)
        doubt(warnings, file, " has a certificate that nobody takes yet, look at the clock: it begins on ",
              time_text(begin, text));
}

static void doubt_chain(X509 *shown, STACK_OF(X509) * behind, cf_pem file, cf_buffer *warnings)
{
    for (int i = 0; i < sk_X509_num(behind); i++) {
        X509 *next = sk_X509_value(behind, i);
        if (X509_check_issued(next, shown) != X509_V_OK) {
            doubt(warnings, file,
                  " has certificates of which one does not vouch for the one before it, so that clients may not trust it: ",
                  "first the server's own, then the one that signed it, and so on");
            return;
        }
        shown = next;
    }
}

void cf_pem_doubt_certificate(SSL_CTX *context, cf_pem file, cf_buffer *warnings)
{
    STACK_OF(X509) *behind = NULL;
    X509 *shown = SSL_CTX_get0_certificate(context);
    if (shown == NULL)
        return;
    doubt_dates(shown, file, warnings);
    if (SSL_CTX_get0_chain_certs(context, &behind) == 1)
        doubt_chain(shown, behind, file, warnings);
    ERR_clear_error();
}

void cf_pem_doubt_key(cf_pem key, cf_buffer *warnings)
{
    struct stat there;
    if (stat(key.path, &there) == 0 && (there.st_mode & (S_IROTH | S_IWOTH)) != 0)
        doubt(warnings, key, " is open to every user of the machine, who could then pose as this server: chmod o= and, ",
              "if they may have read it, get a new key");
}
