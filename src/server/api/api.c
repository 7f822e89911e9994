#include "server/api/api.h"

#include "server/api/form.h"
#include "wire/v1/sign.h"

/* Larger answers are refused with 500: one request may ask for any number of histories. In bytes. */
#define CF_API_REPLY_MAX (64 * 1024 * 1024)
/* Publishes of one broadcast that a remote engine is asked for at a time. */
#define CF_API_BROADCAST_OPEN 1000

/*
 * One request: its commands are carried out one after the other by run(). The
 * engine answers at once, and run() goes on, or later, and is called again. So it is
 * when the share of a turn is spent, or subscribers are behind: the rest waits as a task.
 */
struct cf_api_call {
    cf_task task;
    cf_node *node;
    const cf_allocator *allocator;
    cf_api_done done; /* NULL: cancelled */
    cf_api_own own;   /* NULL: it came by HTTP */
    void *user;
    uint64_t started; /* microseconds */
    cf_buffer text;   /* the commands, kept while they are carried out */
    cf_buffer scratch;
    cf_buffer params_scratch;
    cf_buffer reply;
    size_t counted; /* bytes of it in services->api_replies */
    cf_wire_commands commands;
    cf_wire_command command;
    cf_params params;
    cf_json_reader channels; /* of a broadcast: what is left of them */
    cf_trouble broadcast;    /* the first trouble of its channels */
    cf_trouble bad_name;     /* where there is one no channel behind it is asked for */
    size_t open;             /* its publishes that are not answered yet */
    bool broadcasting;
    bool awaits;  /* of these: it goes on when one is answered */
    bool running; /* inside run(): it goes on there */
    bool waiting; /* for the engine, or as a task */
    bool held;    /* for subscribers that are behind: the command is carried out again */
    bool ended;   /* answered, or nobody waits for an answer any more */
};

/* ---- the answer ---- */

static cf_services *services_of(const cf_api_call *call)
{
    return cf_node_services(call->node);
}

static uint64_t microseconds(const cf_services *services)
{
    return services->environment.microseconds(services->environment.user);
}

static void free_call(cf_api_call *call)
{
    cf_task_cancel(&call->task);
    services_of(call)->api_bytes -= call->text.size;
    services_of(call)->api_replies -= call->counted;
    cf_buffer_free(&call->text);
    cf_buffer_free(&call->scratch);
    cf_buffer_free(&call->params_scratch);
    cf_buffer_free(&call->reply);
    cf_free(call->allocator, call);
}

static cf_bytes status_text(int status)
{
    switch (status) {
    case 400:
        return CF_BYTES("Bad Request\n");
    case 401:
        return CF_BYTES("Unauthorized\n");
    case 503:
        return CF_BYTES("Service Unavailable\n");
    default:
        return CF_BYTES("Internal Server Error\n");
    }
}

/* What an operator can do about it; who sent it gets the status alone. */
static const char *refusal(int status)
{
    switch (status) {
    case 400:
        return "its commands are malformed, or its sign is missing";
    case 401:
        return "its sign does not match: was it made with this server's secret?";
    case 503:
        return "too many requests, or too large answers, at one time";
    default:
        return "no memory, or its answer is larger than 64 MiB";
    }
}

static void note_http(const cf_api_call *call, int status)
{
    cf_services *services = services_of(call);
    cf_metrics_record(services->metrics, CF_LATENCY_HTTP_API, microseconds(services) - call->started);
    if (status != 200)
        cf_services_notice(services, CF_NOTICE_bad_call, "API request answered with %d: %s", status, refusal(status));
}

/* Status 200 sends the reply. The call is gone, at the latest when run() returns. */
static void answer(cf_api_call *call, int status)
{
    cf_services *services = services_of(call);
    call->ended = true;
    if (call->own == NULL)
        note_http(call, status);
    cf_turn_spend(&services->turn, call->reply.size / CF_WORK_UNIT_SIZE);
    if (call->done == NULL)
        return;
    if (status == 200)
        call->done(call->user, status, CF_BYTES("application/json"), cf_buffer_bytes(&call->reply));
    else
        call->done(call->user, status, CF_BYTES("text/plain; charset=utf-8"), status_text(status));
}

