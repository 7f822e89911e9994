#include "client/internal.h"

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

static void plan_attempt(cf_client *client, cf_time now)
{
    uint64_t random = client->environment.random(client->environment.user);
    int64_t jitter = (int64_t)((random * (JITTER + 1)) >> 32);
    client->refresh.at = cf_time_after(cf_time_after(now, client->settings->refresh_interval), jitter);
}

static void give_up(cf_client *client, cf_time now)
{
    client->refresh.failures = 0;
    cf_bytes hint = client->settings->can_refresh ? CF_BYTES("") : CF_BYTES("neither refresh nor refresh_endpoint is set");
    cf_log_text(client, CF_LOG_ERROR, CF_BYTES("the credentials could not be refreshed"), hint);
    cf_connection_give_up(client, now);
    /* none waits: there was a connection since the last one, whose opening stood behind it */
    cf_queue_append(client, &client->refresh.failed, CF_PENDING_REFRESH_FAILED);
}

static void start(cf_client *client, cf_time now)
{
    cf_refresh *refresh = &client->refresh;
    refresh->at = CF_TIME_NEVER;
    if (refresh->id != 0)
        return; /* one runs already and plans what follows */
    if (!client->settings->can_refresh && client->state == CF_CLIENT_CONNECTED)
        return; /* until the server has enough of it; there may be other credentials by then */
    if (!client->settings->can_refresh || client->settings->refresh_attempts == 0) {
        give_up(client, now);
        return;
    }
    refresh->id = refresh->request.number = cf_auth_next_id(client);
    refresh->deadline = cf_time_after(now, client->settings->refresh_timeout);
    cf_queue_append(client, &refresh->request, CF_PENDING_REFRESH);
}

