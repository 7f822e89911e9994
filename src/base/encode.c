#include "base/digest.h"

void cf_hex_encode(const uint8_t *data, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text[2 * i] = digits[data[i] >> 4];
        text[2 * i + 1] = digits[data[i] & 15];
    }
}

size_t cf_base64_encode(const uint8_t *data, size_t size, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t written = 0;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16;
        if (i + 1 < size)
            group |= (uint32_t)data[i + 1] << 8;
        if (i + 2 < size)
            group |= data[i + 2];
        text[written++] = digits[group >> 18];
        text[written++] = digits[group >> 12 & 63];
        text[written++] = i + 1 < size ? digits[group >> 6 & 63] : '=';
        text[written++] = i + 2 < size ? digits[group & 63] : '=';
    }
    return written;
}

bool cf_equal_constant_time(cf_bytes a, cf_bytes b)
{
    if (a.size != b.size)
        return false;
    unsigned difference = 0;
    for (size_t i = 0; i < a.size; i++)
        difference |= (unsigned char)a.data[i] ^ (unsigned)(unsigned char)b.data[i];
    return difference == 0;
}
