/*
 * Any bytes as the body of an API request, as JSON and as forms: an answer comes, and it is valid JSON when the status is 200.
 */
#include "base/assert.h"
#include "json/json.h"
#include "server/api/api.h"
#include "system/heap.h"

#include <stdlib.h>
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

static void done(void *user, int status, cf_bytes content_type, cf_bytes body)
{
    int *answers = user;
    (*answers)++;
    CF_ASSERT(content_type.size > 0);
    CF_ASSERT(status == 200 || status == 400 || status == 401);
    if (status == 200)
        CF_ASSERT(cf_json_valid(body) && body.data[0] == '[');
}

static void ask(cf_node *node, cf_bytes content_type, cf_bytes query, cf_bytes body)
{
    cf_api_request request = {.content_type = content_type, .query = query, .body = body};
    int answers = 0;
    cf_node_begin_share(node);
    cf_api_call *call = cf_api_handle(node, &request, done, &answers);
    while (call != NULL && answers == 0) { /* the memory engine answers at once, but what is much takes several turns */
        (void)cf_node_end_turn(node);
        cf_node_begin_turn(node, 1, 1);
        cf_node_go_on(node);
    }
    CF_ASSERT(answers == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_config config;
    cf_namespace space = {.name = CF_BYTES("all"), .options = {.presence = true, .history_size = 3, .history_lifetime = 9}};
    cf_config_default(&config);
    config.insecure_api = true;
    config.channel.history_size = 2;
    config.channel.history_lifetime = 60;
    config.namespaces = &space;
    config.namespace_count = 1;
    cf_server_environment environment = {.allocator = &cf_heap, .random = random_bytes, .microseconds = microseconds};
    cf_node *node = cf_node_new(&environment, &config, cf_engine_memory_new, 0, 1);
    CF_ASSERT(node != NULL);
    cf_bytes input = {(const char *)data, size};
    cf_node_begin_turn(node, 1, 1);
    ask(node, CF_BYTES("application/json; charset=utf-8"), (cf_bytes){0}, input);
    ask(node, CF_BYTES("application/x-www-form-urlencoded"), (cf_bytes){0}, input);
    ask(node, CF_BYTES("multipart/form-data; boundary=\"b\""), (cf_bytes){0}, input);
    ask(node, (cf_bytes){0}, input, (cf_bytes){0});
    (void)cf_node_end_turn(node);
    cf_node_free(node);
    return 0;
}
