/*
 * Feeds a decoder and writes what comes out as text, so that the same bytes cut
 * in different ways can be compared. Each piece of input is copied to a block of
 * exactly its size, so that a sanitizer sees any step outside, and is freed
 * before the next: what is kept must have been copied.
 */
#ifndef CF_WS_TEST_EVENTS_H
#define CF_WS_TEST_EVENTS_H

#include "ws/frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void events_write(cf_buffer *log, const cf_ws_event *event)
{
    static const char *const kinds[] = {"none", "message", "ping", "pong", "close", "error"};
    char head[64];
    int size = snprintf(head, sizeof(head), "%s %d %d ", kinds[event->kind], (int)event->opcode, (int)event->code);
    cf_buffer_append(log, cf_bytes_make(head, (size_t)size));
    if (event->compressed)
        cf_buffer_append(log, CF_BYTES("compressed "));
    cf_buffer_append(log, event->payload);
    cf_buffer_append_byte(log, '\n');
}

/* One piece, until it is used up and nothing is complete any more. */
static inline void events_feed(cf_ws_decoder *decoder, const char *data, size_t size, cf_buffer *log)
{
    char *piece = malloc(size ? size : 1);
    if (piece == NULL)
        abort();
    if (size > 0)
        memcpy(piece, data, size);
    size_t at = 0;
    cf_ws_event event;
    do {
        size_t used = cf_ws_decoder_read(decoder, piece + at, size - at, &event);
        if (used > size - at)
            abort();
        at += used;
        if (event.kind != CF_WS_EVENT_NONE)
            events_write(log, &event);
    } while (event.kind != CF_WS_EVENT_NONE || at < size);
    free(piece);
}

#endif
