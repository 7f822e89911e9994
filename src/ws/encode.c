#include "ws/frame.h"

#include "base/utf8.h"

#include <string.h>

#define FIN            0x80
#define MASKED         0x80
#define OPCODE_BITS    0x0f
#define LENGTH_BITS    0x7f
#define LENGTH_16_BITS 126
#define LENGTH_64_BITS 127
#define REASON_MAX     (CF_WS_CONTROL_MAX - 2) /* behind the code */

static size_t put_big_endian(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
    return bytes;
}

size_t cf_ws_write_header(uint8_t header[CF_WS_HEADER_MAX], cf_ws_opcode opcode, size_t payload_size, const uint8_t mask[4])
{
    size_t size = 2;
    uint8_t masked = mask != NULL ? MASKED : 0;
    header[0] = (uint8_t)(FIN | opcode);
    if (payload_size <= CF_WS_CONTROL_MAX) {
        header[1] = (uint8_t)(masked | payload_size);
    } else if (payload_size <= UINT16_MAX) {
        header[1] = masked | LENGTH_16_BITS;
        size += put_big_endian(header + 2, payload_size, 2);
    } else {
        header[1] = masked | LENGTH_64_BITS;
        size += put_big_endian(header + 2, payload_size, 8);
    }
    if (mask != NULL) {
        memcpy(header + size, mask, 4);
        size += 4;
    }
    return size;
}

void cf_ws_mask(char *data, size_t size, const uint8_t mask[4], size_t offset)
{
    uint8_t pattern[8];
    uint64_t wide_mask;
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = mask[(offset + i) & 3];
    memcpy(&wide_mask, pattern, sizeof(wide_mask));
    size_t at = 0;
    for (; size - at >= sizeof(wide_mask); at += sizeof(wide_mask)) {
        uint64_t word;
        memcpy(&word, data + at, sizeof(word));
        word ^= wide_mask;
        memcpy(data + at, &word, sizeof(word));
    }
    for (; at < size; at++)
        data[at] = (char)((uint8_t)data[at] ^ pattern[at & 7]);
}

void cf_ws_append_frame(cf_buffer *out, cf_ws_opcode opcode, cf_bytes payload, const uint8_t mask[4])
{
    uint8_t header[CF_WS_HEADER_MAX];
    size_t size = cf_ws_write_header(header, opcode, payload.size, mask);
    if (payload.size > SIZE_MAX - size || !cf_buffer_reserve(out, size + payload.size)) {
        out->failed = true;
        return;
    }
    cf_buffer_append(out, cf_bytes_make((const char *)header, size));
    cf_buffer_append(out, payload);
    if (mask != NULL && payload.size > 0)
        cf_ws_mask(out->data + out->size - payload.size, payload.size, mask, 0);
}

void cf_ws_append_close(cf_buffer *out, uint16_t code, cf_bytes reason, const uint8_t mask[4])
{
    char payload[CF_WS_CONTROL_MAX];
    if (code == CF_WS_CLOSE_NO_STATUS) {
        cf_ws_append_frame(out, CF_WS_CLOSE, cf_bytes_make(NULL, 0), mask);
        return;
    }
    size_t size = cf_utf8_valid_prefix(cf_bytes_slice(reason, 0, REASON_MAX));
    payload[0] = (char)(code >> 8);
    payload[1] = (char)(code & 0xff);
    if (size > 0)
        memcpy(payload + 2, reason.data, size);
    cf_ws_append_frame(out, CF_WS_CLOSE, cf_bytes_make(payload, size + 2), mask);
}

size_t cf_ws_own_frame(cf_bytes frames, cf_ws_opcode *opcode, cf_bytes *payload)
{
    const uint8_t *bytes = (const uint8_t *)frames.data;
    if (frames.size < 2)
        return 0;
    uint64_t length = bytes[1] & LENGTH_BITS;
    size_t more = length == LENGTH_16_BITS ? 2 : length == LENGTH_64_BITS ? 8 : 0;
    if (frames.size - 2 < more)
        return 0;
    if (more > 0)
        length = 0;
    for (size_t i = 0; i < more; i++)
        length = length << 8 | bytes[2 + i];
    size_t start = 2 + more;
    if (length > frames.size - start)
        return 0;
    *opcode = (cf_ws_opcode)(bytes[0] & OPCODE_BITS);
    *payload = cf_bytes_slice(frames, start, start + (size_t)length);
    return start + (size_t)length;
}
