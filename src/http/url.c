#include "http/http.h"

#include "base/digest.h"

#include <idn2.h>
#include <string.h>

static centrifuge_error error_of(CURLUcode code)
{
    if (code == CURLUE_OK)
        return CENTRIFUGE_ERROR_OK;
    return code == CURLUE_OUT_OF_MEMORY ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_INVALID_URL;
}

/* NULL: not there, or no memory. */
static char *part_of(CURLU *url, CURLUPart part, unsigned int flags)
{
    char *text = NULL;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

/* ---- read ------------------------------------------------------------------------- */

static bool is_ascii(const char *text)
{
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* As browsers do: IDNA 2008 with the mapping of UTS 46. libcurl would read the name in the locale's encoding. */
static centrifuge_error name_to_ascii(CURLU *url)
{
    uint8_t *ascii = NULL;
    char *name = part_of(url, CURLUPART_HOST, 0);
    if (!name)
        return CENTRIFUGE_ERROR_NO_MEMORY;
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    if (!is_ascii(name)) {
        int code = idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
        if (code == IDN2_OK)
            error = error_of(curl_url_set(url, CURLUPART_HOST, (const char *)ascii, 0));
        else
            error = code == IDN2_MALLOC ? CENTRIFUGE_ERROR_NO_MEMORY : CENTRIFUGE_ERROR_INVALID_URL;
    }
    idn2_free(ascii);
    curl_free(name);
    return error;
}

/* libcurl takes port 0, and finds out about control characters when it decodes. */
static bool has_good_parts(CURLU *url)
{
    char *text = NULL;
    bool good = curl_url_get(url, CURLUPART_USER, &text, CURLU_URLDECODE) != CURLUE_URLDECODE;
    curl_free(text);
    text = NULL;
    good = good && curl_url_get(url, CURLUPART_PASSWORD, &text, CURLU_URLDECODE) != CURLUE_URLDECODE;
    curl_free(text);
    char *port = part_of(url, CURLUPART_PORT, 0);
    good = good && !(port && port[strspn(port, "0")] == '\0');
    curl_free(port);
    return good;
}

/* RFC 3986 has no place for these, and strict servers refuse them. */
#define UNWISE "\"<>\\^`{|}"

static void append_encoded(cf_buffer *out, cf_bytes text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x80 && !strchr(UNWISE, byte)) {
            cf_buffer_append_byte(out, text.data[i]);
            continue;
        }
        cf_buffer_append_byte(out, '%');
        cf_buffer_append_byte(out, digits[byte >> 4]);
        cf_buffer_append_byte(out, digits[byte & 15]);
    }
}

static size_t end_of(cf_bytes text, const char *marks)
{
    size_t end = 0;
    while (end < text.size && !strchr(marks, text.data[end]))
        end++;
    return end;
}

/* "//" and what follows it, for libcurl: schemes of WebSocket are unknown to it. */
static bool translate(cf_bytes text, cf_buffer *out)
{
    static const struct {
        cf_bytes given;
        cf_bytes scheme;
    } schemes[] = {
        {CF_LITERAL("ws://"), CF_LITERAL("http://")},
        {CF_LITERAL("wss://"), CF_LITERAL("https://")},
        {CF_LITERAL("http://"), CF_LITERAL("http://")},
        {CF_LITERAL("https://"), CF_LITERAL("https://")},
    };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        cf_bytes given = schemes[i].given;
        if (!cf_bytes_equal_fold(cf_bytes_slice(text, 0, given.size), given))
            continue;
        cf_bytes rest = cf_bytes_slice(text, given.size, text.size);
        rest.size = end_of(rest, "#");
        size_t path = end_of(rest, "/?");
        cf_buffer_append(out, schemes[i].scheme);
        cf_buffer_append(out, cf_bytes_slice(rest, 0, path));
        append_encoded(out, cf_bytes_slice(rest, path, rest.size));
        return path > 0;
    }
    return false;
}

static centrifuge_error read_text(CURLU *url, const char *text)
{
    centrifuge_error error = error_of(curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS));
    if (error == CENTRIFUGE_ERROR_OK)
        error = name_to_ascii(url);
    return error != CENTRIFUGE_ERROR_OK || has_good_parts(url) ? error : CENTRIFUGE_ERROR_INVALID_URL;
}

centrifuge_error cf_http_url_read(CURLU **url, cf_bytes text, const cf_allocator *allocator)
{
    cf_buffer http;
    *url = NULL;
    cf_buffer_init(&http, allocator, CF_BUFFER_NO_LIMIT);
    if (!translate(text, &http)) {
        cf_buffer_free(&http);
        return CENTRIFUGE_ERROR_INVALID_URL;
    }
    const char *ready = cf_buffer_text(&http);
    CURLU *made = ready ? curl_url() : NULL;
    centrifuge_error error = made ? read_text(made, ready) : CENTRIFUGE_ERROR_NO_MEMORY;
    cf_buffer_free(&http);
    if (error == CENTRIFUGE_ERROR_OK)
        *url = made;
    else
        curl_url_cleanup(made);
    return error;
}

/* ---- parts --------------------------------------------------------------------------- */

/* Appends the part with `before` in front, if it is there. */
static bool append_part(CURLU *url, CURLUPart part, unsigned int flags, const char *before, cf_buffer *out)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(url, part, &text, flags);
    if (code == CURLUE_OUT_OF_MEMORY)
        out->failed = true;
    if (code != CURLUE_OK)
        return false;
    cf_buffer_append(out, cf_bytes_of(before));
    cf_buffer_append(out, cf_bytes_of(text));
    curl_free(text);
    return true;
}

bool cf_http_url_secure(CURLU *url)
{
    char *scheme = part_of(url, CURLUPART_SCHEME, 0);
    bool secure = scheme && strcmp(scheme, "https") == 0;
    curl_free(scheme);
    return secure;
}

void cf_http_url_append_host(CURLU *url, cf_buffer *out)
{
    append_part(url, CURLUPART_HOST, 0, "", out);
    append_part(url, CURLUPART_PORT, CURLU_NO_DEFAULT_PORT, ":", out);
}

void cf_http_url_append_target(CURLU *url, cf_buffer *out)
{
    append_part(url, CURLUPART_PATH, 0, "", out);
    append_part(url, CURLUPART_QUERY, 0, "?", out);
}

static void append_base64(cf_buffer *out, cf_bytes data)
{
    if (!cf_buffer_reserve(out, 4 * ((data.size + 2) / 3)))
        return;
    out->size += cf_base64_encode((const uint8_t *)data.data, data.size, out->data + out->size);
}

void cf_http_url_append_credentials(CURLU *url, cf_buffer *out)
{
    cf_buffer pair;
    cf_buffer_init(&pair, out->allocator, CF_BUFFER_NO_LIMIT);
    bool user = append_part(url, CURLUPART_USER, CURLU_URLDECODE, "", &pair);
    if (!append_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE, ":", &pair))
        cf_buffer_append_byte(&pair, ':');
    if (pair.failed) {
        out->failed = true;
    } else if (user) {
        cf_buffer_append(out, CF_BYTES("Basic "));
        append_base64(out, cf_buffer_bytes(&pair));
    }
    cf_buffer_free(&pair);
}

void cf_http_url_reduce(CURLU *url)
{
    static const CURLUPart parts[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_PATH, CURLUPART_QUERY};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        curl_url_set(url, parts[i], NULL, 0);
}
