#include "server/engine/redis/shard.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "server/engine/redis/command.h"
#include "server/engine/redis/key.h"

#define LOG_LINE_MAX 512
#define QUIET        5000 /* ms between two lines about refused commands */
#define TRIES_MAX    3    /* of one command */

static cf_redis_operation *of(cf_list *link)
{
    return CF_CONTAINER(link, cf_redis_operation, link);
}

/* ---- the log ------------------------------------------------------------- */

void cf_redis_shard_log(const cf_redis_shard *shard, cf_server_log level, const char *format, ...)
{
    const cf_server_environment *environment = shard->common->environment;
    char text[LOG_LINE_MAX];
    char line[LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (shard->place.host != NULL)
        (void)snprintf(line, sizeof line, "Redis %s:%d %.400s", shard->place.host, shard->place.port, text);
    else
        (void)snprintf(line, sizeof line, "Redis master '%.60s' %.400s", shard->sentinel.master.data, text);
    if (environment->log != NULL)
        environment->log(environment->user, level, cf_bytes_of(line));
}

void cf_redis_shard_tell_lost(cf_redis_shard *shard, const char *why)
{
    if (shard->told_down)
        return;
    shard->told_down = true;
    cf_redis_shard_log(shard, CF_SERVER_ERROR, "cannot be used: %s; it is tried until it can", why);
}

/* What a Redis Cluster says to who does not know which of its nodes has a key. */
static bool is_of_cluster(const char *error)
{
    static const char *const errors[] = {"CROSSSLOT ", "MOVED ", "ASK ", "CLUSTERDOWN "};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (strncmp(error, errors[i], strlen(errors[i])) == 0)
            return true;
    }
    return false;
}

static void tell_refused(cf_redis_shard *shard, const char *why)
{
    const char *hint = is_of_cluster(why) ? "; it is a Redis Cluster: give servers that are none, or Sentinel" : "";
    if (shard->common->now < shard->common->quiet_until)
        return;
    shard->common->quiet_until = cf_time_after(shard->common->now, QUIET);
    cf_redis_shard_log(shard, CF_SERVER_ERROR, "refuses a command: %.200s%s", why, hint);
}

/* ---- operations ----------------------------------------------------------- */

cf_redis_operation *cf_redis_operation_new(cf_redis_shard *shard, const cf_buffer *command, cf_bytes note)
{
    if (command->failed || shard->bytes + command->size > CF_REDIS_COMMANDS_MAX)
        return NULL;
    cf_redis_operation *made = cf_alloc_zero(shard->common->allocator, 1, sizeof *made + command->size + note.size);
    if (made == NULL)
        return NULL;
    made->shard = shard;
    made->script = CF_REDIS_SCRIPT_COUNT;
    made->replies = 1;
    made->size = command->size;
    made->note_size = note.size;
    if (command->size > 0)
        memcpy(made->text, command->data, command->size);
    if (note.size > 0)
        memcpy(made->text + command->size, note.data, note.size);
    shard->bytes += command->size;
    return made;
}

cf_bytes cf_redis_operation_note(const cf_redis_operation *operation)
{
    return cf_bytes_make(operation->text + operation->size, operation->note_size);
}

void cf_redis_operation_free(cf_redis_operation *gone)
{
    cf_list_remove(&gone->link);
    gone->shard->bytes -= gone->size;
    if (gone->reply != NULL)
        freeReplyObject(gone->reply);
    cf_free(gone->shard->common->allocator, gone);
}

static void free_all(cf_list *list)
{
    while (!cf_list_empty(list))
        cf_redis_operation_free(of(list->next));
}

void cf_redis_shard_finish(cf_redis_operation *operation, cf_engine_status status)
{
    cf_list_remove(&operation->link);
    operation->answer(operation, status, status == CF_ENGINE_OK ? operation->reply : NULL);
    cf_redis_operation_free(operation);
}

void cf_redis_shard_fail_all(cf_list *list)
{
    while (!cf_list_empty(list))
        cf_redis_shard_finish(of(list->next), CF_ENGINE_UNAVAILABLE);
}

cf_time cf_redis_shard_fail_late(cf_redis_shard *shard, cf_list *list)
{
    while (!cf_list_empty(list) && of(list->next)->deadline <= shard->common->now)
        cf_redis_shard_finish(of(list->next), CF_ENGINE_UNAVAILABLE);
    return cf_list_empty(list) ? CF_TIME_NEVER : of(list->next)->deadline;
}

static void ignore(cf_redis_operation *operation, cf_engine_status status, const redisReply *reply)
{
    (void)operation;
    (void)status;
    (void)reply;
}

/* ---- sending --------------------------------------------------------------- */

