#include "server/api/api.h"

#include "server/api/form.h"
#include "server/api/replies.h"
#include "wire/v1/sign.h"

/* Larger answers are refused with 500: one request may ask for any number of histories. In bytes. */
#define CF_API_REPLY_MAX (64 * 1024 * 1024)
/* Publishes of one broadcast that a remote engine is asked for at a time. */
#define CF_API_BROADCAST_OPEN 1000
/*
 * Commands of one request that may be under way to the engine together: bytes of their parameters, and so many more for
 * each; the larger number is for those whose answer may be large.
 */
#define CF_API_UNDER_WAY_MAX   ((size_t)64 * 1024)
#define CF_API_COMMAND_WEIGHT  256
#define CF_API_QUESTION_WEIGHT 4096

/*
 * One request: its commands are carried out in their order by run(). The engine answers at once, or later. Publishes do not
 * wait for the answers of publishes before them, as the engine keeps their order, nor questions for those of questions; any
 * other command waits for all before it, and run() is called again. So it is when the share of a turn is spent, or subscribers
 * are behind: the rest waits as a task.
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
    cf_api_replies replies;
    size_t counted; /* bytes of them in services->api_replies */
    cf_wire_commands commands;
    cf_wire_command command;
    cf_params params;
    cf_json_reader channels;      /* of a broadcast: what is left of them */
    cf_api_command *broadcasting; /* NULL: none is */
    cf_trouble broadcast;         /* the first trouble of its channels */
    cf_trouble bad_name;          /* where there is one no channel behind it is asked for */
    size_t open;                  /* its publishes that are not answered yet */
    int status;                   /* not 200: no more commands are carried out */
    bool is_read;                 /* the command, which is still to be carried out */
    bool awaits;                  /* the engine: it goes on when something is answered */
    bool running;                 /* inside run(): it goes on there */
    bool waiting;                 /* for the engine, or as a task */
    bool ended;                   /* answered, or nobody waits for an answer any more */
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
    cf_api_replies_free(&call->replies);
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
    cf_turn_spend(&services->turn, call->replies.text.size / CF_WORK_UNIT_SIZE);
    if (call->done == NULL)
        return;
    if (status == 200)
        call->done(call->user, status, CF_BYTES("application/json"), cf_buffer_bytes(&call->replies.text));
    else
        call->done(call->user, status, CF_BYTES("text/plain; charset=utf-8"), status_text(status));
}

/* ---- replies of commands ---- */

/* True while the engine is waited for; else the call is gone. */
static bool run(cf_api_call *call);

static void go_on(cf_api_call *call)
{
    call->waiting = false;
    if (!call->running)
        (void)run(call);
}

/* It goes on when the engine has answered something. */
static void await_engine(cf_api_call *call)
{
    call->awaits = call->waiting = true;
}

static void engine_answered(cf_api_call *call)
{
    if (!call->awaits)
        return;
    call->awaits = false;
    go_on(call);
}

static cf_buffer *begin_reply(cf_api_command *command, cf_trouble trouble)
{
    cf_api_call *call = command->call;
    cf_buffer *reply = cf_api_replies_place(&call->replies, command);
    cf_wire_begin_reply(reply, command->uid, command->method, trouble, true);
    return reply;
}

static void end_reply(cf_api_command *command, cf_buffer *reply)
{
    cf_api_call *call = command->call;
    cf_wire_end_reply(reply);
    cf_api_replies_done(&call->replies, command);
    engine_answered(call);
}

static void reply_null(void *user, cf_trouble trouble)
{
    cf_buffer *reply = begin_reply(user, trouble);
    cf_buffer_append(reply, CF_BYTES("null"));
    end_reply(user, reply);
}

static void append_data(const cf_api_command *command, cf_buffer *reply, cf_bytes data)
{
    cf_turn_spend(&services_of(command->call)->turn, data.size / CF_WORK_UNIT_SIZE);
    cf_buffer_append(reply, data);
}

static void reply_data(void *user, cf_trouble trouble, cf_bytes data)
{
    cf_buffer *reply = begin_reply(user, trouble);
    cf_buffer_append(reply, CF_BYTES("{\"data\":"));
    append_data(user, reply, data);
    cf_buffer_append_byte(reply, '}');
    end_reply(user, reply);
}

