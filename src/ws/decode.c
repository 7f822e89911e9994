#include "ws/frame.h"

#include "base/utf8.h"

#include <string.h>

#define FIN           0x80
#define RESERVED_BITS 0x70
#define OPCODE_BITS   0x0f
#define CONTROL_BIT   0x08
#define MASKED        0x80
#define LENGTH_BITS   0x7f
#define INTERNAL      1011

typedef struct frame_header {
    cf_ws_opcode opcode;
    bool final;
    bool masked;
    bool compressed;
    size_t size;
    uint64_t payload; /* bytes */
    uint8_t mask[4];
} frame_header;

typedef enum parse_state { PARSE_MORE, PARSE_OK, PARSE_FAILED } parse_state;

void cf_ws_decoder_init(cf_ws_decoder *decoder, cf_ws_role role, size_t message_max, bool check_utf8,
                        const cf_allocator *allocator)
{
    *decoder = (cf_ws_decoder){.role = role, .message_max = message_max, .check_utf8 = check_utf8, .allocator = allocator};
    cf_buffer_init(&decoder->partial, allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&decoder->message, allocator, CF_BUFFER_NO_LIMIT);
}

void cf_ws_decoder_free(cf_ws_decoder *decoder)
{
    cf_buffer_free(&decoder->partial);
    cf_buffer_free(&decoder->message);
}

static void fail_decoding(cf_ws_decoder *decoder, cf_ws_event *event, uint16_t code, const char *reason)
{
    decoder->failed = true;
    *event = (cf_ws_event){.kind = CF_WS_EVENT_ERROR, .code = code, .payload = cf_bytes_of(reason)};
}

/* What is wrong with the first two bytes of a frame, NULL for nothing. The texts are those of server-spec.md 1.3. */
static const char *first_bytes_problem(const cf_ws_decoder *decoder, const uint8_t *bytes)
{
    static const char *const reserved[] = {"",
                                           "unexpected reserved bits 0x10",
                                           "unexpected reserved bits 0x20",
                                           "unexpected reserved bits 0x30",
                                           "unexpected reserved bits 0x40",
                                           "unexpected reserved bits 0x50",
                                           "unexpected reserved bits 0x60",
                                           "unexpected reserved bits 0x70"};
    static const char *const unknown[] = {NULL,
                                          NULL,
                                          NULL,
                                          "unknown opcode 3",
                                          "unknown opcode 4",
                                          "unknown opcode 5",
                                          "unknown opcode 6",
                                          "unknown opcode 7",
                                          NULL,
                                          NULL,
                                          NULL,
                                          "unknown opcode 11",
                                          "unknown opcode 12",
                                          "unknown opcode 13",
                                          "unknown opcode 14",
                                          "unknown opcode 15"};
    unsigned opcode = bytes[0] & OPCODE_BITS;
    bool control = (opcode & CONTROL_BIT) != 0;
    bool may_compress = decoder->deflate && (opcode == CF_WS_TEXT || opcode == CF_WS_BINARY);
    unsigned wrong = bytes[0] & (may_compress ? RESERVED_BITS & ~CF_WS_COMPRESSED : RESERVED_BITS);
    if (wrong != 0)
        return reserved[wrong >> 4];
    if (unknown[opcode] != NULL)
        return unknown[opcode];
    if (control && (bytes[1] & LENGTH_BITS) > CF_WS_CONTROL_MAX)
        return "control frame length > 125";
    if (control && !(bytes[0] & FIN))
        return "control frame not final";
    if (opcode == CF_WS_CONTINUATION && !decoder->fragmented)
        return "continuation after final message frame";
    if ((opcode == CF_WS_TEXT || opcode == CF_WS_BINARY) && decoder->fragmented)
        return "message start before final message frame";
    if (((bytes[1] & MASKED) != 0) != (decoder->role == CF_WS_SERVER))
        return "incorrect mask flag";
    return NULL;
}

/* Of the whole header, from its first two bytes. */
static size_t header_size(const uint8_t *bytes)
{
    unsigned length = bytes[1] & LENGTH_BITS;
    size_t size = length == 126 ? 4 : length == 127 ? 10 : 2;
    return bytes[1] & MASKED ? size + 4 : size;
}

