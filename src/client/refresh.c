#include "client/refresh.h"

#include "client/batch.h"
#include "client/pause.h"
#include "client/queue.h"
#include "client/settings.h"

/*
 * New credentials: client-spec.md 12. A refresh is planned while there is a connection that expires, or none because the
 * credentials have (D14). One that runs goes on when the connection is lost, for the next one needs credentials, too; it ends
 * when there is to be none (D12, D13).
 */

#define JITTER       1000 /* milliseconds, added to the pause between attempts */
#define TTL_MIN      1    /* seconds; a server that says less would be asked in a tight loop */
#define TTL_MAX      (INT64_MAX / 1000)
#define COMMAND_SIZE 128 /* bytes of a refresh command besides the credentials, about */

void cf_refresh_init(cf_client *client)
{
    client->refresh.at = client->refresh.deadline = CF_TIME_NEVER;
}

/* ---- planning ---------------------------------------------------------------------------- */

static void plan(cf_client *client, cf_time now, int64_t ttl)
{
    if (ttl < TTL_MIN)
        ttl = TTL_MIN;
    if (ttl > TTL_MAX)
        ttl = TTL_MAX;
    client->refresh.at = cf_time_after(now, ttl * 1000);
}

static void plan_another(cf_client *client, cf_time now)
{
    uint64_t random = client->environment.random(client->environment.user);
    int64_t jitter = (int64_t)((random * (JITTER + 1)) >> 32);
    client->refresh.at = cf_time_after(cf_time_after(now, client->settings->options.refresh_interval), jitter);
    if (client->refresh.at < client->refresh.not_before)
        client->refresh.at = client->refresh.not_before;
}

static cf_verdict give_up(cf_client *client)
{
    client->refresh.failures = 0;
    cf_bytes hint =
        client->settings->options.can_refresh ? CF_BYTES("") : CF_BYTES("neither refresh nor refresh_endpoint is set");
    cf_log_text(client, CF_LOG_ERROR, CF_BYTES("the credentials could not be refreshed"), hint);
    return CF_VERDICT_GIVE_UP;
}

/* None waits: there was a connection since the last one, whose opening stood behind it. */
void cf_refresh_tell_failed(cf_client *client)
{
    cf_queue_append(client, &client->refresh.failed, CF_PENDING_REFRESH_FAILED);
}

static cf_verdict start_refresh(cf_client *client, cf_time now)
{
    cf_refresh *refresh = &client->refresh;
    refresh->at = CF_TIME_NEVER;
    if (refresh->id != 0)
        return CF_VERDICT_NONE; /* one runs already and plans what follows */
    if (!client->settings->options.can_refresh && client->state == CF_CLIENT_CONNECTED)
        return CF_VERDICT_NONE; /* until the server has enough of it; there may be other credentials by then */
    if (!client->settings->options.can_refresh || client->settings->options.refresh_attempts == 0)
        return give_up(client);
    refresh->id = refresh->request.number = cf_client_next_request(client);
    refresh->deadline = cf_time_after(now, client->settings->options.refresh_timeout);
    cf_queue_append(client, &refresh->request, CF_PENDING_REFRESH);
    return CF_VERDICT_NONE;
}

static cf_verdict fail_attempt(cf_client *client, cf_time now, cf_bytes why)
{
    cf_refresh *refresh = &client->refresh;
    int64_t attempts = client->settings->options.refresh_attempts;
    cf_log_text(client, CF_LOG_WARNING, CF_BYTES("an attempt to refresh the credentials failed"), why);
    refresh->failures += refresh->failures < INT64_MAX;
    if (attempts >= 0 && refresh->failures >= attempts)
        return give_up(client);
    plan_another(client, now);
    return CF_VERDICT_NONE;
}

static void forget_request(cf_client *client)
{
    client->refresh.id = 0;
    client->refresh.deadline = CF_TIME_NEVER;
}