static void reply_channel_data(void *user, cf_trouble trouble, cf_bytes data)
{
    const cf_api_command *command = user;
    cf_buffer *reply = begin_reply(user, trouble);
    cf_buffer_append(reply, CF_BYTES("{\"channel\":"));
    cf_json_write_string(reply, command->channel);
    cf_buffer_append(reply, CF_BYTES(",\"data\":"));
    append_data(command, reply, data);
    cf_buffer_append_byte(reply, '}');
    end_reply(user, reply);
}

/* ---- commands: false is fatal for the whole request (server-spec.md 5.1, check 7) ---- */

static bool do_publish(cf_api_call *call, cf_api_command *command)
{
    const cf_params *params = &call->params;
    if (params->channel.size == 0 || params->data.data == NULL)
        return false;
    call->waiting = call->is_read = cf_node_hold_publish(call->node, params->channel, &call->task);
    if (!call->waiting)
        cf_node_publish(call->node, params->channel, params->data, params->client, params->uid, reply_null, command);
    return true;
}

static bool has_elements(cf_bytes array)
{
    cf_json_reader reader;
    cf_json_reader_init(&reader, array);
    return array.data != NULL && cf_json_enter_array(&reader) && cf_json_next_element(&reader);
}

static bool do_broadcast(cf_api_call *call, cf_api_command *command)
{
    const cf_params *params = &call->params;
    if (!has_elements(params->channels) || params->data.data == NULL) {
        reply_null(command, CF_TROUBLE_INVALID);
        return true;
    }
    call->broadcasting = command;
    call->broadcast = call->bad_name = CF_TROUBLE_NONE;
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
    engine_answered(call);
}

/* All channels are asked for: the answer comes when all are answered. */
static void end_broadcast(cf_api_call *call)
{
    cf_api_command *command = call->broadcasting;
    if (call->open > 0) {
        await_engine(call);
        return;
    }
    call->broadcasting = NULL;
    reply_null(command, call->bad_name != CF_TROUBLE_NONE ? call->bad_name : call->broadcast);
}

static void broadcast_to(cf_api_call *call, cf_bytes channel)
{
    call->open++;
    cf_node_publish(call->node, channel, call->params.data, call->params.client, (cf_bytes){0}, broadcast_done, call);
    if (call->open >= CF_API_BROADCAST_OPEN)
        await_engine(call);
}

