#include "sent.h"

#include "wire/v1/v1.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_OF_A_TURN 65536 /* bytes: holds all commands of a turn */

/* ---- credentials ---- */

/* When those in use are of no use any more. */
static void plan_expiry(sim_client *client)
{
    const sim_world *world = client->world;
    int64_t lifetime = world->scenario.lifetime;
    client->expires_at = CF_TIME_NEVER;
    if (lifetime == 0 || client->options.insecure)
        return;
    int64_t left = strtoll(client->timestamp, NULL, 10) + lifetime - sim_unix_time(world);
    if (left > 0)
        client->expires_at = world->now + left * 1000;
}

void sim_sent_credentials(sim_client *client, bool certain)
{
    memcpy(client->known, client->timestamp, sizeof(client->known));
    if (!certain)
        client->known[0] = '\0';
    plan_expiry(client);
}

void sim_sent_start(sim_client *client)
{
    client->batching = client->batch_holds = client->auth_batching = false;
    client->auth_allowance = -1;
    client->refreshes = 0;
    sim_sent_credentials(client, true);
}

static void check_credentials(sim_client *client, cf_bytes params, cf_buffer *values)
{
    cf_connect_params read = {.user = {NULL, 0}};
    if (client->known[0] == '\0' || !cf_wire_connect_params(params, &read, values) || read.timestamp.size == 0)
        return;
    if (!cf_bytes_equal(read.timestamp, cf_bytes_of(client->known)))
        sim_fail(client->world, "credentials-used", "client %u: credentials of %.*s, those of %s were the last", client->index,
                 (int)read.timestamp.size, read.timestamp.data, client->known);
}

/* ---- calls ---- */

static void note_publish(sim_client *client, cf_bytes data)
{
    uint64_t hash = sim_hash(data);
    CF_LIST_EACH (item, &client->calls) {
        sim_call *call = CF_CONTAINER(item, sim_call, link);
        if (call->published_to == NULL || call->data != hash)
            continue;
        if (call->sent)
            sim_fail(client->world, "call-sent-once", "client %u: call %u is sent a second time", client->index, call->number);
        call->sent = true;
        return;
    }
    sim_fail(client->world, "call-sent-once", "client %u: nobody has published %.*s", client->index, (int)data.size, data.data);
}

/* ---- commands ---- */

static bool is_call(cf_method method)
{
    return method == CF_METHOD_PUBLISH || method == CF_METHOD_PRESENCE || method == CF_METHOD_HISTORY;
}

static void check_command(sim_client *client, const cf_wire_command *command, cf_buffer *values)
{
    sim_world *world = client->world;
    cf_method method = cf_method_of(command->method);
    cf_params params = {.channel = {NULL, 0}};
    /* one that was collected may be older than the credentials */
    if (method == CF_METHOD_CONNECT || (method == CF_METHOD_REFRESH && !client->batching && client->flushes == 0))
        check_credentials(client, command->params, values);
    if (client->batch_holds && (is_call(method) || method == CF_METHOD_UNSUBSCRIBE))
        sim_fail(world, "batch-holds", "client %u sends %.*s before the end of its batch", client->index,
                 (int)command->method.size, command->method.data);
    if (method != CF_METHOD_PUBLISH || !cf_wire_params(method, false, command->params, &params, values))
        return;
    note_publish(client, params.data);
    if (sim_sabotage_now(world, SIM_SABOTAGE_REPEAT_COMMAND))
        note_publish(client, params.data);
}

/* No frame is larger than it may be. */
static void check_size(sim_client *client, cf_bytes text, unsigned commands)
{
    size_t max = client->options.frame_size_max;
    size_t size = text.size + (sim_sabotage_now(client->world, SIM_SABOTAGE_LARGE_FRAME) ? max : 0);
    if (size > max)
        sim_fail(client->world, "frame-size", "client %u sends %zu bytes, %zu are allowed", client->index, size, max);
    if (client->last_commands > 1 && commands > 1 && client->last_size + size > max)
        sim_met(client->world, SIM_SITUATION_FRAME_DIVIDED);
    client->last_size = size;
    client->last_commands = commands;
}

