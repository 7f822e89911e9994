/*
 * What the client and the backend's calls share of libcurl.
 *
 * Files:
 *   url.c      addresses in parts
 *   header.c   headers that an application may send
 *   socket.c   sockets of libcurl, closed in programs that the application starts
 *   trust.c    certificate authorities, read once for all connections
 *   cause.c    what libcurl's errors are called here
 *   secret.c   texts without credentials
 *   easy.c     what every connection needs
 */
#ifndef CF_HTTP_HTTP_H
#define CF_HTTP_HTTP_H

#include "base/buffer.h"

#include <centrifuge/error.h>
#include <centrifuge/header.h>
#include <curl/curl.h>

/* ---- url.c ------------------------------------------------------------------ */

/*
 * Reads an address with one of the schemes ws, wss, http and https (RFC 3986). `*url` has http or https, the name in ASCII (RFC
 * 5891, whatever the locale is), other bytes that are none, or that no address may have, percent-encoded, and no fragment;
 * freed with curl_url_cleanup. INVALID_URL: it is none, or its port, its brackets, its name or its user are not valid;
 * NO_MEMORY.
 */
centrifuge_error cf_http_url_read(CURLU **url, cf_bytes text, const cf_allocator *allocator);
bool cf_http_url_secure(CURLU *url);
/* The header Host: without a user, the zone of an IPv6 address (RFC 6874 section 3) and the scheme's own port. */
void cf_http_url_append_host(CURLU *url, cf_buffer *out);
/* Path and query. */
void cf_http_url_append_target(CURLU *url, cf_buffer *out);
/* The header Authorization, "Basic ..." (RFC 7617), for an address with a user; else nothing. */
void cf_http_url_append_credentials(CURLU *url, cf_buffer *out);
/* Takes everything away but scheme, host and port: where to connect to. */
void cf_http_url_reduce(CURLU *url);

/* ---- header.c ---------------------------------------------------------------- */

/* What is wrong, beginning with `option`, which is "headers", "auth_headers" or "refresh_headers"; or NULL. Static. */
const char *cf_http_headers_check(const centrifuge_header *headers, size_t count, const char *option);
/* As libcurl wants it; failed: no memory. */
void cf_http_header_append(cf_bytes name, cf_bytes value, cf_buffer *line);

/* ---- socket.c ---------------------------------------------------------------- */

/* CURLOPT_OPENSOCKETFUNCTION. */
curl_socket_t cf_http_socket_open(void *user, curlsocktype purpose, struct curl_sockaddr *address);

/* ---- trust.c ------------------------------------------------------------------ */

/*
 * The authorities in a file and a directory; without both those that libcurl trusts. To read the system's takes fifty
 * milliseconds of a loop's turn, and libcurl 7.88 does it for every connection: its own cache belongs to one multi handle, and
 * is off where a directory is trusted, too, as Debian's libcurl does. A file that has changed counts from the next hold on. Any
 * thread.
 */
typedef struct cf_http_trust cf_http_trust;

/* NULL: libcurl has to read them itself, and tells what is wrong with them. */
cf_http_trust *cf_http_trust_hold(const char *file, const char *path);
/* For CURLOPT_CAINFO: `file`, or `path` when that is no directory, of which libcurl would say nothing and trust nobody. */
const char *cf_http_trust_file(const char *file, const char *path);
/* Both take NULL. One more holder; returns `trust`. */
cf_http_trust *cf_http_trust_share(cf_http_trust *trust);
void cf_http_trust_release(cf_http_trust *trust);
/* For the server and for a proxy; must be held as long as `easy` connects. */
void cf_http_trust_apply(CURL *easy, cf_http_trust *trust);

/* ---- cause.c ------------------------------------------------------------------ */

/* `detail` is libcurl's text. */
centrifuge_error cf_http_error_of(CURLcode code, const char *detail);
/* What libcurl says with a number: who the proxy takes the application for. Else NULL. */
const char *cf_http_proxy_problem(CURL *easy);
/* Why the system gives no more descriptors, as it is asked now; NULL when it does. Static or valid until the next call. */
const char *cf_http_descriptor_problem(void);

/* ---- secret.c ----------------------------------------------------------------- */

/* For CURLOPT_KEYPASSWD: without one OpenSSL would ask the terminal, and wait. */
const char *cf_http_key_password(const char *password);
/*
 * libcurl's texts name proxies as they were configured. Before such a text leaves the library, "***" is put in place of each
 * `secret`, and last of whoever stands in front of an '@' and of the users of the environment's proxies; in place, since it
 * never gets longer.
 */
void cf_http_hide(char *text, cf_bytes secret);
void cf_http_hide_users(char *text);
/* "name:password" of an address, also of one that is not valid; empty without one. */
cf_bytes cf_http_user_of(const char *address);

/* ---- easy.c -------------------------------------------------------------------- */

/* How a server is reached, and whom to trust on the way. NULL: not given. */
typedef struct cf_http_way {
    const char *proxy;
    const char *proxy_user;
    const char *ca_file;
    const char *ca_path;
    const char *certificate;
    const char *key;
    const char *key_password;
    const char *interface_name;
    bool verify;
} cf_http_way;

/* The first failure: this libcurl does not know an option, or has no memory. */
CURLcode cf_http_configure(CURL *easy, const cf_http_way *way);
/*
 * libcurl sends a request a second time when a kept connection ends without an answer. The server may have carried out the
 * first one: what it publishes would be published twice, and what was in its answer be missing. `count` of what is sent is 0 in
 * the beginning, and valid as long as the request.
 */
void cf_http_send_once(CURL *easy, unsigned *count);
/* Why a request has failed that would have been sent a second time; else NULL. */
const char *cf_http_once_problem(unsigned count);

#endif