static void cancel_request(cf_client *client)
{
    cf_refresh *refresh = &client->refresh;
    if (refresh->id == 0)
        return;
    if (refresh->request.queued) {
        cf_queue_remove(client, &refresh->request); /* nobody has seen it */
    } else {
        refresh->cancel.number = refresh->id;
        cf_queue_append(client, &refresh->cancel, CF_PENDING_REQUEST_CANCEL);
    }
    forget_request(client);
}

void cf_refresh_stop(cf_client *client)
{
    cancel_request(client);
    client->refresh.at = CF_TIME_NEVER;
    client->refresh.renewing = false;
}

/* ---- the connection ------------------------------------------------------------------------ */

void cf_refresh_on_opened(cf_client *client)
{
    client->refresh.overtaken = false;
}

void cf_refresh_on_lost(cf_client *client)
{
    client->refresh.at = CF_TIME_NEVER;
}

void cf_refresh_on_connected(cf_client *client, cf_time now, const cf_wire_message *message)
{
    client->refresh.in_vain = false;
    client->refresh.at = CF_TIME_NEVER;
    if (message->b.expires)
        plan(client, now, message->b.ttl);
}

cf_verdict cf_refresh_on_expired(cf_client *client, cf_time now)
{
    if (!client->settings->options.can_refresh || (!client->refresh.in_vain && client->refresh.failures == 0))
        return start_refresh(client, now);
    /* credentials that were expired when they came, or an attempt that has failed: not at once a second time */
    plan_another(client, now);
    return CF_VERDICT_NONE;
}

/* client-spec.md 12.3 */
static void take_good_answer(cf_client *client, cf_time now, const cf_wire_message *message)
{
    cf_bytes id = message->b.client;
    if (!message->b.expires)
        return;
    if (message->b.expired) {
        plan_another(client, now);
        return;
    }
    plan(client, now, message->b.ttl);
    if (id.size > 0 && !cf_text_set(&client->link.client_id, client->environment.allocator, id))
        cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
}

cf_verdict cf_refresh_on_answer(cf_client *client, cf_time now, const cf_wire_message *message)
{
    client->refresh.at = CF_TIME_NEVER;
    if (message->has_error) {
        cf_client_report_message(client, message);
        return fail_attempt(client, now, message->error_text); /* D48 */
    }
    take_good_answer(client, now, message);
    return CF_VERDICT_NONE;
}

/* ---- the application's answer: client-spec.md 12.2 --------------------------------------------- */

/*
 * What the answer says of one of them. Where credentials are JSON the value stays as it is; else a number is taken as its text:
 * a timestamp mostly is one. False when there is nothing that can be taken.
 */
static bool take_value(cf_bytes answer, cf_bytes name, bool json, cf_bytes *text, cf_buffer *scratch)
{
    cf_json_value value;
    if (!cf_json_find(answer, name, &value) || value.kind == CF_JSON_NONE)
        return false;
    if (json)
        *text = value.raw.size > 0 ? cf_json_raw(&value) : value.raw; /* an empty text is none */
    else if (value.kind == CF_JSON_NUMBER)
        *text = value.raw;
    else if (value.kind == CF_JSON_STRING)
        *text = cf_json_text(&value, scratch);
    else
        return false;
    return text->size <= CF_OPTION_SIZE_MAX;
}

/* It may be missing. */
static bool take_info(cf_bytes answer, cf_client_options *options, cf_buffer *scratch)
{
    cf_json_value value;
    cf_json_find(answer, CF_BYTES("info"), &value);
    return take_value(answer, CF_BYTES("info"), options->credentials_json, &options->info, scratch) ||
           value.kind == CF_JSON_NONE || value.kind == CF_JSON_NULL;
}

/* All that is needed, and nothing that cf_client_configure would refuse (D47, D49). */
static bool read_credentials(cf_bytes answer, cf_client_options *options, cf_buffer *scratch)
{
    bool json = options->credentials_json;
    return take_info(answer, options, scratch) && take_value(answer, CF_BYTES("user"), json, &options->user, scratch) &&
           take_value(answer, CF_BYTES("timestamp"), json, &options->timestamp, scratch) && options->timestamp.size > 0 &&
           take_value(answer, CF_BYTES("token"), json, &options->token, scratch) && options->token.size > 0;
}

