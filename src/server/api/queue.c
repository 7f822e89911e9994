#include "server/api/queue.h"

#include <string.h>

#include "json/json.h"
#include "server/api/api.h"
#include "wire/v1/v1.h"

/* An item while its commands are carried out, one after the other. */
typedef struct queued_item {
    cf_api_queue *queue;
    cf_json_reader reader; /* of the old format: what is left of the list */
    bool is_list;
    bool started;
    bool running; /* inside run_item(): it goes on there */
    bool waiting;
    size_t size;
    char text[];
} queued_item;

static cf_services *services_of(const queued_item *item)
{
    return cf_node_services(item->queue->node);
}

static void drop(const queued_item *item, const char *why)
{
    cf_services_notice(services_of(item), CF_NOTICE_bad_call, "Error processing Redis API data: %s", why);
}

/* ---- one command ------------------------------------------------------------- */

typedef struct named_command {
    cf_bytes method;
    cf_bytes data; /* of the old format: the list */
} named_command;

static const cf_json_field fields[] = {
    {"method", CF_JSON_FIELD_STRING, offsetof(named_command, method)},
    {"data", CF_JSON_FIELD_RAW, offsetof(named_command, data)},
};

static bool read_command(cf_bytes text, named_command *command, cf_buffer *scratch)
{
    cf_json_reader reader;
    *command = (named_command){.data = {NULL, 0}};
    cf_json_reader_init(&reader, text);
    return cf_buffer_reserve(scratch, text.size + 1) && cf_json_peek(&reader) == CF_JSON_OBJECT &&
           cf_json_read_fields(&reader, fields, sizeof fields / sizeof fields[0], true, command, scratch) &&
           cf_json_finish(&reader);
}

static bool is_allowed(cf_bytes name)
{
    cf_method method = cf_method_of(name);
    return method == CF_METHOD_PUBLISH || method == CF_METHOD_BROADCAST || method == CF_METHOD_UNSUBSCRIBE ||
           method == CF_METHOD_DISCONNECT;
}

static void run_item(queued_item *item);

static void on_done(void *user, int status, cf_bytes content_type, cf_bytes body)
{
    queued_item *item = user;
    (void)content_type;
    (void)body;
    item->waiting = false;
    if (status != 200)
        drop(item, "a command is malformed");
    if (!item->running)
        run_item(item);
}

static void carry_out(queued_item *item, cf_bytes command)
{
    item->waiting = true;
    (void)cf_api_carry_out(item->queue->node, command, NULL, on_done, item);
}

/* ---- an item -------------------------------------------------------------------- */

/* Is it a list of the old format? Then the reader goes through it. A command that is allowed is `*command`. */
static void look_at(queued_item *item, cf_bytes text, cf_bytes *command)
{
    named_command named;
    cf_buffer scratch;
    cf_buffer_init(&scratch, services_of(item)->allocator, CF_BUFFER_NO_LIMIT);
    if (!read_command(text, &named, &scratch)) {
        drop(item, "it is no object");
    } else if (named.method.size > 0) {
        *command = is_allowed(named.method) ? text : *command;
    } else if (named.data.size > 0 && !item->is_list) {
        cf_json_reader_init(&item->reader, named.data);
        item->is_list = cf_json_enter_array(&item->reader);
    }
    cf_buffer_free(&scratch);
}

/* Blanks before a command are allowed here. */
static cf_bytes trimmed(cf_bytes text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.data[0]) != NULL)
        text = cf_bytes_slice(text, 1, text.size);
    return text;
}

/* False: the item is over. `command` is left empty where there is nothing to do. */
static bool next_command(queued_item *item, cf_bytes *command)
{
    cf_json_value value;
    if (!item->started) {
        item->started = true;
        look_at(item, trimmed(cf_bytes_make(item->text, item->size)), command);
        return true;
    }
    if (!item->is_list || !cf_json_next_element(&item->reader) || !cf_json_read(&item->reader, &value))
        return false;
    look_at(item, cf_json_raw(&value), command);
    return true;
}

static void run_item(queued_item *item)
{
    bool more = true;
    item->running = true;
    while (more && !item->waiting) {
        cf_bytes command = {NULL, 0};
        more = next_command(item, &command);
        if (command.size > 0)
            carry_out(item, command);
    }
    item->running = false;
    if (more)
        return;
    item->queue->open--;
    cf_free(services_of(item)->allocator, item);
}

/* ---- the queue -------------------------------------------------------------------- */

void cf_api_queue_take(cf_api_queue *queue, cf_bytes command)
{
    queued_item *item = cf_alloc_zero(cf_node_services(queue->node)->allocator, 1, sizeof *item + command.size);
    if (item == NULL) {
        cf_services_log(cf_node_services(queue->node), CF_SERVER_ERROR, "out of memory: a command of the Redis API is lost");
        return;
    }
    item->queue = queue;
    item->size = command.size;
    if (command.size > 0)
        memcpy(item->text, command.data, command.size);
    queue->open++;
    run_item(item);
}

static void take(void *user, cf_bytes command)
{
    cf_api_queue_take(user, command);
}

static bool is_busy(void *user)
{
    return ((const cf_api_queue *)user)->open > 0;
}

void cf_api_queue_init(cf_api_queue *queue, cf_node *node)
{
    *queue = (cf_api_queue){.node = node};
    cf_node_set_commands(node, &(cf_node_commands){take, is_busy, queue});
}
