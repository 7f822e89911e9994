#include "server/transport/deflate.h"

#include <zlib.h>

#define WINDOW_BITS  (-15) /* the largest window; without zlib's own header */
#define MEMORY       6     /* zlib's default, 8, costs more for each short message than it finds in long ones */
#define SCRATCH_SIZE 16384

/* An empty block ends what was flushed. It is not sent (RFC 7692 section 7.2.1). */
static const Bytef tail[] = {0, 0, 0xff, 0xff};

struct cf_deflate {
    cf_outbox_form form;
    const cf_allocator *allocator;
    size_t min_size;
    z_stream packer;
    z_stream unpacker;
    cf_buffer packed; /* a message */
    Bytef scratch[SCRATCH_SIZE];
};

typedef int (*step)(z_stream *stream, int flush);

/* Works off the stream's input. `max`: of the output's size. Z_MEM_ERROR without memory, Z_BUF_ERROR above the limit. */
static int run(cf_deflate *self, z_stream *stream, step next, cf_buffer *out, size_t max)
{
    int status = Z_OK;
    do {
        stream->next_out = self->scratch;
        stream->avail_out = SCRATCH_SIZE;
        status = next(stream, Z_SYNC_FLUSH);
        size_t made = SCRATCH_SIZE - stream->avail_out;
        if (made > max - out->size)
            return Z_BUF_ERROR;
        cf_buffer_append(out, cf_bytes_make((const char *)self->scratch, made));
    } while (stream->avail_out == 0 && status == Z_OK && !out->failed);
    if (out->failed)
        return Z_MEM_ERROR;
    return status == Z_BUF_ERROR ? Z_OK : status; /* of zlib: there was nothing more to do */
}

/* ---- what leaves ---- */

static bool pack(cf_deflate *self, cf_bytes text)
{
    z_stream *stream = &self->packer;
    cf_buffer_clear(&self->packed);
    (void)deflateReset(stream);
    stream->next_in = (Bytef *)(uintptr_t)text.data;
    stream->avail_in = (uInt)text.size;
    if (run(self, stream, deflate, &self->packed, SIZE_MAX) != Z_OK || self->packed.size <= sizeof(tail))
        return false;
    self->packed.size -= sizeof(tail);
    return true;
}

static void append_packed(cf_deflate *self, cf_buffer *out, cf_ws_opcode opcode, cf_bytes text)
{
    size_t start = out->size;
    if (!pack(self, text)) {
        out->failed = true;
        return;
    }
    cf_ws_append_frame(out, opcode, cf_buffer_bytes(&self->packed), NULL);
    if (!out->failed)
        out->data[start] = (char)(out->data[start] | CF_WS_COMPRESSED);
}

static void make(const cf_outbox_form *form, cf_buffer *out, cf_bytes frames)
{
    cf_deflate *self = cf_deflate_of(form);
    cf_ws_opcode opcode;
    cf_bytes text;
    for (size_t size; (size = cf_ws_own_frame(frames, &opcode, &text)) > 0;
         frames = cf_bytes_slice(frames, size, frames.size)) {
        if (self->min_size == 0 || text.size > self->min_size)
            append_packed(self, out, opcode, text);
        else
            cf_buffer_append(out, cf_bytes_slice(frames, 0, size));
    }
}

/* ---- what comes ---- */

static int unpack(cf_deflate *self, const Bytef *data, size_t size, cf_buffer *out, size_t max)
{
    self->unpacker.next_in = (Bytef *)(uintptr_t)data;
    self->unpacker.avail_in = (uInt)size;
    return run(self, &self->unpacker, inflate, out, max);
}

/* Does a message end here: behind a block, or behind the one that says that it is the last? What follows that is ignored. */
static bool is_whole(const cf_deflate *self, int status)
{
    return status == Z_STREAM_END || (status == Z_OK && (self->unpacker.data_type & 128) != 0);
}

cf_inflated cf_deflate_inflate(cf_deflate *self, cf_bytes compressed, size_t max, cf_buffer *out)
{
    (void)inflateReset(&self->unpacker);
    int status = unpack(self, (const Bytef *)compressed.data, compressed.size, out, max);
    if (status == Z_OK)
        status = unpack(self, tail, sizeof(tail), out, max);
    if (status == Z_BUF_ERROR)
        return CF_INFLATED_TOO_LARGE;
    if (status == Z_MEM_ERROR)
        return CF_INFLATED_NO_MEMORY;
    return is_whole(self, status) ? CF_INFLATED : CF_INFLATED_CORRUPT;
}

/* ---- life ---- */

static bool open_streams(cf_deflate *self, int level)
{
    int strategy = level < Z_DEFAULT_COMPRESSION ? Z_HUFFMAN_ONLY : Z_DEFAULT_STRATEGY;
    int real = level < Z_DEFAULT_COMPRESSION ? Z_BEST_SPEED : level;
    if (deflateInit2(&self->packer, real, Z_DEFLATED, WINDOW_BITS, MEMORY, strategy) != Z_OK)
        return false;
    if (inflateInit2(&self->unpacker, WINDOW_BITS) == Z_OK)
        return true;
    (void)deflateEnd(&self->packer);
    return false;
}

cf_deflate *cf_deflate_new(const cf_allocator *allocator, int level, size_t min_size)
{
    cf_deflate *self = cf_alloc_zero(allocator, 1, sizeof(*self));
    if (self == NULL)
        return NULL;
    self->form.make = make;
    self->allocator = allocator;
    self->min_size = min_size;
    cf_buffer_init(&self->packed, allocator, CF_BUFFER_NO_LIMIT);
    if (open_streams(self, level))
        return self;
    cf_free(allocator, self);
    return NULL;
}

void cf_deflate_free(cf_deflate *self)
{
    if (self == NULL)
        return;
    (void)deflateEnd(&self->packer);
    (void)inflateEnd(&self->unpacker);
    cf_buffer_free(&self->packed);
    cf_free(self->allocator, self);
}

const cf_outbox_form *cf_deflate_form(const cf_deflate *self)
{
    return &self->form;
}

cf_deflate *cf_deflate_of(const cf_outbox_form *form)
{
    return (cf_deflate *)(uintptr_t)form; /* its first member */
}
