/* What libcurl needs to know before it connects, the same for a connection and a request. */
#include "native/native.h"

bool cf_native_curl_begin(void)
{
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

cf_http_trust *cf_native_curl_trust(centrifuge_client *client, CURL *easy, CURLU *url)
{
    const cf_native_settings *settings = &client->settings;
    if (!settings->way.verify || !cf_http_url_secure(url))
        return NULL;
    cf_http_trust *trust = cf_http_trust_hold(settings->way.ca_file, settings->way.ca_path);
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
    cf_http_hide(problem, cf_http_user_of(settings->way.proxy));
    cf_http_hide(problem, cf_bytes_of(settings->way.proxy_user));
    cf_http_hide(problem, cf_bytes_of(settings->way.key_password));
    cf_http_hide_users(problem);
    return problem;
}