bool cf_redis_shard_is_up(const cf_redis_shard *shard)
{
    return shard->commands_ready && shard->stream_ready;
}

static void send_operation(cf_redis_shard *shard, cf_redis_operation *operation)
{
    operation->tries++;
    operation->replies = 1;
    if (operation->marked) {
        shard->wants_mark = true;
        operation->mark = shard->mark_sent + 1;
    }
    cf_buffer_append(&shard->commands.out, cf_bytes_make(operation->text, operation->size));
    cf_list_append(&shard->sent, &operation->link);
    if (shard->unanswered == &shard->sent)
        shard->unanswered = &operation->link;
}

static void send_waiting(cf_redis_shard *shard)
{
    cf_list *link;
    while (cf_redis_shard_is_up(shard) && shard->held_by == 0 && (link = cf_list_take(&shard->waiting)) != NULL)
        send_operation(shard, of(link));
}

void cf_redis_shard_do(cf_redis_shard *shard, cf_redis_operation *operation)
{
    operation->deadline = cf_time_after(shard->common->now, shard->place.connect_timeout);
    cf_list_append(&shard->waiting, &operation->link);
    send_waiting(shard);
}

/* False without memory. */
static bool send_own(cf_redis_shard *shard, cf_buffer *command, cf_redis_answer answer)
{
    cf_redis_operation *own = cf_redis_operation_new(shard, command, (cf_bytes){NULL, 0});
    cf_buffer_free(command);
    if (own == NULL)
        return false;
    own->answer = answer;
    send_operation(shard, own);
    return true;
}

static bool send_script(cf_redis_shard *shard, cf_redis_script script, cf_redis_answer answer)
{
    cf_buffer command;
    cf_buffer_init(&command, shard->common->allocator, CF_BUFFER_NO_LIMIT);
    cf_redis_begin(&command, 3);
    cf_redis_add(&command, CF_BYTES("SCRIPT"));
    cf_redis_add(&command, CF_BYTES("LOAD"));
    cf_redis_add(&command, cf_redis_script_text(script));
    return send_own(shard, &command, answer);
}

static void send_mark(cf_redis_shard *shard)
{
    cf_buffer command;
    cf_buffer_init(&command, shard->common->allocator, CF_BUFFER_NO_LIMIT);
    cf_redis_begin(&command, 3);
    cf_redis_add(&command, CF_BYTES("PUBLISH"));
    cf_redis_add_topic(&command, shard->common->prefix, CF_REDIS_MARK, shard->common->node);
    cf_redis_add_int(&command, shard->mark_sent + 1);
    if (!send_own(shard, &command, ignore))
        return;
    shard->mark_sent++;
    shard->wants_mark = false;
    shard->marks_at = cf_time_after(shard->common->now, shard->place.read_timeout / 3);
}

/* ---- answers ---------------------------------------------------------------- */

/* What a node hears of its own must have come before the answer: those that wait for their mark hold up all behind them. */
static void settle(cf_redis_shard *shard)
{
    while (shard->sent.next != shard->unanswered && of(shard->sent.next)->mark <= shard->mark_come) {
        cf_redis_operation *done = of(shard->sent.next);
        cf_redis_shard_finish(done, done->reply != NULL ? CF_ENGINE_OK : CF_ENGINE_UNAVAILABLE);
    }
}

void cf_redis_shard_go_on(cf_redis_shard *shard)
{
    if (cf_redis_shard_is_up(shard) && shard->told_down)
        cf_redis_shard_log(shard, CF_SERVER_INFO, "can be used again");
    if (cf_redis_shard_is_up(shard))
        shard->told_down = false;
    settle(shard);
    send_waiting(shard);
}

static bool is_script_lost(const cf_redis_operation *operation, const char *error)
{
    return operation->script != CF_REDIS_SCRIPT_COUNT && operation->tries < TRIES_MAX &&
           strncmp(error, "NOSCRIPT", strlen("NOSCRIPT")) == 0;
}

static size_t count_unanswered(const cf_redis_shard *shard)
{
    size_t count = 0;
    for (const cf_list *link = shard->unanswered; link != &shard->sent; link = link->next)
        count++;
    return count;
}

/*
 * What was sent behind it may be repeated, too, and has to come before anything new: operations keep their order. (Not where
 * another node loads the script between two of them.)
 */
static bool repeat(cf_redis_shard *shard, cf_redis_operation *operation)
{
    size_t behind = count_unanswered(shard);
    if (!send_script(shard, operation->script, ignore))
        return false;
    if (shard->held_by == 0)
        shard->held_by = behind + 1; /* this reply counts, too */
    cf_list_remove(&operation->link);
    send_operation(shard, operation);
    return true;
}

