#include "backend/backend.h"
#include "system/heap.h"

#include <string.h>

#define TIMEOUT          10000
#define CONNECT_TIMEOUT  5000
#define MESSAGE_SIZE_MAX ((size_t)16 << 20)

static centrifuge_backend_options defaults(void)
{
    centrifuge_backend_options options;
    memset(&options, 0, sizeof(options));
    options.size = sizeof(options);
    options.timeout = TIMEOUT;
    options.connect_timeout = CONNECT_TIMEOUT;
    options.message_size_max = MESSAGE_SIZE_MAX;
    options.tls_verify = true;
    return options;
}

centrifuge_error centrifuge_backend_options_default_sized(centrifuge_backend_options *options, size_t size)
{
    centrifuge_backend_options known = defaults();
    if (options == NULL || size < sizeof(known.size))
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    memset(options, 0, size);
    memcpy(options, &known, size < sizeof(known) ? size : sizeof(known));
    options->size = size;
    return CENTRIFUGE_ERROR_OK;
}

/* Takes the suffixes away with which clients find the server. */
static cf_bytes without_suffix(cf_bytes url)
{
    static const cf_bytes suffixes[] = {{"/api", 4}, {"/connection/websocket", 21}, {"/connection", 11}};
    while (url.size > 0 && url.data[url.size - 1] == '/')
        url.size--;
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (cf_bytes_ends_with(url, suffixes[i]))
            return cf_bytes_slice(url, 0, url.size - suffixes[i].size);
    }
    return url;
}

static bool clean(cf_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f || text.data[i] == '?' || text.data[i] == '#')
            return false;
    }
    return text.size > 0 && text.data[0] != '/';
}

centrifuge_error cf_backend_address(cf_bytes url, cf_buffer *address)
{
    static const struct {
        cf_bytes given;
        cf_bytes scheme;
    } schemes[] = {
        {CF_LITERAL("http://"), CF_LITERAL("http://")},
        {CF_LITERAL("https://"), CF_LITERAL("https://")},
        {CF_LITERAL("ws://"), CF_LITERAL("http://")},
        {CF_LITERAL("wss://"), CF_LITERAL("https://")},
    };
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t size = schemes[i].given.size;
        if (!cf_bytes_equal_fold(cf_bytes_slice(url, 0, size), schemes[i].given))
            continue;
        cf_bytes rest = without_suffix(cf_bytes_slice(url, size, url.size));
        if (!clean(rest))
            return CENTRIFUGE_ERROR_INVALID_URL;
        cf_buffer_append(address, schemes[i].scheme);
        cf_buffer_append(address, rest);
        cf_buffer_append(address, CF_BYTES("/api/"));
        return address->failed ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_OK;
    }
    return CENTRIFUGE_ERROR_INVALID_URL;
}

static centrifuge_error invalid(const char **what, const char *name)
{
    *what = name;
    return CENTRIFUGE_ERROR_INVALID_OPTION;
}

/* Only looks: nothing is kept of the address. */
static centrifuge_error check_url(const char *url, const char **what)
{
    *what = "url";
    if (url == NULL || url[0] == '\0')
        return CENTRIFUGE_ERROR_MISSING_URL;
    cf_buffer nowhere;
    cf_buffer_init(&nowhere, NULL, 0);
    CURLU *read = NULL;
    centrifuge_error error = cf_backend_address(cf_bytes_of(url), &nowhere);
    if (error != CENTRIFUGE_ERROR_INVALID_URL)
        error = cf_http_url_read(&read, cf_bytes_of(url), &cf_heap);
    curl_url_cleanup(read);
    if (error == CENTRIFUGE_ERROR_INVALID_URL)
        return error;
    *what = NULL;
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error check_headers(const centrifuge_backend_options *options, const char **what)
{
    const char *wrong = cf_http_headers_check(options->headers, options->header_count, "headers");
    for (size_t i = 0; wrong == NULL && i < options->header_count; i++) {
        if (cf_bytes_equal_fold(cf_bytes_of(options->headers[i].name), CF_BYTES("X-API-Sign")))
            wrong = "headers: X-API-Sign is set by the library";
    }
    return wrong == NULL ? CENTRIFUGE_ERROR_OK : invalid(what, wrong);
}

static centrifuge_error check(const centrifuge_backend_options *options, const char **what)
{
    centrifuge_error error = check_url(options->url, what);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    if (!options->insecure && (options->secret == NULL || options->secret[0] == '\0'))
        return invalid(what, "secret");
    if (options->timeout <= 0 || options->timeout > INT32_MAX)
        return invalid(what, "timeout");
    if (options->connect_timeout <= 0 || options->connect_timeout > INT32_MAX)
        return invalid(what, "connect_timeout");
    if (options->message_size_max == 0)
        return invalid(what, "message_size_max");
    return check_headers(options, what);
}

centrifuge_error cf_backend_read_options(centrifuge_backend_options *known, const centrifuge_backend_options *given,
                                         const char **what)
{
    const char *unused;
    if (what == NULL)
        what = &unused;
    *what = NULL;
    *known = defaults();
    if (given == NULL || given->size < sizeof(given->size))
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    memcpy(known, given, given->size < sizeof(*known) ? given->size : sizeof(*known));
    known->size = sizeof(*known);
    return check(known, what);
}

centrifuge_error centrifuge_backend_options_check(const centrifuge_backend_options *options, const char **what)
{
    centrifuge_backend_options known;
    return cf_backend_read_options(&known, options, what);
}
