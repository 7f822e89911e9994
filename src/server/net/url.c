#include "server/net/url.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool cf_url_decode(cf_bytes text, bool plus, cf_buffer *out)
{
    if (!cf_buffer_reserve(out, text.size))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '+' && plus)
            c = ' ';
        if (c == '%') {
            int high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(unsigned char)(high * 16 + low);
            i += 2;
        }
        cf_buffer_append_byte(out, c);
    }
    return !out->failed;
}

static bool safe_in_path(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("/-._~:@!,=$", c) != NULL);
}

void cf_url_encode_path(cf_bytes path, cf_buffer *out)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < path.size; i++) {
        char c = path.data[i];
        if (safe_in_path(c)) {
            cf_buffer_append_byte(out, c);
            continue;
        }
        char escaped[3] = {'%', hex[(unsigned char)c >> 4], hex[(unsigned char)c & 15]};
        cf_buffer_append(out, (cf_bytes){escaped, sizeof(escaped)});
    }
}

static void drop_segment(cf_buffer *out, size_t start)
{
    size_t size = out->size;
    while (size > start && out->data[size - 1] != '/')
        size--;
    cf_buffer_truncate(out, size > start ? size - 1 : start);
}

static void add_segment(cf_buffer *out, size_t start, cf_bytes segment)
{
    if (segment.size == 0 || cf_bytes_equal(segment, CF_BYTES(".")))
        return;
    if (cf_bytes_equal(segment, CF_BYTES(".."))) {
        drop_segment(out, start);
        return;
    }
    cf_buffer_append_byte(out, '/');
    cf_buffer_append(out, segment);
}

bool cf_url_clean_path(cf_bytes path, cf_buffer *out)
{
    size_t start = out->size;
    size_t from = 0;
    for (size_t i = 0; i <= path.size; i++) {
        if (i < path.size && path.data[i] != '/')
            continue;
        add_segment(out, start, cf_bytes_slice(path, from, i));
        from = i + 1;
    }
    if (out->size == start || (path.size > 0 && path.data[path.size - 1] == '/'))
        cf_buffer_append_byte(out, '/');
    return !out->failed;
}
