/* Lines of xhr answers, and server-sent events as the HTML standard reads them, as far as SockJS uses them: their data. */
#include "sockjs/frame.h"

#include <string.h>

void cf_sockjs_stream_init(cf_sockjs_stream *stream, cf_sockjs_transport transport, size_t frame_max,
                           const cf_allocator *allocator)
{
    *stream = (cf_sockjs_stream){.events = transport == CF_SOCKJS_EVENTSOURCE};
    cf_buffer_init(&stream->line, allocator, frame_max);
    cf_buffer_init(&stream->event, allocator, frame_max);
}

void cf_sockjs_stream_free(cf_sockjs_stream *stream)
{
    cf_buffer_free(&stream->line);
    cf_buffer_free(&stream->event);
}

/* ---- lines ---- */

static bool ends_line(const cf_sockjs_stream *stream, char c)
{
    return c == '\n' || (stream->events && c == '\r');
}

/* The part of `input` before the line's end; *found: there is one. */
static cf_bytes up_to_end(const cf_sockjs_stream *stream, cf_bytes input, bool *found)
{
    size_t size = 0;
    while (size < input.size && !ends_line(stream, input.data[size]))
        size++;
    *found = size < input.size;
    return cf_bytes_slice(input, 0, size);
}

/* The '\n' of a "\r\n" that was cut in two. */
static void skip_line_feed(cf_sockjs_stream *stream, cf_bytes *input)
{
    if (input->size == 0)
        return;
    if (stream->after_cr && input->data[0] == '\n')
        *input = cf_bytes_slice(*input, 1, input->size);
    stream->after_cr = false;
}

static bool keep(cf_sockjs_stream *stream, cf_buffer *where, cf_bytes bytes)
{
    cf_buffer_append(where, bytes);
    stream->failed = stream->failed || where->failed;
    return !stream->failed;
}

/* A line is a slice of the input where it came whole; false when it is not complete. */
static bool take_line(cf_sockjs_stream *stream, cf_bytes *input, cf_bytes *line)
{
    bool found;
    skip_line_feed(stream, input);
    if (input->size == 0)
        return false;
    cf_bytes part = up_to_end(stream, *input, &found);
    *line = part;
    if (!found || stream->line.size > 0 || part.size > stream->line.limit) {
        if (!keep(stream, &stream->line, part))
            return false;
        *line = cf_buffer_bytes(&stream->line);
    }
    stream->after_cr = found && input->data[part.size] == '\r';
    stream->line_done = found;
    *input = cf_bytes_slice(*input, part.size + found, input->size);
    return found;
}

/* ---- events ---- */

/* True when the line is an event's end, and the event has data. */
static bool take_field(cf_sockjs_stream *stream, cf_bytes line)
{
    static const cf_bytes name = CF_LITERAL("data");
    if (line.size == 0)
        return stream->event.size > 0;
    if (!cf_bytes_starts_with(line, name) || (line.size > name.size && line.data[name.size] != ':'))
        return false;
    cf_bytes value = cf_bytes_slice(line, name.size + 1, line.size);
    if (value.size > 0 && value.data[0] == ' ')
        value = cf_bytes_slice(value, 1, value.size);
    if (keep(stream, &stream->event, value))
        (void)keep(stream, &stream->event, CF_BYTES("\n"));
    return false;
}

static cf_bytes without_mark(cf_sockjs_stream *stream, cf_bytes line)
{
    static const cf_bytes mark = CF_LITERAL("\xef\xbb\xbf");
    bool first = !stream->begun;
    stream->begun = true;
    return first && cf_bytes_starts_with(line, mark) ? cf_bytes_slice(line, mark.size, line.size) : line;
}

/* ---- frames ---- */

/* An idle stream holds no memory. */
static void forget_last(cf_sockjs_stream *stream)
{
    if (stream->line_done)
        cf_buffer_free(&stream->line);
    if (stream->event_done)
        cf_buffer_free(&stream->event);
    stream->line_done = stream->event_done = false;
}

static bool completes_frame(cf_sockjs_stream *stream, cf_bytes line, cf_bytes *frame)
{
    *frame = line;
    if (!stream->events)
        return line.size > 0;
    stream->event_done = take_field(stream, without_mark(stream, line));
    *frame = cf_bytes_slice(cf_buffer_bytes(&stream->event), 0, stream->event.size - stream->event_done);
    return stream->event_done;
}

bool cf_sockjs_stream_next(cf_sockjs_stream *stream, cf_bytes *input, cf_bytes *frame)
{
    cf_bytes line;
    forget_last(stream);
    while (!stream->failed && take_line(stream, input, &line)) {
        if (completes_frame(stream, line, frame))
            return !stream->failed;
        forget_last(stream);
    }
    return false;
}