/* ---- replies of commands ---- */

/* True while the engine is waited for; else the call is gone. */
static bool run(cf_api_call *call);

/* What the engine was asked for is there. */
static void go_on(cf_api_call *call)
{
    call->waiting = false;
    if (!call->running)
        (void)run(call);
}

static void separate(cf_api_call *call)
{
    if (call->reply.size > 1)
        cf_buffer_append_byte(&call->reply, ',');
}

static void begin_reply(cf_api_call *call, cf_trouble trouble)
{
    separate(call);
    cf_wire_begin_reply(&call->reply, call->command.uid, cf_method_of(call->command.method), trouble, true);
}

static void reply_null(void *user, cf_trouble trouble)
{
    cf_api_call *call = user;
    begin_reply(call, trouble);
    cf_buffer_append(&call->reply, CF_BYTES("null"));
    cf_wire_end_reply(&call->reply);
    go_on(call);
}

static void append_data(cf_api_call *call, cf_bytes data)
{
    cf_turn_spend(&services_of(call)->turn, data.size / CF_WORK_UNIT_SIZE);
    cf_buffer_append(&call->reply, data);
}

static void reply_data(void *user, cf_trouble trouble, cf_bytes data)
{
    cf_api_call *call = user;
    begin_reply(call, trouble);
    cf_buffer_append(&call->reply, CF_BYTES("{\"data\":"));
    append_data(call, data);
    cf_buffer_append_byte(&call->reply, '}');
    cf_wire_end_reply(&call->reply);
    go_on(call);
}

static void reply_channel_data(void *user, cf_trouble trouble, cf_bytes data)
{
    cf_api_call *call = user;
    begin_reply(call, trouble);
    cf_buffer_append(&call->reply, CF_BYTES("{\"channel\":"));
    cf_json_write_string(&call->reply, call->params.channel);
    cf_buffer_append(&call->reply, CF_BYTES(",\"data\":"));
    append_data(call, data);
    cf_buffer_append_byte(&call->reply, '}');
    cf_wire_end_reply(&call->reply);
    go_on(call);
}

/* ---- commands: false is fatal for the whole request (server-spec.md 5.1, check 7) ---- */

static bool do_publish(cf_api_call *call)
{
    const cf_params *params = &call->params;
    if (params->channel.size == 0 || params->data.data == NULL)
        return false;
    call->held = cf_node_hold_publish(call->node, params->channel, &call->task);
    if (!call->held)
        cf_node_publish(call->node, params->channel, params->data, params->client, params->uid, reply_null, call);
    return true;
}

static bool has_elements(cf_bytes array)
{
    cf_json_reader reader;
    cf_json_reader_init(&reader, array);
    return array.data != NULL && cf_json_enter_array(&reader) && cf_json_next_element(&reader);
}

static bool do_broadcast(cf_api_call *call)
{
    const cf_params *params = &call->params;
    if (!has_elements(params->channels) || params->data.data == NULL) {
        reply_null(call, CF_TROUBLE_INVALID);
        return true;
    }
    call->broadcasting = true;
    call->broadcast = call->bad_name = CF_TROUBLE_NONE;
    call->waiting = false;
    cf_json_reader_init(&call->channels, params->channels);
    (void)cf_json_enter_array(&call->channels);
    return true;
}