static void fail_attempt(cf_client *client, cf_time now, cf_bytes why)
{
    cf_refresh *refresh = &client->refresh;
    int64_t attempts = client->settings->refresh_attempts;
    cf_log_text(client, CF_LOG_WARNING, CF_BYTES("an attempt to refresh the credentials failed"), why);
    refresh->failures += refresh->failures < INT64_MAX;
    if (attempts >= 0 && refresh->failures >= attempts)
        give_up(client, now);
    else
        plan_attempt(client, now);
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

void cf_refresh_on_expired(cf_client *client, cf_time now)
{
    /* credentials that were expired when they came, or an attempt that has failed: not at once a second time */
    if (client->settings->can_refresh && (client->refresh.in_vain || client->refresh.failures > 0))
        plan_attempt(client, now);
    else
        start(client, now);
}

/* client-spec.md 12.3 */
static void take_good_answer(cf_client *client, cf_time now, const cf_wire_message *message)
{
    cf_bytes id = message->b.client;
    if (!message->b.expires)
        return;
    if (message->b.expired) {
        plan_attempt(client, now);
        return;
    }
    plan(client, now, message->b.ttl);
    if (id.size > 0 && !cf_text_set(&client->id, client->environment.allocator, id))
        cf_connection_fail(client, now, CENTRIFUGE_ERROR_NO_MEMORY);
}

cf_step cf_refresh_on_answer(cf_client *client, cf_time now, const cf_wire_message *message)
{
    client->refresh.at = CF_TIME_NEVER;
    if (message->has_error) {
        cf_client_report_message(client, message);
        fail_attempt(client, now, message->error_text); /* D48 */
    } else {
        take_good_answer(client, now, message);
    }
    return CF_STEP_DONE;
}

/* ---- the application's answer: client-spec.md 12.2 --------------------------------------------- */

typedef struct credential {
    cf_bytes name;
    cf_setting setting;
    bool needed;
} credential;

static const credential credentials[] = {
    {{"user", 4}, CF_SETTING_USER, true},
    {{"timestamp", 9}, CF_SETTING_TIMESTAMP, true},
    {{"token", 5}, CF_SETTING_TOKEN, true},
    {{"info", 4}, CF_SETTING_INFO, false},
};

#define CREDENTIALS (sizeof(credentials) / sizeof(credentials[0]))

/* Where credentials are JSON the value stays as it is; else a number is taken as its text: a timestamp mostly is one. */
static bool take_value(const cf_json_value *value, bool json, cf_bytes *text, cf_buffer *scratch)
{
    size_t from = scratch->size;
    if (!json && value->kind != CF_JSON_STRING && value->kind != CF_JSON_NUMBER)
        return false;
    *text = value->raw;
    if (json && value->kind == CF_JSON_STRING && value->raw.size > 0)
        *text = cf_bytes_make(value->raw.data - 1, value->raw.size + 2); /* with its quotes */
    if (json || !value->escaped)
        return true;
    cf_json_decode_string(value->raw, scratch);
    *text = cf_bytes_slice(cf_buffer_bytes(scratch), from, scratch->size);
    return true;
}

static bool read_members(cf_json_reader *reader, bool json, cf_bytes texts[CF_SETTING_COUNT], bool given[CREDENTIALS],
                         cf_buffer *scratch)
{
    cf_json_value key, value;
    if (!cf_json_enter_object(reader))
        return false;
    while (cf_json_next_member(reader, &key)) {
        cf_json_read(reader, &value);
        for (size_t i = 0; i < CREDENTIALS; i++) {
            if (cf_json_string_equal(&key, credentials[i].name))
                given[i] = take_value(&value, json, &texts[credentials[i].setting], scratch);
        }
    }
    return cf_json_finish(reader);
}

/* All that is needed, and nothing that cf_client_configure would refuse (D47, D49). */
static bool read_credentials(cf_bytes answer, bool json, cf_bytes texts[CF_SETTING_COUNT], cf_buffer *scratch)
{
    cf_json_reader reader;
    bool given[CREDENTIALS] = {false};
    cf_json_reader_init(&reader, answer);
    if (!read_members(&reader, json, texts, given, scratch))
        return false;
    for (size_t i = 0; i < CREDENTIALS; i++) {
        size_t size = texts[credentials[i].setting].size;
        if (credentials[i].needed && (!given[i] || (size == 0 && credentials[i].setting != CF_SETTING_USER)))
            return false;
        if (size > CF_OPTION_SIZE_MAX)
            return false;
    }
    return true;
}

/* Also for connections to come. What failed is told; NULL when nothing did. */
static const char *replace_credentials(cf_client *client, cf_bytes answer)
{
    cf_bytes texts[CF_SETTING_COUNT];
    cf_buffer scratch;
    const char *failure = NULL;
    for (size_t i = 0; i < CF_SETTING_COUNT; i++)
        texts[i] = cf_setting_text(client->settings, (cf_setting)i);
    cf_buffer_init(&scratch, client->environment.allocator, CF_BUFFER_NO_LIMIT);
    cf_settings *settings = NULL;
    if (!cf_buffer_reserve(&scratch, answer.size))
        failure = "out of memory";
    else if (!read_credentials(answer, client->settings->credentials_json, texts, &scratch))
        failure = "the answer does not hold user, timestamp and token";
    else if ((settings = cf_settings_with_credentials(client->settings, texts, client->environment.allocator)) == NULL)
        failure = "out of memory";
    cf_buffer_free(&scratch);
    if (failure != NULL)
        return failure;
    cf_queue_retire(client, &client->settings->retired, CF_PENDING_SETTINGS);
    client->settings = settings;
    return NULL;
}

static void send_command(cf_client *client, cf_time now)
{
    const cf_settings *settings = client->settings;
    cf_connect_params params = {
        .user = cf_setting_text(settings, CF_SETTING_USER),
        .timestamp = cf_setting_text(settings, CF_SETTING_TIMESTAMP),
        .info = cf_setting_text(settings, CF_SETTING_INFO),
        .token = cf_setting_text(settings, CF_SETTING_TOKEN),
        .json = settings->credentials_json,
    };
    cf_buffer line;
    cf_line_begin(client, &line, settings->ends[CF_SETTING_INFO] + COMMAND_SIZE);
    cf_wire_write_refresh(&line, ++client->last_uid, &params);
    if (!cf_batch_end_line(client, &line))
        cf_connection_fail(client, now, CENTRIFUGE_ERROR_NO_MEMORY);
}

void cf_client_refreshed(cf_client *client, uint32_t id, bool failed, cf_bytes answer, cf_time now)
{
    cf_refresh *refresh = &client->refresh;
    if (id == 0 || id != refresh->id || refresh->request.queued)
        return;
    forget_request(client);
    const char *failure = failed ? "no answer" : replace_credentials(client, answer);
    if (failure != NULL) {
        fail_attempt(client, now, cf_bytes_of(failure));
        return;
    }
    refresh->failures = 0;
    if (client->state == CF_CLIENT_CONNECTED) {
        send_command(client, now);
        return;
    }
    refresh->in_vain = true;
    if (client->state == CF_CLIENT_CONNECTING)
        refresh->overtaken = client->opened;
    else if (refresh->renewing || !client->offline)
        cf_connection_renew(client, now);
}

/* ---- time ------------------------------------------------------------------------------------------ */

void cf_refresh_tick(cf_client *client, cf_time now)
{
    cf_refresh *refresh = &client->refresh;
    if (refresh->deadline <= now && !refresh->request.queued) {
        cancel_request(client);
        fail_attempt(client, now, CF_BYTES("timeout"));
    }
    if (refresh->at <= now && !client->offline)
        start(client, now);
}

cf_time cf_refresh_deadline(const cf_client *client)
{
    const cf_refresh *refresh = &client->refresh;
    if (refresh->at < refresh->deadline && !client->offline)
        return refresh->at;
    return refresh->deadline;
}
