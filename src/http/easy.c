#include "http/http.h"

/* `failed` keeps the first failure. */
static void set_text(CURL *easy, CURLoption option, const char *value, CURLcode *failed)
{
    CURLcode code = curl_easy_setopt(easy, option, value);
    if (value && code != CURLE_OK && *failed == CURLE_OK)
        *failed = code;
}

/*
 * Own authorities replace those that libcurl was built to trust, file and directory; all of it for a proxy that is spoken TLS
 * with, too, if this libcurl can.
 */
static void set_trust(CURL *easy, const cf_http_way *way, CURLcode *failed)
{
    CURLcode ignored = CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, way->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, way->verify ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, way->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, way->verify ? 2L : 0L);
    if (!way->ca_file && !way->ca_path)
        return;
    const char *file = cf_http_trust_file(way->ca_file, way->ca_path);
    set_text(easy, CURLOPT_CAINFO, file, failed);
    set_text(easy, CURLOPT_CAPATH, way->ca_path, failed);
    set_text(easy, CURLOPT_PROXY_CAINFO, file, &ignored);
    set_text(easy, CURLOPT_PROXY_CAPATH, way->ca_path, &ignored);
}

static void set_optional(CURL *easy, CURLoption option, const char *value, CURLcode *failed)
{
    if (value)
        set_text(easy, option, value, failed);
}

CURLcode cf_http_configure(CURL *easy, const cf_http_way *way)
{
    CURLcode failed = CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, cf_http_socket_open);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name that is still being resolved must not hold us up when the attempt is given up. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    set_trust(easy, way, &failed);
    set_optional(easy, CURLOPT_PROXY, way->proxy, &failed);
    set_optional(easy, CURLOPT_PROXYUSERPWD, way->proxy_user, &failed);
    set_optional(easy, CURLOPT_SSLCERT, way->certificate, &failed);
    set_optional(easy, CURLOPT_SSLKEY, way->key, &failed);
    set_text(easy, CURLOPT_KEYPASSWD, cf_http_key_password(way->key_password), &failed);
    set_optional(easy, CURLOPT_INTERFACE, way->interface_name, &failed);
    return failed;
}

#if LIBCURL_VERSION_NUM >= 0x075000
static int on_request(void *user, char *to, char *from, int to_port, int from_port)
{
    unsigned *count = user;
    (void)to;
    (void)from;
    (void)to_port;
    (void)from_port;
    (*count)++;
    return *count > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

void cf_http_send_once(CURL *easy, unsigned *count)
{
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, count);
}
#else
void cf_http_send_once(CURL *easy, unsigned *count)
{
    (void)count;
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L); /* it goes on with kept connections only */
}
#endif

const char *cf_http_once_problem(unsigned count)
{
    return count > 1 ? "the connection ended before the answer: it is not known whether the server got the request" : NULL;
}
