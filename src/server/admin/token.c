#include "server/admin/token.h"

#include "base/digest.h"

/* Base64 of what the word is, with its type before it: bytes that never differ. */
#define WORD "DQwACmF1dGhvcml6ZWQ="

#define TIME_MAX 24 /* characters */
#define RAW_MAX  (TIME_MAX + sizeof("|" WORD "|") + CF_SHA256_SIZE)

static void sign(cf_bytes secret, cf_bytes time, uint8_t out[CF_SHA256_SIZE])
{
    const cf_bytes parts[] = {CF_BYTES("token|"), time, CF_BYTES("|" WORD)};
    cf_hmac_sha256(secret, parts, sizeof parts / sizeof parts[0], out);
}

/* ---- base64 as in URLs (RFC 4648 section 5) ---- */

static void make_safe(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
}

static int sextet_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* With the padding that belongs there; line ends count for nothing (server-spec.md 11.3, 9.2). False: too long, or none. */
static bool decode(cf_bytes text, char out[RAW_MAX], size_t *size)
{
    uint32_t bits = 0;
    size_t digits = 0;
    size_t padding = 0;
    *size = 0;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        int sextet = sextet_of(c);
        if (c == '\r' || c == '\n')
            continue;
        if (c == '=') {
            padding++;
            continue;
        }
        if (sextet < 0 || padding > 0 || *size == RAW_MAX)
            return false;
        size_t place = digits++ % 4;
        bits = bits << 6 | (uint32_t)sextet;
        if (place > 0)
            out[(*size)++] = (char)(bits >> (6 - 2 * place) & 0xff);
    }
    return padding < 3 && (digits + padding) % 4 == 0;
}

/* ---- tokens ---- */

void cf_admin_token_write(cf_buffer *out, cf_bytes secret, int64_t now)
{
    uint8_t mac[CF_SHA256_SIZE];
    char text[4 * ((RAW_MAX + 2) / 3)];
    cf_buffer raw;
    cf_buffer_init(&raw, out->allocator, RAW_MAX);
    cf_buffer_append_int(&raw, now);
    sign(secret, cf_buffer_bytes(&raw), mac);
    cf_buffer_append(&raw, CF_BYTES("|" WORD "|"));
    cf_buffer_append(&raw, cf_bytes_make((const char *)mac, sizeof mac));
    size_t size = cf_base64_encode((const uint8_t *)raw.data, raw.size, text);
    make_safe(text, size);
    cf_buffer_append(out, cf_bytes_make(text, size));
    out->failed = out->failed || raw.failed;
    cf_buffer_free(&raw);
}

bool cf_admin_token_is_good(cf_bytes token, cf_bytes secret, int64_t now)
{
    char raw[RAW_MAX];
    size_t size;
    uint8_t mac[CF_SHA256_SIZE];
    int64_t made;
    if (secret.size == 0 || token.size > CF_ADMIN_TOKEN_MAX || !decode(token, raw, &size))
        return false;
    cf_bytes text = {raw, size};
    ptrdiff_t bar = cf_bytes_find(text, CF_BYTES("|"));
    cf_bytes time = cf_bytes_slice(text, 0, bar < 0 ? 0 : (size_t)bar);
    cf_bytes rest = cf_bytes_slice(text, time.size, size);
    if (!cf_bytes_starts_with(rest, CF_BYTES("|" WORD "|")) || !cf_bytes_to_int64(time, &made))
        return false;
    sign(secret, time, mac);
    rest = cf_bytes_slice(rest, sizeof("|" WORD "|") - 1, rest.size);
    return cf_equal_constant_time(rest, cf_bytes_make((const char *)mac, sizeof mac)) && made >= now - CF_ADMIN_TOKEN_LIFETIME;
}
