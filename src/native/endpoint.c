/*
 * Where HTTP requests go: address with parameters and headers, checked and made ready for libcurl when they are configured; and
 * what answers say.
 */
#include "native/native.h"

#include <string.h>
#include <time.h>

/* The first two say what the request is (client-spec.md 15); the third keeps libcurl from asking whether a body is welcome. */
static const char *const own_headers[] = {"X-Requested-With: XMLHttpRequest", "Content-Type: application/json", "Expect:"};
#define OWN_HEADER_COUNT (sizeof own_headers / sizeof own_headers[0])

/* ---- checks -------------------------------------------------------------------- */

static bool is_address(const char *url)
{
    CURLU *read;
    cf_bytes text = cf_bytes_of(url);
    bool http = cf_bytes_equal_fold(cf_bytes_slice(text, 0, 7), CF_BYTES("http://")) ||
                cf_bytes_equal_fold(cf_bytes_slice(text, 0, 8), CF_BYTES("https://"));
    bool good = http && cf_http_url_read(&read, text, &cf_heap) != CENTRIFUGE_ERROR_INVALID_URL;
    if (good)
        curl_url_cleanup(read);
    return good;
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
    const char *wrong = cf_http_headers_check(given->headers, given->header_count, given->headers_name);
    if (wrong)
        return wrong;
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

/* ---- answers ------------------------------------------------------------------------------ */

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Only what is no secret of another address, and text, whatever the server sent. */
static void append_place(cf_buffer *text, cf_bytes address)
{
    size_t before = text->size;
    for (size_t i = 0; i < address.size && address.data[i] != '?' && address.data[i] != '#'; i++)
        cf_buffer_append_byte(text, address.data[i] > ' ' && address.data[i] < 0x7f ? address.data[i] : '_');
    if (!cf_buffer_text(text))
        return;
    char *place = text->data + before;
    cf_http_hide(place, cf_http_user_of(place));
    cf_http_hide_users(place);
    text->size = before + strlen(place);
}

centrifuge_error cf_native_refusal(int status, cf_bytes location, cf_buffer *why)
{
    if (is_redirect(status)) {
        cf_buffer_append(why, CF_BYTES("the server redirects to another address"));
        if (location.size > 0)
            cf_buffer_append(why, CF_BYTES(", which has to be configured as 'url': "));
        append_place(why, location);
        return CENTRIFUGE_ERROR_INVALID_URL;
    }
    cf_buffer_append(why, CF_BYTES("the server answered with HTTP status "));
    cf_buffer_append_int(why, status);
    return CENTRIFUGE_ERROR_HTTP_STATUS;
}

#define DATE_SIZE 64 /* bytes; that of RFC 9110 section 5.6.7 has 29 */

/* Seconds from now until a date of HTTP; 0 for one that has passed or is none. */
static int64_t seconds_until(cf_bytes value)
{
    char date[DATE_SIZE];
    if (value.size >= sizeof date || !cf_bytes_ends_with(value, CF_BYTES(" GMT")))
        return 0;
    memcpy(date, value.data, value.size);
    date[value.size] = '\0';
    time_t then = curl_getdate(date, NULL);
    time_t now = time(NULL);
    return then > now ? (int64_t)(then - now) : 0;
}

static bool is_number(cf_bytes value)
{
    size_t digits = 0;
    while (digits < value.size && value.data[digits] >= '0' && value.data[digits] <= '9')
        digits++;
    return value.size > 0 && digits == value.size;
}

int64_t cf_native_retry_after(cf_bytes value)
{
    int64_t seconds;
    if (is_number(value) && !cf_bytes_to_int64(value, &seconds))
        seconds = INT64_MAX; /* more than a number can say */
    else if (!cf_bytes_to_int64(value, &seconds))
        seconds = seconds_until(value);
    if (seconds <= 0)
        return 0;
    return seconds < INT32_MAX ? seconds * 1000 : (int64_t)INT32_MAX * 1000;
}
