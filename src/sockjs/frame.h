/*
 * SockJS frames and bodies (protocol 0.3.3; server-spec.md 6.6, 6.7 and 11.1), both roles, no I/O.
 *
 * A server's frame is `o`, `h`, `a["message",...]` or `c[code,"reason"]`, wrapped as its transport wants it. What a message is
 * in an `a` frame does not depend on the transport: it is written once, with a comma behind it, and a frame of any number of
 * messages is a run of those (sockjs/parts.h).
 *
 * Beyond what JSON asks for, `%` is escaped, too: clients read what came by eventsource with decodeURI (1.x) or unescape (0.3).
 */
#ifndef CF_SOCKJS_FRAME_H
#define CF_SOCKJS_FRAME_H

#include "json/json.h"

/* The order is that of cf_sockjs_framing. */
typedef enum cf_sockjs_transport {
    CF_SOCKJS_WEBSOCKET,
    CF_SOCKJS_XHR_STREAMING,
    CF_SOCKJS_EVENTSOURCE,
    CF_SOCKJS_HTMLFILE,
    CF_SOCKJS_XHR,
    CF_SOCKJS_JSONP,
    CF_SOCKJS_TRANSPORTS
} cf_sockjs_transport;

#define CF_SOCKJS_CALLBACK_MAX 128  /* bytes of a callback's name */
#define CF_SOCKJS_PRELUDE_SIZE 2048 /* of xhr_streaming, without the line's end */

/* Codes of SockJS's own in close frames. */
#define CF_SOCKJS_STILL_OPEN 2010

/* ---- server ---- */

typedef struct cf_sockjs_framing {
    cf_bytes name; /* the last part of the path */
    cf_bytes content_type;
    cf_bytes before; /* a frame; for a transport with a callback that is no stream, the callback stands before it */
    cf_bytes after;
    bool quoted;   /* the frame is written as a JSON string */
    bool callback; /* the request names one */
    bool streams;  /* an answer has many frames */
} cf_sockjs_framing;

const cf_sockjs_framing *cf_sockjs_framing_of(cf_sockjs_transport transport);
/* It becomes part of a script: letters, digits, `_`, `.` and `$`, at most CF_SOCKJS_CALLBACK_MAX of them. */
bool cf_sockjs_callback_is_safe(cf_bytes callback);

/* A message as a part of `a` frames: a JSON string with a comma behind it. */
void cf_sockjs_append_message(cf_buffer *messages, cf_bytes text);
/* An unwrapped `c` frame. */
void cf_sockjs_append_close(cf_buffer *frame, int code, cf_bytes reason);

/* ---- arrays of messages: a client's bodies, and the inside of `a` frames ---- */

typedef enum cf_sockjs_body_state {
    CF_SOCKJS_BODY_OK,
    CF_SOCKJS_BODY_EMPTY,  /* or white space only */
    CF_SOCKJS_BODY_BROKEN, /* no JSON, or not what `strict` asks for */
    CF_SOCKJS_BODY_NO_MEMORY
} cf_sockjs_body_state;

typedef struct cf_sockjs_body {
    cf_json_reader reader;
    size_t kept; /* bytes of the scratch that hold the body itself */
} cf_sockjs_body;

/*
 * Checks the whole array before its first message is handed out; what stands behind it is not looked at. Bytes that are not
 * UTF-8 become U+FFFD. `strict` (jsonp_send, websocket): an array of strings and nulls, or null. Otherwise (xhr_send): whatever
 * is no array is an empty one, and what is no string in it an empty message. The scratch belongs to the body until the last
 * message was taken.
 */
cf_sockjs_body_state cf_sockjs_body_begin(cf_sockjs_body *body, cf_bytes text, bool strict, cf_buffer *scratch);
/* The next message, valid until the call after this; false at the end, after which it is not asked again. */
bool cf_sockjs_body_next(cf_sockjs_body *body, cf_bytes *message, cf_buffer *scratch);

/* ---- client ---- */

/* A body is a run of messages (cf_sockjs_append_message) as an array. */
void cf_sockjs_append_body(cf_buffer *out, cf_bytes messages);

typedef enum cf_sockjs_frame_kind {
    CF_SOCKJS_FRAME_BAD, /* no frame, or no memory to read it */
    CF_SOCKJS_FRAME_OPEN,
    CF_SOCKJS_FRAME_HEARTBEAT, /* the prelude of xhr_streaming, too */
    CF_SOCKJS_FRAME_MESSAGES,
    CF_SOCKJS_FRAME_CLOSE
} cf_sockjs_frame_kind;

typedef struct cf_sockjs_frame {
    cf_sockjs_frame_kind kind;
    cf_sockjs_body messages; /* of an `a` frame: for cf_sockjs_body_next */
    int64_t code;            /* these two of a `c` frame; the reason lies in the text or the scratch */
    cf_bytes reason;
} cf_sockjs_frame;

void cf_sockjs_read_frame(cf_sockjs_frame *frame, cf_bytes text, cf_buffer *scratch);

/*
 * Takes the frames out of an answer's bytes: lines of xhr and xhr_streaming, events of eventsource (the data of each). A frame
 * that came whole in a line is a slice of the input.
 */
typedef struct cf_sockjs_stream {
    cf_buffer line;  /* the incomplete one */
    cf_buffer event; /* the data of the incomplete event, each line with a '\n' behind it */
    bool events;
    bool begun;      /* a line was read */
    bool after_cr;   /* a '\n' that follows belongs to the last line's end */
    bool line_done;  /* `line` was handed out: emptied at the next call */
    bool event_done; /* the same of `event` */
    bool failed;     /* a frame was too long, or there was no memory: nothing more is read */
} cf_sockjs_stream;

/* `frame_max`: bytes of a line, and of an event. */
void cf_sockjs_stream_init(cf_sockjs_stream *stream, cf_sockjs_transport transport, size_t frame_max,
                           const cf_allocator *allocator);
void cf_sockjs_stream_free(cf_sockjs_stream *stream);
/* Takes bytes from the front of `input` until a frame is complete, which is valid until the next call. False: all is used. */
bool cf_sockjs_stream_next(cf_sockjs_stream *stream, cf_bytes *input, cf_bytes *frame);

#endif
