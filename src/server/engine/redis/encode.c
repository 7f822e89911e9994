#include "server/engine/redis/encode.h"

#include "json/json.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { VARINT = 0, EIGHT_BYTES = 1, TEXT = 2, FOUR_BYTES = 5 }; /* wire types */
enum { VARINT_SIZE_MAX = 10 };

/* ---- writing ------------------------------------------------------------- */

static size_t varint_size(size_t value)
{
    size_t size = 1;
    while (value > 0x7f) {
        value >>= 7;
        size++;
    }
    return size;
}

static void write_varint(cf_buffer *out, size_t value)
{
    for (; value > 0x7f; value >>= 7)
        cf_buffer_append_byte(out, (char)((value & 0x7f) | 0x80));
    cf_buffer_append_byte(out, (char)value);
}

static void begin_field(cf_buffer *out, unsigned number, size_t size)
{
    write_varint(out, number << 3 | TEXT);
    write_varint(out, size);
}

/* Is written when it is empty, too. */
static void write_raw(cf_buffer *out, unsigned number, cf_bytes value)
{
    begin_field(out, number, value.size);
    cf_buffer_append(out, value);
}

static void write_string(cf_buffer *out, unsigned number, cf_bytes value)
{
    if (value.size > 0)
        write_raw(out, number, value);
}

static size_t field_size(size_t size)
{
    return 1 + varint_size(size) + size;
}

static size_t string_size(cf_bytes value)
{
    return value.size > 0 ? field_size(value.size) : 0;
}

static size_t info_size(const cf_client_info *info)
{
    return string_size(info->user) + string_size(info->client) + field_size(info->default_info.size) +
           field_size(info->channel_info.size);
}

void cf_redis_write_info(cf_buffer *out, const cf_client_info *info)
{
    write_string(out, 1, info->user);
    write_string(out, 2, info->client);
    write_raw(out, 3, info->default_info);
    write_raw(out, 4, info->channel_info);
}

static void write_embedded(cf_buffer *out, unsigned number, const cf_client_info *info)
{
    begin_field(out, number, info_size(info));
    cf_redis_write_info(out, info);
}

void cf_redis_write_message(cf_buffer *out, const cf_publication *publication)
{
    write_string(out, 1, publication->uid);
    write_string(out, 3, publication->channel);
    write_raw(out, 4, publication->data);
    write_string(out, 5, publication->client);
    if (publication->info != NULL)
        write_embedded(out, 6, publication->info);
}

void cf_redis_write_join_leave(cf_buffer *out, cf_bytes channel, const cf_client_info *info)
{
    write_string(out, 1, channel);
    write_embedded(out, 2, info);
}

void cf_redis_write_control(cf_buffer *out, const cf_engine_control *control)
{
    write_string(out, 1, control->node);
    write_string(out, 2, control->method);
    write_raw(out, 3, control->params);
}

/* ---- reading ------------------------------------------------------------- */

static bool read_varint(cf_bytes *in, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < in->size && i < VARINT_SIZE_MAX; i++) {
        unsigned char byte = (unsigned char)in->data[i];
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *in = cf_bytes_slice(*in, i + 1, in->size);
            return true;
        }
    }
    return false;
}

static bool take(cf_bytes *in, uint64_t size, cf_bytes *taken)
{
    if (size > in->size)
        return false;
    *taken = cf_bytes_slice(*in, 0, (size_t)size);
    *in = cf_bytes_slice(*in, (size_t)size, in->size);
    return true;
}

/* The value of a field of any type; `text` is left alone where it is none. */
static bool read_value(cf_bytes *in, unsigned type, cf_bytes *text)
{
    uint64_t number;
    cf_bytes ignored;
    switch (type) {
    case VARINT:
        return read_varint(in, &number);
    case EIGHT_BYTES:
        return take(in, 8, &ignored);
    case TEXT:
        return read_varint(in, &number) && take(in, number, text);
    case FOUR_BYTES:
        return take(in, 4, &ignored);
    default:
        return false;
    }
}

/* fields[n]: where field number n goes, or NULL. Of several the last one counts; unknown ones are skipped. */
static bool read_fields(cf_bytes in, cf_bytes *const *fields, size_t count)
{
    while (in.size > 0) {
        uint64_t tag;
        cf_bytes skipped;
        if (!read_varint(&in, &tag) || tag >> 3 == 0)
            return false;
        unsigned type = tag & 7;
        cf_bytes *field = tag >> 3 < count ? fields[tag >> 3] : NULL;
        if ((field != NULL && type != TEXT) || !read_value(&in, type, field != NULL ? field : &skipped))
            return false;
    }
    return true;
}

/* An info that is no JSON counts as absent: server-spec.md 10.2, fix 6. */
static void drop_bad(cf_bytes *json)
{
    if (json->size > 0 && !cf_json_valid(*json))
        *json = (cf_bytes){NULL, 0};
}

bool cf_redis_read_info(cf_bytes in, cf_client_info *info)
{
    cf_bytes *const fields[] = {NULL, &info->user, &info->client, &info->default_info, &info->channel_info};
    *info = (cf_client_info){.user = {NULL, 0}};
    if (!read_fields(in, fields, COUNT(fields)))
        return false;
    drop_bad(&info->default_info);
    drop_bad(&info->channel_info);
    return true;
}

bool cf_redis_read_message(cf_bytes in, cf_publication *publication, cf_client_info *info)
{
    cf_bytes embedded = {NULL, 0};
    cf_bytes *const fields[] = {
        NULL, &publication->uid, NULL, &publication->channel, &publication->data, &publication->client, &embedded};
    *publication = (cf_publication){.info = NULL};
    if (!read_fields(in, fields, COUNT(fields)) || publication->channel.size == 0 || !cf_json_valid(publication->data))
        return false;
    if (embedded.data != NULL && !cf_redis_read_info(embedded, info))
        return false;
    publication->info = embedded.data != NULL ? info : NULL;
    return true;
}

bool cf_redis_read_join_leave(cf_bytes in, cf_bytes *channel, cf_client_info *info)
{
    cf_bytes embedded = {NULL, 0};
    cf_bytes *const fields[] = {NULL, channel, &embedded};
    *channel = (cf_bytes){NULL, 0};
    return read_fields(in, fields, COUNT(fields)) && channel->size > 0 && cf_redis_read_info(embedded, info);
}

bool cf_redis_read_control(cf_bytes in, cf_engine_control *control)
{
    cf_bytes *const fields[] = {NULL, &control->node, &control->method, &control->params};
    *control = (cf_engine_control){.node = {NULL, 0}};
    return read_fields(in, fields, COUNT(fields));
}
