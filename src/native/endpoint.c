/*
 * Where HTTP requests go: address with parameters and headers, checked and made ready for libcurl when they are configured.
 */
#include "native/native.h"

#include <string.h>

/* The first two say what the request is (section 15); the third keeps libcurl from asking whether a body is welcome. */
static const char *const own_headers[] = {"X-Requested-With: XMLHttpRequest", "Content-Type: application/json", "Expect:"};
#define OWN_HEADER_COUNT (sizeof own_headers / sizeof own_headers[0])

/* ---- checks -------------------------------------------------------------------- */

static bool one_line(const char *text)
{
    return text && !strpbrk(text, "\r\n");
}

bool cf_native_headers_check(const centrifuge_header *headers, size_t count)
{
    if (count > 0 && !headers)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *name = headers[i].name;
        if (!one_line(name) || !one_line(headers[i].value) || !name[0] || strpbrk(name, ": \t"))
            return false;
    }
    return true;
}

static bool is_address(const char *url)
{
    cf_bytes text = cf_bytes_of(url);
    size_t scheme = cf_bytes_equal_fold(cf_bytes_slice(text, 0, 7), CF_BYTES("http://"))    ? 7
                    : cf_bytes_equal_fold(cf_bytes_slice(text, 0, 8), CF_BYTES("https://")) ? 8
                                                                                            : 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte <= 0x20 || byte == 0x7f)
            return false;
    }
    return scheme > 0 && text.size > scheme && !strchr("/?#:", text.data[scheme]);
}

static bool params_check(const centrifuge_parameter *params, size_t count)
{
    if (count > 0 && !params)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!params[i].name || !params[i].value)
            return false;
    return true;
}

const char *cf_native_endpoint_check(const cf_native_endpoint_options *given)
{
    if (given->url && !is_address(given->url))
        return given->url_name;
    if (!cf_native_headers_check(given->headers, given->header_count))
        return given->headers_name;
    return params_check(given->params, given->param_count) ? NULL : given->params_name;
}

/* ---- ready for libcurl ------------------------------------------------------------- */

size_t cf_native_endpoint_lines(const cf_native_endpoint_options *given)
{
    return given->url ? given->header_count + OWN_HEADER_COUNT : 0;
}

size_t cf_native_endpoint_room(const cf_native_endpoint_options *given)
{
    if (!given->url)
        return 0;
    size_t room = strlen(given->url) + 1;
    for (size_t i = 0; i < given->param_count; i++)
        room += 3 * strlen(given->params[i].name) + 3 * strlen(given->params[i].value) + 2;
    for (size_t i = 0; i < given->header_count; i++)
        room += strlen(given->headers[i].name) + strlen(given->headers[i].value) + sizeof(": ");
    return room;
}

static char *put(char *to, const char *text, size_t size)
{
    memcpy(to, text, size);
    return to + size;
}

/* As encodeURIComponent does, and the apostrophe, as browsers do where they put it into a query. */
static char *put_encoded(char *to, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*()";
    static const char digits[] = "0123456789ABCDEF";
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (strchr(plain, *text)) {
            *to++ = *text;
            continue;
        }
        *to++ = '%';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    return to;
}

static const char *put_url(char **to, const cf_native_endpoint_options *given)
{
    const char *url = *to;
    size_t size = strcspn(given->url, "#");
    char separator = memchr(given->url, '?', size) ? '&' : '?';
    char *at = put(*to, given->url, size);
    for (size_t i = 0; i < given->param_count; i++) {
        *at++ = separator;
        at = put_encoded(at, given->params[i].name);
        *at++ = '=';
        at = put_encoded(at, given->params[i].value);
        separator = '&';
    }
    *at++ = '\0';
    *to = at;
    return url;
}

/* For libcurl a header without a value ends with a semicolon. */
static const char *put_header(char **to, const centrifuge_header *header)
{
    const char *line = *to;
    char *at = put(*to, header->name, strlen(header->name));
    at = header->value[0] ? put(at, ": ", 2) : put(at, ";", 1);
    at = put(at, header->value, strlen(header->value) + 1);
    *to = at;
    return line;
}

static bool has_header(const cf_native_endpoint_options *given, const char *line)
{
    cf_bytes name = cf_bytes_make(line, strcspn(line, ":"));
    for (size_t i = 0; i < given->header_count; i++)
        if (cf_bytes_equal_fold(cf_bytes_of(given->headers[i].name), name))
            return true;
    return false;
}

void cf_native_endpoint_copy(cf_native_endpoint *endpoint, const cf_native_endpoint_options *given, const char **lines,
                             char **to)
{
    *endpoint = (cf_native_endpoint){.headers = lines};
    if (!given->url)
        return;
    endpoint->url = put_url(to, given);
    for (size_t i = 0; i < OWN_HEADER_COUNT; i++)
        if (!has_header(given, own_headers[i]))
            lines[endpoint->header_count++] = own_headers[i];
    for (size_t i = 0; i < given->header_count; i++)
        lines[endpoint->header_count++] = put_header(to, &given->headers[i]);
}
