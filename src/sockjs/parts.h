/*
 * What a server writes by a transport at one time: the wrapped frames as the places where their bytes lie, so that a message
 * that thousands get is not copied for each of them. Bytes that a transport writes differently, and those that find no place
 * any more, go into `text`, which stands behind all places.
 */
#ifndef CF_SOCKJS_PARTS_H
#define CF_SOCKJS_PARTS_H

#include "sockjs/frame.h"

#define CF_SOCKJS_PARTS_MAX 64   /* places */
#define CF_SOCKJS_HEAD_SIZE 1024 /* of htmlfile, at least: browsers show nothing before that */

typedef struct cf_sockjs_parts {
    cf_sockjs_transport transport;
    const cf_sockjs_framing *framing; /* the transport's */
    cf_bytes callback;
    cf_buffer *text;
    size_t size;   /* bytes in all places */
    size_t places; /* for how many slices; 0: all is written to the text */
    size_t count;
    cf_bytes all[CF_SOCKJS_PARTS_MAX + 1];
} cf_sockjs_parts;

/*
 * `callback` is looked at where the transport has one. `text` is empty. Both are kept, as all that is added is borrowed until
 * the last look at the parts.
 */
void cf_sockjs_parts_init(cf_sockjs_parts *parts, cf_sockjs_transport transport, cf_bytes callback, cf_buffer *text);
/* What stands before the first frame of an answer. */
void cf_sockjs_parts_add_prelude(cf_sockjs_parts *parts);
/* An unwrapped frame. */
void cf_sockjs_parts_add_frame(cf_sockjs_parts *parts, cf_bytes frame);
/* An `a` frame in three steps: its beginning, runs of messages (at least one, each ends where a message does), its end. */
void cf_sockjs_parts_begin_messages(cf_sockjs_parts *parts);
void cf_sockjs_parts_add_run(cf_sockjs_parts *parts, cf_bytes messages);
void cf_sockjs_parts_end_messages(cf_sockjs_parts *parts);
/* Bytes so far. */
size_t cf_sockjs_parts_size(const cf_sockjs_parts *parts);
/* Puts the text behind the others: `all` has `count` places now. Not together with `text->failed`. */
void cf_sockjs_parts_finish(cf_sockjs_parts *parts);

/* An `a` frame of all messages in the slices, at least one, to the end of a buffer. */
void cf_sockjs_append_messages(cf_buffer *out, cf_sockjs_transport transport, cf_bytes callback, const cf_bytes *slices,
                               size_t count);

#endif