/* The next channel of a broadcast; false when there is none. A null name is an empty one. */
static bool next_channel(cf_api_call *call, cf_bytes *channel)
{
    cf_json_value value;
    if (!cf_json_next_element(&call->channels) || !cf_json_read(&call->channels, &value))
        return false;
    *channel = value.kind == CF_JSON_STRING ? value.raw : (cf_bytes){"", 0};
    if (!value.escaped)
        return true;
    /* behind the decoded parameters: there is room, since it stands among them */
    size_t used = call->params_scratch.size;
    cf_json_decode_string(value.raw, &call->params_scratch);
    *channel = cf_bytes_slice(cf_buffer_bytes(&call->params_scratch), used, call->params_scratch.size);
    cf_buffer_truncate(&call->params_scratch, used);
    return true;
}

/* Bad names stop a broadcast, failures of the engine do not; the first error is told (server-spec.md 5.3). */
static void broadcast_done(void *user, cf_trouble trouble)
{
    cf_api_call *call = user;
    call->open--;
    if (trouble == CF_TROUBLE_NO_NAMESPACE)
        call->bad_name = trouble;
    else if (call->broadcast == CF_TROUBLE_NONE)
        call->broadcast = trouble;
    if (!call->awaits)
        return;
    call->awaits = false;
    go_on(call);
}

static void await_publishes(cf_api_call *call)
{
    call->awaits = call->waiting = true;
}

/* All channels are asked for: the answer comes when all are answered. */
static void end_broadcast(cf_api_call *call)
{
    if (call->open > 0) {
        await_publishes(call);
        return;
    }
    call->broadcasting = false;
    reply_null(call, call->bad_name != CF_TROUBLE_NONE ? call->bad_name : call->broadcast);
}

static void broadcast_to(cf_api_call *call, cf_bytes channel)
{
    call->open++;
    cf_node_publish(call->node, channel, call->params.data, call->params.client, (cf_bytes){0}, broadcast_done, call);
    if (call->open >= CF_API_BROADCAST_OPEN)
        await_publishes(call);
}

static void broadcast_step(cf_api_call *call)
{
    cf_bytes channel;
    cf_json_reader before = call->channels;
    cf_turn_spend(&services_of(call)->turn, CF_WORK_COMMAND);
    if (call->bad_name != CF_TROUBLE_NONE || !next_channel(call, &channel)) {
        call->channels = before;
        end_broadcast(call);
    } else if (channel.size == 0) {
        call->bad_name = CF_TROUBLE_INVALID;
    } else if (cf_node_hold_publish(call->node, channel, &call->task)) {
        call->channels = before;
        call->waiting = true;
    } else {
        broadcast_to(call, channel);
    }
}

static bool do_unsubscribe(cf_api_call *call)
{
    if (call->params.user.size == 0)
        reply_null(call, CF_TROUBLE_INVALID);
    else
        cf_node_unsubscribe(call->node, call->params.user, call->params.channel, reply_null, call);
    return true;
}

static bool do_disconnect(cf_api_call *call)
{
    if (call->params.user.size == 0)
        reply_null(call, CF_TROUBLE_INVALID);
    else
        cf_node_disconnect(call->node, call->params.user, reply_null, call);
    return true;
}

static bool do_presence(cf_api_call *call)
{
    if (call->params.channel.size == 0)
        reply_channel_data(call, CF_TROUBLE_INVALID, CF_BYTES("null"));
    else
        cf_node_presence(call->node, call->params.channel, reply_channel_data, call);
    return true;
}

static bool do_history(cf_api_call *call)
{
    if (call->params.channel.size == 0)
        reply_channel_data(call, CF_TROUBLE_INVALID, CF_BYTES("null"));
    else
        cf_node_history(call->node, call->params.channel, reply_channel_data, call);
    return true;
}

static bool do_channels(cf_api_call *call)
{
    cf_node_channels(call->node, reply_data, call);
    return true;
}

static bool do_stats(cf_api_call *call)
{
    cf_node_stats(call->node, reply_data, call);
    return true;
}

static bool do_node(cf_api_call *call)
{
    cf_node_node(call->node, reply_data, call);
    return true;
}

