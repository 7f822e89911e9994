/*
 * WebSocket frames (RFC 6455 section 5), both roles, no I/O.
 *
 * The decoder works in place: bytes are unmasked where they lie, and a message
 * that arrived whole is handed out as a slice of the input. Only what is
 * incomplete at the end of the input, or fragmented, is copied to the decoder's
 * own buffer, which is given back as soon as it is empty, so an idle connection
 * holds nothing.
 */
#ifndef CF_WS_FRAME_H
#define CF_WS_FRAME_H

#include "base/buffer.h"

typedef enum cf_ws_opcode {
    CF_WS_CONTINUATION = 0x0,
    CF_WS_TEXT = 0x1,
    CF_WS_BINARY = 0x2,
    CF_WS_CLOSE = 0x8,
    CF_WS_PING = 0x9,
    CF_WS_PONG = 0xa
} cf_ws_opcode;

typedef enum cf_ws_role { CF_WS_CLIENT, CF_WS_SERVER } cf_ws_role;

/* Close codes (RFC 6455 section 7.4.1) that we use, and the one of Centrifugo's advice. */
#define CF_WS_CLOSE_NORMAL         1000
#define CF_WS_CLOSE_GOING_AWAY     1001
#define CF_WS_CLOSE_PROTOCOL_ERROR 1002
#define CF_WS_CLOSE_NO_STATUS      1005
#define CF_WS_CLOSE_ABNORMAL       1006
#define CF_WS_CLOSE_INVALID_DATA   1007
#define CF_WS_CLOSE_TOO_LARGE      1009
#define CF_WS_CLOSE_ADVICE         3000

/* In a frame's first byte: the message is compressed (RFC 7692 section 6). */
#define CF_WS_COMPRESSED 0x40

#define CF_WS_HEADER_MAX  14
#define CF_WS_CONTROL_MAX 125

typedef enum cf_ws_event_kind {
    CF_WS_EVENT_NONE,    /* all input is used, nothing is complete */
    CF_WS_EVENT_MESSAGE, /* a whole text or binary message */
    CF_WS_EVENT_PING,
    CF_WS_EVENT_PONG,
    CF_WS_EVENT_CLOSE, /* code CF_WS_CLOSE_NO_STATUS when the frame was empty; nothing behind it is read */
    /* the peer broke the protocol or a limit: close with `code` and `payload` as reason; nothing is read after it */
    CF_WS_EVENT_ERROR
} cf_ws_event_kind;

typedef struct cf_ws_event {
    cf_ws_event_kind kind;
    cf_ws_opcode opcode; /* of a message: text or binary */
    bool compressed;     /* a message's payload is still to be inflated; its UTF-8 is not checked */
    uint16_t code;       /* close and error */
    cf_bytes payload;    /* message, control payload, or reason; valid until the next call */
} cf_ws_event;

typedef struct cf_ws_decoder {
    cf_ws_role role;     /* whose end this is: a server expects masked frames, a client unmasked ones */
    bool failed;         /* after a close or an error: input is swallowed */
    bool fragmented;     /* between the first and the last frame of a message */
    bool deflate;        /* set behind cf_ws_decoder_init: compression was agreed on, so that messages may be compressed */
    bool compressed;     /* the fragmented message */
    bool check_utf8;     /* text messages and close reasons must be UTF-8; reasons are always checked */
    bool message_done;   /* `message` was handed out: give it back at the next call */
    bool partial_done;   /* the same of `partial` */
    cf_ws_opcode opcode; /* of the fragmented message */
    size_t message_max;  /* bytes, the sum over all fragments */
    cf_buffer partial;   /* an incomplete frame: header and payload so far */
    cf_buffer message;   /* payload of the fragments so far */
    const cf_allocator *allocator;
} cf_ws_decoder;

/* `message_max`: a frame that would go beyond is an error 1009, judged by its header alone. */
void cf_ws_decoder_init(cf_ws_decoder *decoder, cf_ws_role role, size_t message_max, bool check_utf8,
                        const cf_allocator *allocator);
void cf_ws_decoder_free(cf_ws_decoder *decoder);
/*
 * Takes bytes from `data` (which it may change) and returns how many; `event` is what became complete. Call again with the
 * rest, of size 0 too, until the event is CF_WS_EVENT_NONE and all is used: that call gives back what the last event lay in.
 * Without memory: an error event with code 1011.
 */
size_t cf_ws_decoder_read(cf_ws_decoder *decoder, char *data, size_t size, cf_ws_event *event);

/* A frame's header with FIN; `mask` NULL for a server's frame. Returns its size, at most CF_WS_HEADER_MAX. */
size_t cf_ws_write_header(uint8_t header[CF_WS_HEADER_MAX], cf_ws_opcode opcode, size_t payload_size, const uint8_t mask[4]);
/* Masks or unmasks in place (section 5.3); `offset` is the position of data[0] in the payload. */
void cf_ws_mask(char *data, size_t size, const uint8_t mask[4], size_t offset);
/* Appends a whole frame: header and payload, masked where `mask` is given. */
void cf_ws_append_frame(cf_buffer *out, cf_ws_opcode opcode, cf_bytes payload, const uint8_t mask[4]);
/* A close frame; code CF_WS_CLOSE_NO_STATUS writes an empty one. A reason longer than 123 bytes is cut at a character. */
void cf_ws_append_close(cf_buffer *out, uint16_t code, cf_bytes reason, const uint8_t mask[4]);

/*
 * Walks frames that we wrote ourselves as a server (unmasked, final): the payload of the frame at `frames`, and its whole size,
 * 0 when there is no whole frame. For transports with another framing, and for the simulator.
 */
size_t cf_ws_own_frame(cf_bytes frames, cf_ws_opcode *opcode, cf_bytes *payload);

#endif