bool sim_sent_text(sim_client *client, cf_bytes text)
{
    sim_world *world = client->world;
    cf_buffer scratch, values;
    cf_wire_commands commands;
    cf_wire_command command;
    unsigned calls = 0;
    unsigned all = 0;
    if (cf_bytes_find(text, CF_BYTES("\"method\":\"publish\"")) >= 0 && sim_sabotage_now(world, SIM_SABOTAGE_LOSE_COMMAND))
        return false;
    cf_buffer_init(&scratch, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&values, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    if (!cf_wire_commands_begin(&commands, text, &scratch))
        sim_fail(world, "commands-valid", "client %u sends %.*s", client->index, (int)text.size, text.data);
    cf_buffer_reserve(&values, text.size);
    for (; cf_wire_commands_next(&commands, &command, &scratch); all++) {
        cf_buffer_clear(&values);
        check_command(client, &command, &values);
        calls += is_call(cf_method_of(command.method));
    }
    cf_buffer_free(&scratch);
    cf_buffer_free(&values);
    check_size(client, text, all);
    client->frames += calls > 0;
    if (calls > 0 && all > 1) {
        sim_met(world, SIM_SITUATION_BATCH_FRAME);
        client->frames += sim_sabotage_now(world, SIM_SABOTAGE_SPLIT_BATCH);
    }
    return true;
}

/* ---- turns ---- */

void sim_sent_turn(sim_client *client)
{
    client->frames = 0;
}

/* A new connection asks for all channels that wait in one authorization; what was put aside stays so. */
void sim_sent_opened(sim_client *client)
{
    if (client->auth_allowance < 0)
        return;
    client->auth_allowance = 1;
    sim_met(client->world, SIM_SITUATION_AUTH_BATCH_RECONNECT);
}

static void check_calls(sim_client *client)
{
    CF_LIST_EACH (item, &client->calls) {
        const sim_call *call = CF_CONTAINER(item, sim_call, link);
        if (call->published_to != NULL && !call->done && !call->sent && call->subscription->subscribed)
            sim_fail(client->world, "calls-sent", "client %u is subscribed, but does not send its call %u", client->index,
                     call->number);
    }
}

/* Each flush is a frame, and so is the end of the turn, or of a connection, by the option `batch`. */
static void check_frames(sim_client *client)
{
    unsigned most = 1 + client->flushes + client->leaves;
    if (client->options.frame_size_max < FRAME_OF_A_TURN)
        return;
    if (client->options.batch && client->frames > most && client->heap.failures == client->failures)
        sim_fail(client->world, "batch-one-frame", "client %u: %u frames of calls in one turn", client->index, client->frames);
}

void sim_sent_settled(sim_client *client)
{
    check_frames(client);
    if (!client->batching && cf_client_get_state(client->core) == CF_CLIENT_CONNECTED)
        check_calls(client);
    client->flushes = client->leaves = 0;
    client->failures = client->heap.failures;
    client->batch_holds = client->batching;
    if (client->auth_batching && client->auth_allowance < 0)
        client->auth_allowance = cf_client_get_state(client->core) == CF_CLIENT_CONNECTED ? 0 : 1;
}

/* ---- the user ---- */

static void note_batching(const sim_client *client, const char *what)
{
    sim_note(client->world, "client %u: %s", client->index, what);
    if (client->pumping)
        sim_met(client->world, SIM_SITUATION_BATCH_INSIDE);
}

void sim_sent_start_batching(sim_client *client)
{
    note_batching(client, "begins to batch");
    client->batching = !client->closing;
    if (!sim_sabotage_always(client->world, SIM_SABOTAGE_NO_BATCH))
        cf_client_start_batching(client->core);
}

void sim_sent_flush(sim_client *client, bool stop)
{
    note_batching(client, stop ? "ends its batch" : "flushes its batch");
    client->flushes++;
    client->batch_holds = false;
    if (stop) {
        client->batching = false;
        cf_client_stop_batching(client->core, true, client->world->now);
    } else {
        cf_client_flush(client->core, client->world->now);
    }
}

void sim_sent_start_auth_batching(sim_client *client)
{
    note_batching(client, "begins to batch authorizations");
    client->auth_batching = !client->closing;
    if (!sim_sabotage_always(client->world, SIM_SABOTAGE_NO_AUTH_BATCH))
        cf_client_start_auth_batching(client->core);
}

void sim_sent_stop_auth_batching(sim_client *client)
{
    if (client->auth_batching && cf_client_get_state(client->core) == CF_CLIENT_CONNECTED)
        sim_met(client->world, SIM_SITUATION_AUTH_BATCH);
    note_batching(client, "ends its batch of authorizations");
    client->auth_batching = false;
    client->auth_allowance = -1;
    cf_client_stop_auth_batching(client->core, client->world->now);
}

size_t sim_sent_kept(const sim_client *client)
{
    size_t kept = 0;
    CF_LIST_EACH (item, &client->calls) {
        const sim_call *call = CF_CONTAINER(item, sim_call, link);
        if (call->published_to != NULL && !call->done && !call->sent)
            kept += call->size;
    }
    return kept;
}
