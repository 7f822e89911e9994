#include "server/engine/redis/encode.h"

#include "base/assert.h"
#include "base/test/allocator.h"
#include "json/json.h"

/* Whatever others write into Redis: what is taken for a message can be written again, and comes out of it the same. */

static void check_info(const cf_client_info *info)
{
    CF_ASSERT(info->default_info.size == 0 || cf_json_valid(info->default_info));
    CF_ASSERT(info->channel_info.size == 0 || cf_json_valid(info->channel_info));
}

static void check_message(cf_buffer *out, const cf_publication *publication)
{
    cf_publication again;
    cf_client_info info;
    cf_redis_write_message(out, publication);
    CF_ASSERT(cf_json_valid(publication->data));
    CF_ASSERT(cf_redis_read_message(cf_buffer_bytes(out), &again, &info));
    CF_ASSERT(cf_bytes_equal(publication->uid, again.uid) && cf_bytes_equal(publication->data, again.data));
    CF_ASSERT((publication->info == NULL) == (again.info == NULL));
    if (publication->info != NULL)
        check_info(publication->info);
}

static void check_join(cf_buffer *out, cf_bytes channel, const cf_client_info *info)
{
    cf_client_info again;
    cf_bytes same;
    cf_redis_write_join_leave(out, channel, info);
    CF_ASSERT(cf_redis_read_join_leave(cf_buffer_bytes(out), &same, &again));
    CF_ASSERT(cf_bytes_equal(channel, same) && cf_bytes_equal(info->user, again.user));
    check_info(info);
}

static void check(cf_bytes input, cf_buffer *out)
{
    cf_publication publication;
    cf_client_info info;
    cf_engine_control control;
    cf_bytes channel;
    if (cf_redis_read_message(input, &publication, &info))
        check_message(out, &publication);
    cf_buffer_clear(out);
    if (cf_redis_read_join_leave(input, &channel, &info))
        check_join(out, channel, &info);
    (void)cf_redis_read_control(input, &control);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer out;
    cf_buffer_init(&out, &allocator, CF_BUFFER_NO_LIMIT);
    check(cf_bytes_make((const char *)data, size), &out);
    cf_buffer_free(&out);
    return 0;
}