/* Also for connections to come. What failed is told; NULL when nothing did. */
static const char *replace_credentials(cf_client *client, cf_bytes answer)
{
    cf_client_options options = client->settings->options;
    cf_buffer scratch;
    const cf_allocator *allocator = client->environment.allocator;
    const char *failure = NULL;
    cf_buffer_init(&scratch, allocator, CF_BUFFER_NO_LIMIT);
    cf_settings *settings = NULL;
    if (!cf_buffer_reserve(&scratch, answer.size))
        failure = "out of memory";
    else if (!read_credentials(answer, &options, &scratch))
        failure = "user, timestamp, token or info of the answer is missing, or no text";
    else if ((settings = cf_settings_make(&options, client->settings->transport, allocator)) == NULL)
        failure = "out of memory";
    cf_buffer_free(&scratch);
    if (failure != NULL)
        return failure;
    cf_queue_retire(client, &client->settings->retired, CF_PENDING_SETTINGS);
    client->settings = settings;
    return NULL;
}

static void send_command(cf_client *client)
{
    cf_credentials credentials = cf_client_credentials(client);
    cf_buffer *line = cf_line_begin(client, client->settings->size + COMMAND_SIZE);
    cf_wire_write_refresh(line, ++client->last_uid, &credentials);
    centrifuge_error error = cf_line_check(client);
    if (error == CENTRIFUGE_ERROR_OK && !cf_batch_end_line(client))
        error = CENTRIFUGE_ERROR_NO_MEMORY;
    if (error != CENTRIFUGE_ERROR_OK)
        cf_client_break(client, error);
}

/* There are new ones. */
static cf_verdict use_credentials(cf_client *client)
{
    cf_refresh *refresh = &client->refresh;
    refresh->failures = 0;
    if (client->state == CF_CLIENT_CONNECTED) {
        send_command(client);
        return CF_VERDICT_NONE;
    }
    refresh->in_vain = true;
    if (client->state == CF_CLIENT_CONNECTING)
        refresh->overtaken = client->link.opened;
    else if (refresh->renewing || !client->link.offline)
        return CF_VERDICT_RENEW;
    return CF_VERDICT_NONE;
}

cf_verdict cf_refresh_on_credentials(cf_client *client, uint32_t id, bool failed, cf_bytes answer, cf_time now)
{
    const cf_refresh *refresh = &client->refresh;
    if (id == 0 || id != refresh->id || refresh->request.queued)
        return CF_VERDICT_NONE;
    forget_request(client);
    const char *failure = failed ? "no answer" : replace_credentials(client, answer);
    return failure != NULL ? fail_attempt(client, now, cf_bytes_of(failure)) : use_credentials(client);
}

cf_verdict cf_refresh_on_failed(cf_client *client, uint32_t id, int64_t retry_after, cf_time now)
{
    if (id == client->refresh.id)
        client->refresh.not_before = cf_pause_retry_at(now, retry_after);
    return cf_refresh_on_credentials(client, id, true, cf_bytes_make(NULL, 0), now);
}

/* ---- time ------------------------------------------------------------------------------------------ */

cf_verdict cf_refresh_tick(cf_client *client, cf_time now)
{
    const cf_refresh *refresh = &client->refresh;
    if (refresh->deadline <= now && !refresh->request.queued) {
        cancel_request(client);
        return fail_attempt(client, now, CF_BYTES("timeout"));
    }
    return refresh->at <= now && !client->link.offline ? start_refresh(client, now) : CF_VERDICT_NONE;
}

cf_time cf_refresh_deadline(const cf_client *client)
{
    const cf_refresh *refresh = &client->refresh;
    if (refresh->at < refresh->deadline && !client->link.offline)
        return refresh->at;
    return refresh->deadline;
}
