#define _POSIX_C_SOURCE 200809L
#include "cli/loop.h"
#include "cli/top.h"

#include <centrifuge/json.h>

#include <string.h>

/* 0 where it is missing, as in other versions. */
static int64_t number_of(centrifuge_bytes object, const char *name)
{
    int64_t number = 0;
    double fraction = 0;
    centrifuge_bytes value = centrifuge_json_find(object, name);
    if (centrifuge_json_int(value, &number) != CENTRIFUGE_ERROR_OK &&
        centrifuge_json_double(value, &fraction) == CENTRIFUGE_ERROR_OK)
        number = (int64_t)fraction;
    return number;
}

static void copy_text(char text[CF_CLI_TOP_NAME_SIZE], centrifuge_bytes object, const char *name)
{
    centrifuge_bytes value = centrifuge_json_find(object, name);
    centrifuge_json_text(value, text, CF_CLI_TOP_NAME_SIZE, NULL);
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?'; /* nothing that a terminal would obey */
    }
}

static cf_cli_top_counters read_counters(centrifuge_bytes metrics)
{
    return (cf_cli_top_counters){.published = number_of(metrics, "node_num_client_msg_published"),
                                 .sent = number_of(metrics, "client_num_msg_sent"),
                                 .bytes_in = number_of(metrics, "client_bytes_in"),
                                 .bytes_out = number_of(metrics, "client_bytes_out"),
                                 .requests = number_of(metrics, "client_api_num_requests")};
}

static cf_cli_top_node read_node(centrifuge_bytes said)
{
    centrifuge_bytes metrics = centrifuge_json_find(said, "metrics");
    cf_cli_top_node read = {.started_at = number_of(said, "started_at"),
                            .clients = number_of(metrics, "node_num_clients"),
                            .users = number_of(metrics, "node_num_unique_clients"),
                            .channels = number_of(metrics, "node_num_channels"),
                            .cpu = number_of(metrics, "node_cpu_usage"),
                            .memory = number_of(metrics, "node_memory_sys"),
                            .counted = read_counters(metrics)};
    copy_text(read.uid, said, "uid");
    copy_text(read.name, said, "name");
    copy_text(read.version, said, "version");
    return read;
}

static centrifuge_error read_all_nodes(cf_cli_top_view *view)
{
    const char *data = NULL;
    centrifuge_error error = centrifuge_backend_stats(view->backend, &data);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    centrifuge_bytes stats = {data, strlen(data)};
    int64_t seconds = number_of(stats, "metrics_interval");
    centrifuge_json_items items;
    view->node_count = 0;
    centrifuge_json_walk(&items, centrifuge_json_find(stats, "nodes"));
    while (centrifuge_json_next(&items)) {
        size_t at = view->node_count++;
        if (at >= CF_CLI_TOP_NODES_MAX)
            continue;
        view->nodes[at] = read_node(items.value);
        view->nodes[at].seconds = seconds > 0 ? (double)seconds : 1;
    }
    return CENTRIFUGE_ERROR_OK;
}

static cf_cli_top_node *find_node(cf_cli_top_view *view, const char *uid)
{
    for (size_t i = 0; i < view->node_count && i < CF_CLI_TOP_NODES_MAX; i++) {
        if (strcmp(view->nodes[i].uid, uid) == 0)
            return &view->nodes[i];
    }
    return NULL;
}

static cf_cli_top_past *find_past(cf_cli_top_view *view, const char *uid)
{
    for (size_t i = 0; i < view->past_count; i++) {
        if (strcmp(view->pasts[i].uid, uid) == 0)
            return &view->pasts[i];
    }
    cf_cli_top_past *made = &view->pasts[view->past_count < CF_CLI_TOP_NODES_MAX ? view->past_count++ : 0];
    *made = (cf_cli_top_past){0};
    memcpy(made->uid, uid, CF_CLI_TOP_NAME_SIZE);
    return made;
}

static cf_cli_top_counters difference(cf_cli_top_counters now, cf_cli_top_counters then)
{
    return (cf_cli_top_counters){now.published - then.published, now.sent - then.sent, now.bytes_in - then.bytes_in,
                                 now.bytes_out - then.bytes_out, now.requests - then.requests};
}

/* The node that answers says what it has counted up to now, which is newer than the last interval of all. */
static centrifuge_error read_asked_node(cf_cli_top_view *view)
{
    const char *data = NULL;
    centrifuge_error error = centrifuge_backend_node(view->backend, &data);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    cf_cli_top_node asked = read_node((centrifuge_bytes){data, strlen(data)});
    cf_cli_top_past *before = find_past(view, asked.uid);
    int64_t now = cf_cli_loop_now();
    cf_cli_top_node *shown = find_node(view, asked.uid);
    if (before->time > 0 && shown != NULL && asked.counted.requests >= before->totals.requests) {
        shown->counted = difference(asked.counted, before->totals);
        shown->seconds = (double)(now - before->time) / 1e9;
    }
    before->totals = asked.counted;
    before->time = now;
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error read_channels(cf_cli_top_view *view)
{
    const char *data = NULL;
    centrifuge_error error = centrifuge_backend_channels(view->backend, &data);
    if (error != CENTRIFUGE_ERROR_OK)
        return error;
    centrifuge_json_items items;
    view->channels = data;
    view->channel_count = 0;
    centrifuge_json_walk(&items, (centrifuge_bytes){data, strlen(data)});
    while (centrifuge_json_next(&items))
        view->channel_count++;
    return CENTRIFUGE_ERROR_OK;
}

/* The channels last: their text stays until the next call. */
centrifuge_error cf_cli_top_look(cf_cli_top_view *view)
{
    view->channels = NULL;
    centrifuge_error error = read_all_nodes(view);
    if (error == CENTRIFUGE_ERROR_OK)
        error = read_asked_node(view);
    return error == CENTRIFUGE_ERROR_OK ? read_channels(view) : error;
}