static uint64_t payload_size(const uint8_t *bytes)
{
    unsigned length = bytes[1] & LENGTH_BITS;
    size_t more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (more == 0)
        return length;
    uint64_t size = 0;
    for (size_t i = 0; i < more; i++)
        size = size << 8 | bytes[2 + i];
    return size;
}

/* Section 5.2. On failure the event is set. */
static parse_state parse_header(cf_ws_decoder *decoder, const char *data, size_t size, frame_header *header, cf_ws_event *event)
{
    const uint8_t *bytes = (const uint8_t *)data;
    if (size < 2)
        return PARSE_MORE;
    const char *problem = first_bytes_problem(decoder, bytes);
    if (problem != NULL) {
        fail_decoding(decoder, event, CF_WS_CLOSE_PROTOCOL_ERROR, problem);
        return PARSE_FAILED;
    }
    header->size = header_size(bytes);
    if (size < header->size)
        return PARSE_MORE;
    header->opcode = (cf_ws_opcode)(bytes[0] & OPCODE_BITS);
    header->final = (bytes[0] & FIN) != 0;
    header->masked = (bytes[1] & MASKED) != 0;
    header->compressed = (bytes[0] & CF_WS_COMPRESSED) != 0;
    header->payload = payload_size(bytes);
    if (header->masked)
        memcpy(header->mask, bytes + header->size - 4, 4);
    if (!(header->opcode & CONTROL_BIT) && header->payload > decoder->message_max - decoder->message.size) {
        fail_decoding(decoder, event, CF_WS_CLOSE_TOO_LARGE, "");
        return PARSE_FAILED;
    }
    return PARSE_OK;
}

