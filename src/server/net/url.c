#include "server/net/url.h"

#include <string.h>

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* ---- targets ---- */

static bool all_of(cf_bytes text, const char *others, bool letters)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool known = letters ? is_alphanumeric(c) : c >= '0' && c <= '9';
        if (!known && (c == 0 || strchr(others, c) == NULL))
            return false;
    }
    return true;
}

/* RFC 3986 section 3.2.2; an address in brackets is not looked at closely. */
bool cf_url_is_host(cf_bytes text)
{
    bool brackets = text.size > 0 && text.data[0] == '[';
    ptrdiff_t end = cf_bytes_find(text, brackets ? CF_BYTES("]") : CF_BYTES(":"));
    if (brackets && end < 0)
        return false;
    size_t size = end < 0 ? text.size : (size_t)end + brackets;
    cf_bytes host = cf_bytes_slice(text, brackets, size - brackets);
    cf_bytes port = cf_bytes_slice(text, size, text.size);
    if (port.size > 0 && (port.data[0] != ':' || !all_of(cf_bytes_slice(port, 1, port.size), "", false)))
        return false;
    return brackets ? host.size > 0 && all_of(host, ".:%-_~", true) : all_of(host, "-._~%!$&'()*+,;=", true);
}

static bool skip_scheme(cf_bytes *target)
{
    static const cf_bytes schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        if (target->size >= schemes[i].size && cf_bytes_equal_fold(cf_bytes_slice(*target, 0, schemes[i].size), schemes[i])) {
            *target = cf_bytes_slice(*target, schemes[i].size, target->size);
            return true;
        }
    }
    return false;
}

static bool skip_authority(cf_bytes *target)
{
    size_t end = 0;
    while (end < target->size && target->data[end] != '/' && target->data[end] != '?')
        end++;
    cf_bytes authority = cf_bytes_slice(*target, 0, end);
    *target = cf_bytes_slice(*target, end, target->size);
    return authority.size > 0 && cf_url_is_host(authority);
}

bool cf_url_split_target(cf_bytes target, bool options, cf_bytes *path, cf_bytes *query)
{
    bool absolute = skip_scheme(&target);
    if (cf_bytes_find(target, CF_BYTES("#")) >= 0 || (absolute && !skip_authority(&target)))
        return false;
    ptrdiff_t mark = cf_bytes_find(target, CF_BYTES("?"));
    *path = cf_bytes_slice(target, 0, mark < 0 ? target.size : (size_t)mark);
    *query = cf_bytes_slice(target, mark < 0 ? target.size : (size_t)mark + 1, target.size);
    if (absolute && path->size == 0)
        *path = CF_BYTES("/");
    if (path->size > 0 && path->data[0] == '/')
        return true;
    return options && cf_bytes_equal(target, CF_BYTES("*"));
}

/* ---- percent encoding ---- */

static bool safe_in_path(char c)
{
    return is_alphanumeric(c) || (c != 0 && strchr("/-._~:@!,=$", c) != NULL);
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

/* ---- paths ---- */

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
