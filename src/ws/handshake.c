#include "ws/handshake.h"

#include "base/assert.h"
#include "base/digest.h"

#include <string.h>

/* RFC 6455 section 1.3. */
#define GUID CF_BYTES("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")

void cf_ws_accept_key(cf_bytes key, char accept[CF_WS_ACCEPT_SIZE])
{
    char text[CF_WS_KEY_MAX + 36];
    uint8_t digest[CF_SHA1_SIZE];
    CF_ASSERT(key.size <= CF_WS_KEY_MAX);
    if (key.size > 0)
        memcpy(text, key.data, key.size);
    memcpy(text + key.size, GUID.data, GUID.size);
    cf_sha1(cf_bytes_make(text, key.size + GUID.size), digest);
    cf_base64_encode(digest, sizeof(digest), accept);
}

void cf_ws_make_key(const uint8_t random[16], char key[CF_WS_KEY_SIZE])
{
    cf_base64_encode(random, 16, key);
}

cf_bytes cf_ws_trim(cf_bytes text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = cf_bytes_slice(text, 1, text.size);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

bool cf_ws_has_token(cf_bytes list, cf_bytes token)
{
    while (list.size > 0) {
        ptrdiff_t comma = cf_bytes_find(list, CF_BYTES(","));
        size_t end = comma < 0 ? list.size : (size_t)comma;
        if (cf_bytes_equal_fold(cf_ws_trim(cf_bytes_slice(list, 0, end)), token))
            return true;
        list = cf_bytes_slice(list, end + 1, list.size);
    }
    return false;
}
