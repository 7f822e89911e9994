#include "server/engine/redis/command.h"

static void begin(cf_buffer *out, char kind, size_t count)
{
    cf_buffer_append_byte(out, kind);
    cf_buffer_append_int(out, (int64_t)count);
    cf_buffer_append(out, CF_BYTES("\r\n"));
}

void cf_redis_begin(cf_buffer *out, size_t count)
{
    begin(out, '*', count);
}

void cf_redis_add_parts(cf_buffer *out, const cf_bytes *parts, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += parts[i].size;
    begin(out, '$', size);
    for (size_t i = 0; i < count; i++)
        cf_buffer_append(out, parts[i]);
    cf_buffer_append(out, CF_BYTES("\r\n"));
}

void cf_redis_add(cf_buffer *out, cf_bytes argument)
{
    cf_redis_add_parts(out, &argument, 1);
}

void cf_redis_add_int(cf_buffer *out, int64_t argument)
{
    char digits[24];
    cf_buffer number = {.data = digits, .capacity = sizeof digits, .limit = sizeof digits};
    cf_buffer_append_int(&number, argument);
    cf_redis_add(out, cf_buffer_bytes(&number));
}