static void broadcast_step(cf_api_call *call)
{
    cf_bytes channel;
    cf_json_reader before = call->channels;
    cf_turn_spend(&services_of(call)->turn, CF_WORK_COMMAND);
    if (call->status != 200 || call->bad_name != CF_TROUBLE_NONE || !next_channel(call, &channel)) {
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

static bool do_unsubscribe(cf_api_call *call, cf_api_command *command)
{
    if (call->params.user.size == 0)
        reply_null(command, CF_TROUBLE_INVALID);
    else
        cf_node_unsubscribe(call->node, call->params.user, call->params.channel, reply_null, command);
    return true;
}

static bool do_disconnect(cf_api_call *call, cf_api_command *command)
{
    if (call->params.user.size == 0)
        reply_null(command, CF_TROUBLE_INVALID);
    else
        cf_node_disconnect(call->node, call->params.user, reply_null, command);
    return true;
}

static bool do_presence(cf_api_call *call, cf_api_command *command)
{
    if (call->params.channel.size == 0)
        reply_channel_data(command, CF_TROUBLE_INVALID, CF_BYTES("null"));
    else
        cf_node_presence(call->node, call->params.channel, reply_channel_data, command);
    return true;
}

static bool do_history(cf_api_call *call, cf_api_command *command)
{
    if (call->params.channel.size == 0)
        reply_channel_data(command, CF_TROUBLE_INVALID, CF_BYTES("null"));
    else
        cf_node_history(call->node, call->params.channel, reply_channel_data, command);
    return true;
}

static bool do_channels(cf_api_call *call, cf_api_command *command)
{
    cf_node_channels(call->node, reply_data, command);
    return true;
}

static bool do_stats(cf_api_call *call, cf_api_command *command)
{
    cf_node_stats(call->node, reply_data, command);
    return true;
}

static bool do_node(cf_api_call *call, cf_api_command *command)
{
    cf_node_node(call->node, reply_data, command);
    return true;
}

static bool (*const methods[CF_METHOD_COUNT])(cf_api_call *call, cf_api_command *command) = {
    [CF_METHOD_PUBLISH] = do_publish,       [CF_METHOD_BROADCAST] = do_broadcast, [CF_METHOD_UNSUBSCRIBE] = do_unsubscribe,
    [CF_METHOD_DISCONNECT] = do_disconnect, [CF_METHOD_PRESENCE] = do_presence,   [CF_METHOD_HISTORY] = do_history,
    [CF_METHOD_CHANNELS] = do_channels,     [CF_METHOD_STATS] = do_stats,         [CF_METHOD_NODE] = do_node,
};

/* ---- the loop over the commands ---- */

static bool is_question(cf_method method)
{
    return method == CF_METHOD_PRESENCE || method == CF_METHOD_HISTORY;
}

/* May the command begin beside those that are under way? */
static bool may_begin(const cf_api_call *call)
{
    const cf_api_command *first = cf_api_replies_first(&call->replies);
    cf_method method = cf_method_of(call->command.method);
    if (first == NULL)
        return true;
    if (call->own != NULL || call->replies.weight >= CF_API_UNDER_WAY_MAX)
        return false;
    return is_question(method) ? is_question(first->method) : method == CF_METHOD_PUBLISH && first->method == CF_METHOD_PUBLISH;
}

static int carry_out(cf_api_call *call, cf_method method)
{
    cf_api_command *command = cf_api_replies_begin(&call->replies, call, call->command.uid, method);
    size_t weight = is_question(method) ? CF_API_QUESTION_WEIGHT : CF_API_COMMAND_WEIGHT;
    if (command == NULL)
        return 500;
    command->channel = call->params.channel;
    bool good = methods[method](call, command);
    if (good && !call->is_read)
        cf_api_replies_keep(&call->replies, command, weight + call->command.params.size);
    else
        cf_api_replies_forget(&call->replies, command);
    return good ? 200 : 400;
}

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
    return carry_out(call, method);
}

static int do_command(cf_api_call *call)
{
    cf_buffer *text = &call->replies.text;
    size_t before = text->size;
    cf_turn_spend(&services_of(call)->turn, CF_WORK_COMMAND);
    call->is_read = false;
    if (call->own == NULL)
        return do_api_command(call);
    if (call->done == NULL)
        return 503; /* nobody is there whose command it was */
    cf_api_replies_separate(text);
    int status = call->own(call->user, &call->command, text);
    if (status != CF_API_PASS)
        return status;
    cf_buffer_truncate(text, before);
    return do_api_command(call);
}

static int memory_status(const cf_api_call *call, int status)
{
    bool failed = call->text.failed || call->scratch.failed || call->params_scratch.failed || call->replies.text.failed;
    return failed ? 500 : status;
}

/* Requests grow side by side, each up to CF_API_REPLY_MAX. */
static int count_replies(cf_api_call *call)
{
    size_t *replies = &services_of(call)->api_replies;
    size_t size = call->replies.text.size + call->replies.aside;
    *replies += size - call->counted;
    call->counted = size;
    if (call->replies.text.failed)
        return 500;
    return *replies <= CF_API_REPLIES_MAX || size <= CF_API_REPLY_SMALL ? 200 : 503;
}

/* All commands are carried out, or no more of them will be: the answer comes when those that are under way are answered. */
static void finish(cf_api_call *call)
{
    if (cf_api_replies_first(&call->replies) != NULL) {
        await_engine(call);
        return;
    }
    cf_buffer_append_byte(&call->replies.text, ']');
    answer(call, memory_status(call, call->status));
}

static bool has_command(cf_api_call *call)
{
    if (!call->is_read)
        call->is_read = cf_wire_commands_next(&call->commands, &call->command, &call->scratch);
    return call->is_read;
}

static void go_ahead(cf_api_call *call)
{
    if (call->broadcasting != NULL)
        broadcast_step(call);
    else if (call->status != 200 || !has_command(call))
        finish(call);
    else if (!may_begin(call))
        await_engine(call);
    else
        call->status = do_command(call);
}

static void step(cf_api_call *call)
{
    const cf_turn *turn = &services_of(call)->turn;
    if (call->status == 200)
        call->status = count_replies(call);
    if (call->status != 200 || (!cf_turn_share_is_spent(turn) && !cf_turn_is_in_debt(turn))) {
        go_ahead(call);
        return;
    }
    call->waiting = true;
    cf_task_queue(&call->task);
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
    call->status = 200;
    call->started = microseconds(services);
    cf_buffer_init(&call->text, call->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&call->scratch, call->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&call->params_scratch, call->allocator, CF_BUFFER_NO_LIMIT);
    cf_api_replies_init(&call->replies, call->allocator, CF_API_REPLY_MAX);
    return call;
}

static cf_api_call *begin(cf_api_call *call, int status)
{
    call->status = status;
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
