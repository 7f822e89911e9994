/* What libcurl needs to know before it connects, the same for a connection and a request. */
#include "native/native.h"

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
static void set_trust(CURL *easy, const cf_native_settings *settings, CURLcode *failed)
{
    CURLcode ignored = CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, settings->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, settings->verify ? 2L : 0L);
    if (!settings->ca_file && !settings->ca_path)
        return;
    const char *file = cf_http_trust_file(settings->ca_file, settings->ca_path);
    set_text(easy, CURLOPT_CAINFO, file, failed);
    set_text(easy, CURLOPT_CAPATH, settings->ca_path, failed);
    set_text(easy, CURLOPT_PROXY_CAINFO, file, &ignored);
    set_text(easy, CURLOPT_PROXY_CAPATH, settings->ca_path, &ignored);
}

static void set_optional(CURL *easy, CURLoption option, const char *value, CURLcode *failed)
{
    if (value)
        set_text(easy, option, value, failed);
}

bool cf_native_curl_begin(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

CURLcode cf_native_curl_configure(CURL *easy, const cf_native_settings *settings)
{
    CURLcode failed = CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    /* A name that is still being resolved must not hold us up when the attempt is given up. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    set_trust(easy, settings, &failed);
    set_optional(easy, CURLOPT_PROXY, settings->proxy, &failed);
    set_optional(easy, CURLOPT_PROXYUSERPWD, settings->proxy_user, &failed);
    set_optional(easy, CURLOPT_SSLCERT, settings->certificate, &failed);
    set_optional(easy, CURLOPT_SSLKEY, settings->key, &failed);
    set_text(easy, CURLOPT_KEYPASSWD, cf_http_key_password(settings->key_password), &failed);
    set_optional(easy, CURLOPT_INTERFACE, settings->interface_name, &failed);
    return failed;
}

cf_http_trust *cf_native_curl_trust(centrifuge_client *client, CURL *easy, CURLU *url)
{
    const cf_native_settings *settings = &client->settings;
    if (!settings->verify || !cf_http_url_secure(url))
        return NULL;
    cf_http_trust *trust = cf_http_trust_hold(settings->ca_file, settings->ca_path);
    cf_http_trust_release(client->trust); /* not before, or it would be read again */
    client->trust = trust;
    cf_http_trust_apply(easy, client->trust);
    return cf_http_trust_share(client->trust);
}

const char *cf_native_curl_problem(const cf_native_settings *settings, char *problem, CURLcode code)
{
    if (!problem || !problem[0])
        return curl_easy_strerror(code);
    for (int asked = 0; asked < CF_NATIVE_ASKED_COUNT; asked++)
        cf_http_hide(problem, cf_http_user_of(settings->endpoints[asked].url));
    cf_http_hide(problem, cf_http_user_of(settings->proxy));
    cf_http_hide(problem, cf_bytes_of(settings->proxy_user));
    cf_http_hide(problem, cf_bytes_of(settings->key_password));
    cf_http_hide_users(problem);
    return problem;
}
