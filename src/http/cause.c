#include "http/http.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* libcurl has no code of its own for a proxy of a kind that it does not know. */
#define UNSUPPORTED_PROXY CF_BYTES("Unsupported proxy")

centrifuge_error cf_http_error_of(CURLcode code, const char *detail)
{
    if (cf_bytes_starts_with(cf_bytes_of(detail), UNSUPPORTED_PROXY))
        return CENTRIFUGE_ERROR_UNSUPPORTED;
    switch (code) {
    case CURLE_NOT_BUILT_IN:
        return CENTRIFUGE_ERROR_UNSUPPORTED;
    case CURLE_INTERFACE_FAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
        return CENTRIFUGE_ERROR_INVALID_OPTION;
    case CURLE_OPERATION_TIMEDOUT:
        return CENTRIFUGE_ERROR_TIMEOUT;
    case CURLE_OUT_OF_MEMORY:
        return CENTRIFUGE_ERROR_NO_MEMORY;
    case CURLE_URL_MALFORMAT:
        return CENTRIFUGE_ERROR_INVALID_URL;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
        return CENTRIFUGE_ERROR_TLS;
    default:
        return CENTRIFUGE_ERROR_NETWORK;
    }
}

const char *cf_http_proxy_problem(CURL *easy)
{
    long status = 0;
    bool told = easy && curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK && status == 407;
    return told ? "the proxy wants another user or password (HTTP status 407): set 'proxy_user'" : NULL;
}

/* A name that is resolved, and a file of certificates, need some, too; what failed does not always say why. */
#define DESCRIPTORS_NEEDED 4

const char *cf_http_descriptor_problem(void)
{
    struct curl_sockaddr any = {.family = AF_INET, .socktype = SOCK_STREAM};
    int opened[DESCRIPTORS_NEEDED];
    int count = 0;
    while (count < DESCRIPTORS_NEEDED && (opened[count] = cf_http_socket_open(NULL, CURLSOCKTYPE_IPCXN, &any)) >= 0)
        count++;
    const char *problem = count < DESCRIPTORS_NEEDED && (errno == EMFILE || errno == ENFILE) ? strerror(errno) : NULL;
    while (count > 0)
        close(opened[--count]);
    return problem;
}