static void refused(cf_redis_shard *shard, cf_redis_operation *operation, const char *error)
{
    if (!shard->commands_ready) {
        cf_redis_line_give_up(&shard->commands, error);
        return;
    }
    if (!is_script_lost(operation, error) || !repeat(shard, operation))
        tell_refused(shard, error);
}

static void on_reply(cf_redis_line *line, redisReply **reply)
{
    cf_redis_shard *shard = CF_CONTAINER(line, cf_redis_shard, commands);
    if (shard->unanswered == &shard->sent) {
        cf_redis_line_give_up(line, "an answer came that nobody asked for");
        return;
    }
    cf_redis_operation *answered = of(shard->unanswered);
    bool failed = (*reply)->type == REDIS_REPLY_ERROR;
    answered->replies--; /* only a greeting has several */
    if (answered->replies > 0 && !failed && !cf_redis_is_replica(*reply))
        return;
    shard->unanswered = shard->unanswered->next;
    if (!shard->commands_ready && cf_redis_is_replica(*reply)) {
        cf_redis_line_give_up(line, "it is no master");
    } else if (failed) {
        refused(shard, answered, (*reply)->str);
    } else {
        answered->reply = *reply;
        *reply = NULL;
    }
    shard->held_by -= shard->held_by > 0;
    settle(shard);
    send_waiting(shard);
}

/* ---- the line's life --------------------------------------------------------- */

/* `argument` empty: there is none. */
static size_t add_command(cf_buffer *out, const char *name, cf_bytes argument)
{
    cf_redis_begin(out, argument.size > 0 ? 2 : 1);
    cf_redis_add(out, cf_bytes_of(name));
    if (argument.size > 0)
        cf_redis_add(out, argument);
    return 1;
}

size_t cf_redis_write_greeting(const cf_redis_shard *shard, cf_buffer *out)
{
    size_t replies = 0;
    if (shard->password.size > 0)
        replies += add_command(out, "AUTH", shard->password);
    if (!cf_bytes_equal(shard->database, CF_BYTES("0")))
        replies += add_command(out, "SELECT", shard->database);
    if (shard->sentinel.all != NULL)
        replies += add_command(out, "ROLE", CF_BYTES(""));
    return replies;
}

bool cf_redis_shard_greet(cf_redis_shard *shard, cf_redis_line *line, cf_list *list)
{
    cf_buffer command;
    cf_buffer_init(&command, shard->common->allocator, CF_BUFFER_NO_LIMIT);
    size_t replies = cf_redis_write_greeting(shard, &command);
    cf_redis_operation *greeting = cf_redis_operation_new(shard, &command, (cf_bytes){NULL, 0});
    cf_buffer_free(&command);
    if (greeting == NULL)
        return false;
    if (replies == 0) {
        cf_redis_operation_free(greeting);
        return true;
    }
    greeting->answer = ignore;
    greeting->replies = replies;
    cf_buffer_append(&line->out, cf_bytes_make(greeting->text, greeting->size));
    cf_list_append(list, &greeting->link);
    return true;
}

bool cf_redis_is_replica(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0 || reply->element[0]->type != REDIS_REPLY_STRING)
        return false;
    cf_bytes role = cf_bytes_make(reply->element[0]->str, reply->element[0]->len);
    return cf_bytes_equal(role, CF_BYTES("slave")) || cf_bytes_equal(role, CF_BYTES("sentinel"));
}

static void on_greeted(cf_redis_operation *operation, cf_engine_status status, const redisReply *reply)
{
    cf_redis_shard *shard = operation->shard;
    (void)reply;
    if (status != CF_ENGINE_OK)
        return;
    shard->commands_ready = true;
    cf_redis_line_is_good(&shard->commands);
    cf_redis_shard_go_on(shard);
}

static void on_opened(cf_redis_line *line)
{
    cf_redis_shard *shard = CF_CONTAINER(line, cf_redis_shard, commands);
    bool sent = cf_redis_shard_greet(shard, line, &shard->sent);
    shard->unanswered = shard->sent.next;
    for (int script = 0; sent && script < CF_REDIS_SCRIPT_COUNT; script++)
        sent = send_script(shard, (cf_redis_script)script, script + 1 < CF_REDIS_SCRIPT_COUNT ? ignore : on_greeted);
    if (!sent)
        cf_redis_line_give_up(line, "out of memory");
}

/* What may be sent twice waits in front of all others. */
static void keep_repeatable(cf_redis_shard *shard, cf_list *lost)
{
    for (cf_list *link = lost->previous, *previous; link != lost; link = previous) {
        cf_redis_operation *operation = of(link);
        previous = link->previous;
        if (!operation->repeatable || operation->tries >= TRIES_MAX)
            continue;
        if (operation->reply != NULL)
            freeReplyObject(operation->reply);
        operation->reply = NULL;
        operation->deadline = cf_time_after(shard->common->now, shard->place.connect_timeout);
        cf_list_remove(link);
        cf_list_prepend(&shard->waiting, link);
    }
}

