#include "server/uuid.h"

#include <string.h>

#include "base/digest.h"

void cf_uuid_write(const uint8_t random[CF_UUID_RANDOM], char id[CF_UUID_SIZE])
{
    uint8_t bytes[CF_UUID_RANDOM];
    char hex[2 * CF_UUID_RANDOM];
    memcpy(bytes, random, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* RFC 9562 section 5.4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    cf_hex_encode(bytes, sizeof bytes, hex);
    size_t at = 0;
    for (size_t i = 0; i < sizeof hex; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            id[at++] = '-';
        id[at++] = hex[i];
    }
}