static bool (*const methods[CF_METHOD_COUNT])(cf_api_call *call) = {
    [CF_METHOD_PUBLISH] = do_publish,       [CF_METHOD_BROADCAST] = do_broadcast, [CF_METHOD_UNSUBSCRIBE] = do_unsubscribe,
    [CF_METHOD_DISCONNECT] = do_disconnect, [CF_METHOD_PRESENCE] = do_presence,   [CF_METHOD_HISTORY] = do_history,
    [CF_METHOD_CHANNELS] = do_channels,     [CF_METHOD_STATS] = do_stats,         [CF_METHOD_NODE] = do_node,
};

/* ---- the loop over the commands ---- */

/* The API's own commands. 200: it is carried out; any other status ends the request. */
static int do_api_command(cf_api_call *call)
{
    cf_method method = cf_method_of(call->command.method);
    cf_buffer_clear(&call->params_scratch);
    if (methods[method] == NULL)
        return call->own != NULL ? 404 : 400;
    if (!cf_buffer_reserve(&call->params_scratch, call->command.params.size + 1) ||
        !cf_wire_params(method, true, call->command.params, &call->params, &call->params_scratch))
        return 400;
    call->waiting = true;
    return methods[method](call) ? 200 : 400;
}

static int do_command(cf_api_call *call)
{
    size_t before = call->reply.size;
    cf_turn_spend(&services_of(call)->turn, CF_WORK_COMMAND);
    if (call->own == NULL)
        return do_api_command(call);
    if (call->done == NULL)
        return 503; /* nobody is there whose command it was */
    separate(call);
    int status = call->own(call->user, &call->command, &call->reply);
    if (status != CF_API_PASS)
        return status;
    cf_buffer_truncate(&call->reply, before);
    return do_api_command(call);
}

static int memory_status(const cf_api_call *call, int status)
{
    return call->text.failed || call->scratch.failed || call->params_scratch.failed || call->reply.failed ? 500 : status;
}

/* Requests grow side by side, each up to CF_API_REPLY_MAX. False when it may not grow any more. */
static bool count_reply(cf_api_call *call)
{
    size_t *replies = &services_of(call)->api_replies;
    *replies += call->reply.size - call->counted;
    call->counted = call->reply.size;
    return *replies <= CF_API_REPLIES_MAX || call->counted <= CF_API_REPLY_SMALL;
}

static void step(cf_api_call *call)
{
    if (!count_reply(call)) {
        answer(call, 503);
        return;
    }
    if (cf_turn_share_is_spent(&services_of(call)->turn) || cf_turn_is_in_debt(&services_of(call)->turn)) {
        call->waiting = true;
        cf_task_queue(&call->task);
        return;
    }
    if (call->broadcasting) {
        broadcast_step(call);
        return;
    }
    if (!call->held && !cf_wire_commands_next(&call->commands, &call->command, &call->scratch)) {
        cf_buffer_append_byte(&call->reply, ']');
        answer(call, memory_status(call, 200));
        return;
    }
    call->held = false;
    int status = do_command(call);
    if (status != 200)
        answer(call, memory_status(call, status));
    else if (call->reply.failed)
        answer(call, 500);
}

static bool run(cf_api_call *call)
{
    call->running = true;
    while (!call->waiting && !call->ended)
        step(call);
    call->running = false;
    if (!call->ended)
        return true;
    free_call(call);
    return false;
}

/* ---- the request ---- */

/* 200: the commands can be carried out. */
static int begin_commands(cf_api_call *call, cf_bytes data)
{
    size_t *bytes = &services_of(call)->api_bytes;
    if (*bytes > 0 && data.size > CF_API_REQUESTS_MAX - *bytes)
        return 503;
    cf_buffer_append(&call->text, data);
    *bytes += call->text.size;
    if (call->text.failed)
        return 500;
    if (cf_wire_commands_begin(&call->commands, cf_buffer_bytes(&call->text), &call->scratch))
        return 200;
    return memory_status(call, call->commands.array ? 200 : 400); /* an array that is valid, but empty */
}