static void move_all(cf_list *from, cf_list *to)
{
    cf_list *link;
    while ((link = cf_list_take(from)) != NULL)
        cf_list_append(to, link);
}

static void on_lost(cf_redis_line *line, const char *why)
{
    cf_redis_shard *shard = CF_CONTAINER(line, cf_redis_shard, commands);
    cf_list lost;
    shard->commands_ready = false;
    cf_redis_shard_tell_lost(shard, why);
    cf_list_init(&lost);
    move_all(&shard->sent, &lost);
    shard->unanswered = &shard->sent;
    shard->held_by = 0;
    shard->mark_come = shard->mark_sent; /* those that are under way may never come */
    keep_repeatable(shard, &lost);
    cf_redis_shard_fail_all(&lost);
}

/* ---- the master, where Sentinel tells it ------------------------------------ */

static void on_found(cf_redis_sentinel *sentinel, cf_bytes host, int port)
{
    cf_redis_shard *shard = CF_CONTAINER(sentinel, cf_redis_shard, sentinel);
    if (shard->place.host != NULL && cf_bytes_equal(cf_bytes_of(shard->master), host) && shard->place.port == port)
        return;
    memcpy(shard->master, host.data, host.size);
    shard->master[host.size] = 0;
    shard->place.host = shard->master;
    shard->place.port = port;
    shard->moves++;
    cf_redis_line_move(&shard->commands);
    cf_redis_line_move(&shard->stream);
    cf_redis_shard_log(shard, CF_SERVER_INFO, "is the master '%.60s'", sentinel->master.data);
}

static void on_failed(cf_redis_sentinel *sentinel, const char *why)
{
    cf_redis_shard *shard = CF_CONTAINER(sentinel, cf_redis_shard, sentinel);
    char text[LOG_LINE_MAX];
    (void)snprintf(text, sizeof text, "Sentinel %.255s:%d: %.100s", sentinel->place.host, sentinel->place.port, why);
    if (!cf_redis_shard_is_up(shard))
        cf_redis_shard_tell_lost(shard, text);
}

/* ---- the shard ---------------------------------------------------------------- */

void cf_redis_shard_init(cf_redis_shard *shard, cf_redis_common *common, uint32_t seed)
{
    static const cf_redis_line_ops ops = {on_opened, on_reply, on_lost};
    shard->common = common;
    cf_list_init(&shard->waiting);
    cf_list_init(&shard->sent);
    shard->unanswered = &shard->sent;
    cf_redis_line_init(&shard->commands, &ops, &common->driver, &shard->place, common->allocator, common->now);
    cf_redis_stream_init(shard, seed);
    shard->sentinel.found = on_found;
    shard->sentinel.failed = on_failed;
    cf_redis_queue_init(&shard->queue, shard);
    if (shard->sentinel.all != NULL)
        cf_redis_sentinel_init(&shard->sentinel, &common->driver, common->allocator, common->now);
}

void cf_redis_shard_free(cf_redis_shard *shard)
{
    cf_redis_line_free(&shard->commands);
    free_all(&shard->waiting);
    free_all(&shard->sent);
    free_all(&shard->stream_calls);
    free_all(&shard->subscribing);
    cf_redis_stream_free(shard);
    cf_redis_queue_free(&shard->queue);
    if (shard->sentinel.all != NULL)
        cf_redis_sentinel_free(&shard->sentinel);
}

static cf_time next_mark(cf_redis_shard *shard)
{
    if (!cf_redis_shard_is_up(shard))
        return CF_TIME_NEVER;
    if (shard->wants_mark || shard->marks_at <= shard->common->now)
        send_mark(shard);
    return shard->marks_at;
}

cf_time cf_redis_shard_advance(cf_redis_shard *shard, cf_time now)
{
    cf_time next = CF_TIME_NEVER;
    if (shard->sentinel.all != NULL)
        next = cf_redis_sentinel_advance(&shard->sentinel, now, !cf_redis_shard_is_up(shard));
    next = cf_time_earlier(next, cf_redis_stream_advance(shard, now));
    next = cf_time_earlier(next, next_mark(shard));
    if (shard->unanswered != &shard->sent)
        cf_redis_line_expect(&shard->commands);
    next = cf_time_earlier(next, cf_redis_line_advance(&shard->commands, now));
    cf_redis_line_flush(&shard->commands);
    next = cf_time_earlier(next, cf_redis_queue_advance(&shard->queue, now));
    return cf_time_earlier(next, cf_redis_shard_fail_late(shard, &shard->waiting));
}
