#include "base/bytes.h"

#include <string.h>

cf_bytes cf_bytes_of(const char *text)
{
    return text == NULL ? cf_bytes_make(NULL, 0) : cf_bytes_make(text, strlen(text));
}

/* memcmp must not see NULL, not even for no bytes at all. */
static int compare(const char *a, const char *b, size_t size)
{
    return size == 0 ? 0 : memcmp(a, b, size);
}

bool cf_bytes_equal(cf_bytes a, cf_bytes b)
{
    return a.size == b.size && compare(a.data, b.data, a.size) == 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool cf_bytes_equal_fold(cf_bytes a, cf_bytes b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

bool cf_bytes_starts_with(cf_bytes bytes, cf_bytes prefix)
{
    return bytes.size >= prefix.size && compare(bytes.data, prefix.data, prefix.size) == 0;
}

bool cf_bytes_ends_with(cf_bytes bytes, cf_bytes suffix)
{
    if (bytes.size < suffix.size || suffix.size == 0)
        return suffix.size == 0;
    return memcmp(bytes.data + (bytes.size - suffix.size), suffix.data, suffix.size) == 0;
}

ptrdiff_t cf_bytes_find(cf_bytes bytes, cf_bytes needle)
{
    if (needle.size == 0)
        return 0;
    size_t from = 0;
    while (bytes.size - from >= needle.size) {
        const char *first = memchr(bytes.data + from, needle.data[0], bytes.size - from - needle.size + 1);
        if (first == NULL)
            return -1;
        if (memcmp(first, needle.data, needle.size) == 0)
            return first - bytes.data;
        from = (size_t)(first - bytes.data) + 1;
    }
    return -1;
}

ptrdiff_t cf_bytes_find_last(cf_bytes bytes, cf_bytes needle)
{
    if (needle.size > bytes.size)
        return -1;
    for (size_t at = bytes.size - needle.size + 1; at-- > 0;)
        if (needle.size == 0 || memcmp(bytes.data + at, needle.data, needle.size) == 0)
            return (ptrdiff_t)at;
    return -1;
}

int cf_bytes_compare(cf_bytes a, cf_bytes b)
{
    int order = compare(a.data, b.data, a.size < b.size ? a.size : b.size);
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

cf_bytes cf_bytes_slice(cf_bytes bytes, size_t from, size_t to)
{
    if (to > bytes.size)
        to = bytes.size;
    if (from > to)
        from = to;
    return cf_bytes_make(from > 0 ? bytes.data + from : bytes.data, to - from);
}

size_t cf_bytes_total(const cf_bytes *slices, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += slices[i].size;
    return total;
}

bool cf_bytes_to_int64(cf_bytes text, int64_t *value)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    size_t at = negative || (text.size > 0 && text.data[0] == '+') ? 1 : 0;
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    uint64_t number = 0;
    if (at == text.size)
        return false;
    for (; at < text.size; at++) {
        if (text.data[at] < '0' || text.data[at] > '9')
            return false;
        unsigned digit = (unsigned)(text.data[at] - '0');
        if (number > (limit - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    if (negative && number > 0)
        *value = -(int64_t)(number - 1) - 1;
    else
        *value = (int64_t)number;
    return true;
}

int cf_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}