/* The status that the checks 1 to 6 of server-spec.md 5.1 end with. */
static int check(cf_api_call *call, cf_bytes sign, cf_bytes data)
{
    const cf_config *config = services_of(call)->config;
    if (data.size == 0)
        return 400;
    if (!config->insecure_api) {
        cf_sign expected;
        if (sign.size == 0 || config->secret.size == 0)
            return 400;
        cf_sign_api(config->secret, data, expected);
        if (!cf_sign_matches(expected, sign))
            return 401;
    }
    return begin_commands(call, data);
}

static int check_form(cf_api_call *call, const cf_api_request *request)
{
    cf_form_field fields[] = {{.name = CF_BYTES("sign")}, {.name = CF_BYTES("data")}};
    cf_form form = {fields, sizeof fields / sizeof fields[0]};
    cf_form_init(&form, call->allocator);
    int status = 500;
    if (cf_form_read(&form, request->content_type, request->query, request->body))
        status = check(call, cf_buffer_bytes(&fields[0].value), cf_buffer_bytes(&fields[1].value));
    cf_form_free(&form);
    return status;
}

static bool is_json(cf_bytes content_type)
{
    static const cf_bytes json = {"application/json", 16};
    return cf_bytes_equal_fold(cf_bytes_slice(content_type, 0, json.size), json);
}

static void on_turn(cf_task *task)
{
    go_on(CF_CONTAINER(task, cf_api_call, task));
}

/* The node is freed. */
static void on_drop(cf_task *task)
{
    cf_api_call *call = CF_CONTAINER(task, cf_api_call, task);
    answer(call, 503);
    free_call(call);
}

/* NULL without memory. */
static cf_api_call *new_call(cf_node *node, cf_api_own own, cf_api_done done, void *user)
{
    cf_services *services = cf_node_services(node);
    cf_api_call *call = cf_alloc_zero(services->allocator, 1, sizeof(*call));
    if (call == NULL)
        return NULL;
    cf_task_init(&call->task, &services->turn, on_turn, on_drop);
    call->node = node;
    call->allocator = services->allocator;
    call->own = own;
    call->done = done;
    call->user = user;
    call->started = microseconds(services);
    cf_buffer_init(&call->text, call->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&call->scratch, call->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&call->params_scratch, call->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&call->reply, call->allocator, CF_API_REPLY_MAX);
    cf_buffer_append_byte(&call->reply, '[');
    return call;
}

static cf_api_call *begin(cf_api_call *call, int status)
{
    if (status != 200)
        answer(call, status);
    return run(call) ? call : NULL;
}

/* False: `done` was called. */
static bool is_made(const cf_api_call *call, cf_api_done done, void *user)
{
    if (call == NULL)
        done(user, 500, CF_BYTES("text/plain; charset=utf-8"), status_text(500));
    return call != NULL;
}

cf_api_call *cf_api_handle(cf_node *node, const cf_api_request *request, cf_api_done done, void *user)
{
    cf_services *services = cf_node_services(node);
    services->metrics->http_api_num_requests++;
    cf_api_call *call = new_call(node, NULL, done, user);
    if (!is_made(call, done, user))
        return NULL;
    cf_turn_spend(&services->turn, CF_WORK_REQUEST);
    bool json = is_json(request->content_type);
    return begin(call, json ? check(call, request->sign_header, request->body) : check_form(call, request));
}

cf_api_call *cf_api_carry_out(cf_node *node, cf_bytes commands, cf_api_own own, cf_api_done done, void *user)
{
    cf_api_call *call = new_call(node, own, done, user);
    return is_made(call, done, user) ? begin(call, begin_commands(call, commands)) : NULL;
}

void cf_api_cancel(cf_api_call *call)
{
    call->done = NULL;
}
