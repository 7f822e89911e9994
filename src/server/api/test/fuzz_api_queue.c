/*
 * Any bytes as an item of a queue: it is carried out or dropped, and then it is over.
 */
#include "base/assert.h"
#include "base/test/allocator.h"
#include "server/api/queue.h"

#include <string.h>

static void random_bytes(void *user, void *out, size_t size)
{
    (void)user;
    memset(out, 7, size);
}

static uint64_t microseconds(void *user)
{
    (void)user;
    return 0;
}

static void hand_in(cf_node *node, cf_api_queue *queue, cf_bytes item)
{
    cf_node_begin_turn(node, 1, 1);
    cf_api_queue_take(queue, item);
    while (queue->open > 0) { /* the memory engine answers at once, but what is much takes several turns */
        (void)cf_node_end_turn(node);
        cf_node_begin_turn(node, 1, 1);
        cf_node_go_on(node);
    }
    (void)cf_node_end_turn(node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    cf_config config;
    cf_api_queue queue;
    cf_config_default(&config);
    cf_server_environment environment = {.allocator = &allocator, .random = random_bytes, .microseconds = microseconds};
    cf_node *node = cf_node_new(&environment, &config, cf_engine_memory_new, 0, 1);
    CF_ASSERT(node != NULL);
    cf_api_queue_init(&queue, node);
    hand_in(node, &queue, cf_bytes_make((const char *)data, size));
    cf_node_free(node);
    CF_ASSERT(memory.live == 0);
    return 0;
}