/* Codes that may stand in a close frame: section 7.4 and the IANA registry. */
static bool close_code_allowed(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static void handle_close(cf_ws_decoder *decoder, cf_bytes payload, cf_ws_event *event)
{
    const uint8_t *bytes = (const uint8_t *)payload.data;
    unsigned code = payload.size >= 2 ? (unsigned)bytes[0] << 8 | bytes[1] : CF_WS_CLOSE_NO_STATUS;
    cf_bytes reason = cf_bytes_slice(payload, 2, payload.size);
    if (payload.size > 0 && !close_code_allowed(code)) {
        fail_decoding(decoder, event, CF_WS_CLOSE_PROTOCOL_ERROR, "invalid close code");
        return;
    }
    if (!cf_utf8_valid(reason)) {
        fail_decoding(decoder, event, CF_WS_CLOSE_PROTOCOL_ERROR, "invalid utf8 payload in close frame");
        return;
    }
    decoder->failed = true;
    *event = (cf_ws_event){.kind = CF_WS_EVENT_CLOSE, .code = (uint16_t)code, .payload = reason};
}

static void deliver(cf_ws_decoder *decoder, cf_ws_opcode opcode, bool compressed, cf_bytes payload, cf_ws_event *event)
{
    if (opcode == CF_WS_TEXT && decoder->check_utf8 && !compressed && !cf_utf8_valid(payload)) {
        fail_decoding(decoder, event, CF_WS_CLOSE_INVALID_DATA, "invalid utf8 in text message");
        return;
    }
    *event = (cf_ws_event){.kind = CF_WS_EVENT_MESSAGE, .opcode = opcode, .compressed = compressed, .payload = payload};
}

static void handle_data(cf_ws_decoder *decoder, const frame_header *header, cf_bytes payload, cf_ws_event *event)
{
    if (header->final && header->opcode != CF_WS_CONTINUATION) {
        deliver(decoder, header->opcode, header->compressed, payload, event);
        return;
    }
    if (header->opcode != CF_WS_CONTINUATION) {
        decoder->opcode = header->opcode;
        decoder->compressed = header->compressed;
    }
    decoder->fragmented = !header->final;
    cf_buffer_append(&decoder->message, payload);
    if (decoder->message.failed) {
        fail_decoding(decoder, event, INTERNAL, "out of memory");
        return;
    }
    if (!header->final)
        return;
    decoder->message_done = true;
    cf_bytes message = cf_buffer_bytes(&decoder->message);
    deliver(decoder, decoder->opcode, decoder->compressed, message.size > 0 ? message : CF_BYTES(""), event);
}

/* `frame` is the whole frame; its payload is unmasked in place. */
static void handle_frame(cf_ws_decoder *decoder, const frame_header *header, char *frame, cf_ws_event *event)
{
    cf_bytes payload = cf_bytes_make(frame + header->size, (size_t)header->payload);
    if (header->masked)
        cf_ws_mask(frame + header->size, payload.size, header->mask, 0);
    if (header->opcode == CF_WS_CLOSE)
        handle_close(decoder, payload, event);
    else if (header->opcode == CF_WS_PING)
        *event = (cf_ws_event){.kind = CF_WS_EVENT_PING, .payload = payload};
    else if (header->opcode == CF_WS_PONG)
        *event = (cf_ws_event){.kind = CF_WS_EVENT_PONG, .payload = payload};
    else
        handle_data(decoder, header, payload, event);
}

/* Keeps the beginning of a frame, as much as the memory allows to. */
static bool keep(cf_ws_decoder *decoder, const char *data, size_t size, cf_ws_event *event)
{
    cf_buffer_append(&decoder->partial, cf_bytes_make(data, size));
    if (!decoder->partial.failed)
        return true;
    fail_decoding(decoder, event, INTERNAL, "out of memory");
    return false;
}

/* The input begins with a frame. */
static size_t read_direct(cf_ws_decoder *decoder, char *data, size_t size, cf_ws_event *event)
{
    frame_header header;
    parse_state state = parse_header(decoder, data, size, &header, event);
    if (state == PARSE_FAILED)
        return size;
    if (state == PARSE_MORE || size - header.size < header.payload) {
        keep(decoder, data, size, event);
        return size;
    }
    handle_frame(decoder, &header, data, event);
    return header.size + (size_t)header.payload;
}

/* Bytes that the frame in `partial` still needs before anything new can be said about it. */
static uint64_t missing(const cf_ws_decoder *decoder, parse_state state, const frame_header *header)
{
    const cf_buffer *partial = &decoder->partial;
    if (state == PARSE_OK)
        return header->payload - (partial->size - header->size);
    if (partial->size < 2)
        return 2 - partial->size;
    return header_size((const uint8_t *)partial->data) - partial->size;
}

/* The input goes on with the frame that began in an earlier one. */
static size_t read_partial(cf_ws_decoder *decoder, char *data, size_t size, cf_ws_event *event)
{
    frame_header header;
    size_t taken = 0;
    for (;;) {
        parse_state state = parse_header(decoder, decoder->partial.data, decoder->partial.size, &header, event);
        if (state == PARSE_FAILED)
            return size;
        uint64_t needed = missing(decoder, state, &header);
        if (state == PARSE_OK && needed == 0)
            break;
        if (taken == size)
            return size;
        size_t take = needed < size - taken ? (size_t)needed : size - taken;
        if (!keep(decoder, data + taken, take, event))
            return size;
        taken += take;
    }
    decoder->partial_done = true;
    handle_frame(decoder, &header, decoder->partial.data, event);
    return taken;
}

/* Gives back what the last event's payload lay in. */
static void release(cf_ws_decoder *decoder)
{
    if (decoder->partial_done || decoder->failed)
        cf_buffer_free(&decoder->partial);
    if (decoder->message_done || decoder->failed)
        cf_buffer_free(&decoder->message);
    decoder->partial_done = decoder->message_done = false;
}

size_t cf_ws_decoder_read(cf_ws_decoder *decoder, char *data, size_t size, cf_ws_event *event)
{
    *event = (cf_ws_event){.kind = CF_WS_EVENT_NONE};
    if (decoder->partial_done || decoder->message_done || decoder->failed)
        release(decoder);
    size_t taken = 0;
    /* a fragment alone is no event: go on with what is behind it */
    while (!decoder->failed && event->kind == CF_WS_EVENT_NONE && taken < size) {
        taken += decoder->partial.size > 0 ? read_partial(decoder, data + taken, size - taken, event)
                                           : read_direct(decoder, data + taken, size - taken, event);
        if (event->kind == CF_WS_EVENT_NONE && decoder->partial_done)
            release(decoder);
    }
    return decoder->failed ? size : taken;
}
