#include "server/engine/redis/sentinel.h"

#include "base/assert.h"
#include "base/test/allocator.h"

/* Whatever comes instead of a Sentinel's answers, in pieces whose size is the byte before them. */

static void *open_line(void *user, cf_redis_line *line, const char *host, int port, const char **why)
{
    (void)user;
    (void)why;
    CF_ASSERT(host[0] != 0 && port > 0 && port < 65536);
    return line;
}

static bool send_bytes(void *socket, cf_bytes bytes)
{
    (void)socket;
    (void)bytes;
    return true;
}

static void ignore(void *user)
{
    (void)user;
}

static void on_found(cf_redis_sentinel *sentinel, cf_bytes host, int port)
{
    (void)sentinel;
    CF_ASSERT(host.size > 0 && host.size <= CF_REDIS_HOST_MAX && port > 0 && port < 65536);
}

static void on_failed(cf_redis_sentinel *sentinel, const char *why)
{
    (void)sentinel;
    CF_ASSERT(why[0] != 0);
}

static void play(cf_redis_sentinel *sentinel, cf_bytes input)
{
    for (cf_time now = 0; input.size > 0; now += CF_REDIS_ASK) {
        size_t size = (unsigned char)input.data[0];
        (void)cf_redis_sentinel_advance(sentinel, now, true);
        if (sentinel->line.state == CF_REDIS_LINE_OPENING)
            cf_redis_line_opened(&sentinel->line);
        if (sentinel->line.state == CF_REDIS_LINE_OPEN)
            cf_redis_line_received(&sentinel->line, cf_bytes_slice(input, 1, 1 + size));
        input = cf_bytes_slice(input, 1 + size, input.size);
    }
    CF_ASSERT(sentinel->other_count <= CF_REDIS_OTHERS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const cf_redis_driver driver = {open_line, send_bytes, ignore, ignore, NULL};
    static const cf_redis_place named = {.host = "a", .port = 1, .connect_timeout = 1000, .read_timeout = 1000};
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_redis_sentinel sentinel = {
        .all = &named, .count = 1, .master = CF_BYTES("m"), .password = CF_BYTES("p"), .found = on_found, .failed = on_failed};
    cf_redis_sentinel_init(&sentinel, &driver, &allocator, 0);
    play(&sentinel, cf_bytes_make((const char *)data, size));
    cf_redis_sentinel_free(&sentinel);
    CF_ASSERT(memory.live == 0);
    return 0;
}
