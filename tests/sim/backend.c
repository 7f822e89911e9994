#include "backend.h"

#include "json/json.h"
#include "wire/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SECRET CF_BYTES("the simulator's secret")

typedef struct request {
    cf_list link; /* stays for the whole life: late answers come to it */
    uint32_t id;
    bool authorize;
    bool answered;
    bool cancelled;
    cf_time due;
    cf_buffer body;
} request;

static bool lies(const sim_client *client, unsigned per_mille)
{
    sim_world *world = client->world;
    return !world->calm && world->scenario.lies && sim_random_chance(&world->random, per_mille);
}

/* ---- credentials ---- */

void sim_backend_sign(sim_client *client)
{
    int size = snprintf(client->timestamp, sizeof(client->timestamp), "%" PRId64, sim_unix_time(client->world));
    client->options.timestamp = cf_bytes_make(client->timestamp, (size_t)size);
    cf_sign_token(SECRET, client->options.user, client->options.timestamp, CF_BYTES(""), client->token);
    client->options.token = cf_bytes_make(client->token, sizeof(client->token));
}

static void write_credentials(sim_client *client, cf_buffer *out)
{
    static const char *const wrong[] = {"null", "{}", "{\"user\":\"user0\",\"timestamp\":\"1\"}",
                                        "[",    "7",  "{\"user\":\"user0\",\"timestamp\":\"1\",\"token\":null}"};
    if (lies(client, 300)) {
        cf_buffer_append(out, cf_bytes_of(SIM_PICK(&client->world->random, wrong)));
        return;
    }
    int64_t offset = client->world->unix_offset;
    client->world->unix_offset -= lies(client, 200) ? 100 : 0; /* they were good once */
    sim_backend_sign(client);
    client->world->unix_offset = offset;
    cf_buffer_append(out, CF_BYTES("{\"user\":"));
    cf_json_write_string(out, client->options.user);
    cf_buffer_append(out, CF_BYTES(",\"timestamp\":"));
    cf_json_write_string(out, client->options.timestamp);
    cf_buffer_append(out, CF_BYTES(",\"token\":"));
    cf_json_write_string(out, client->options.token);
    cf_buffer_append(out, CF_BYTES(",\"info\":\"\"}"));
}

/* ---- signs ---- */

static void write_entry(sim_client *client, cf_buffer *out, cf_bytes id, cf_bytes channel)
{
    cf_sign sign;
    cf_bytes info = client->index % 2 == 0 ? CF_BYTES("") : CF_BYTES("{\"role\":1}");
    if (lies(client, 100)) {
        cf_buffer_append(out, CF_BYTES("\"status\":403"));
        return;
    }
    if (lies(client, 50) || sim_sabotage_now(client->world, SIM_SABOTAGE_STALE_SIGN))
        id = CF_BYTES("another client");
    cf_sign_channel(SECRET, id, channel, info, sign);
    cf_buffer_append(out, CF_BYTES("\"sign\":"));
    cf_json_write_string(out, cf_bytes_make(sign, sizeof(sign)));
    cf_buffer_append(out, CF_BYTES(",\"info\":"));
    cf_json_write_string(out, info);
}

static void write_channel(sim_client *client, cf_buffer *out, cf_bytes id, cf_bytes channel, bool list)
{
    cf_buffer_append(out, list ? CF_BYTES("{\"channel\":") : CF_BYTES(""));
    cf_json_write_string(out, channel);
    cf_buffer_append(out, list ? CF_BYTES(",") : CF_BYTES(":{"));
    write_entry(client, out, id, channel);
    cf_buffer_append_byte(out, '}');
}

/* What is asked for is in the body: {"client":...,"channels":[...]}; names of the simulator have no escapes. */
static void write_signs(sim_client *client, cf_bytes body, cf_buffer *out)
{
    static const char *const wrong[] = {"null", "{}", "[]", "{\"channels\":[7]}", "not JSON", "\"text\""};
    cf_json_reader reader;
    cf_json_value key, id, channel;
    bool list = client->index % 3 == 0;
    const char *comma = "";
    if (lies(client, 150)) {
        cf_buffer_append(out, cf_bytes_of(SIM_PICK(&client->world->random, wrong)));
        return;
    }
    cf_json_reader_init(&reader, body);
    cf_json_enter_object(&reader);
    cf_json_next_member(&reader, &key);
    cf_json_read(&reader, &id);
    cf_json_next_member(&reader, &key);
    cf_json_enter_array(&reader);
    cf_buffer_append(out, list ? CF_BYTES("{\"channels\":[") : CF_BYTES("{"));
    while (cf_json_next_element(&reader)) {
        cf_json_read(&reader, &channel);
        cf_buffer_append(out, cf_bytes_of(comma));
        comma = ",";
        if (!lies(client, 80))
            write_channel(client, out, id.raw, channel.raw, list);
        else
            cf_buffer_append(out, list ? CF_BYTES("null") : CF_BYTES("\"$other\":{}"));
    }
    cf_buffer_append(out, list ? CF_BYTES("]}") : CF_BYTES("}"));
    cf_json_next_member(&reader, &key);
    if (!cf_json_finish(&reader) || out->failed)
        sim_fail(client->world, "auth-body", "client %u asks for %.*s", client->index, (int)body.size, body.data);
}

/* ---- requests ---- */

static void tell(sim_client *client, request *asked)
{
    sim_world *world = client->world;
    cf_buffer answer;
    bool failed = lies(client, 150);
    cf_buffer_init(&answer, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    if (!failed && asked->authorize)
        write_signs(client, cf_buffer_bytes(&asked->body), &answer);
    else if (!failed)
        write_credentials(client, &answer);
    sim_note(world, "client %u: answer to request %u%s%s: %.*s", client->index, (unsigned)asked->id, failed ? ", failed" : "",
             asked->cancelled || asked->answered ? ", too late" : "", (int)answer.size, answer.data);
    asked->due = CF_TIME_NEVER;
    if (lies(client, 150)) /* it says so twice */
        asked->due = world->now + (int64_t)sim_random_below(&world->random, 20000);
    asked->answered = true;
    if (asked->authorize) {
        cf_client_authorized(client->core, asked->id, failed, cf_buffer_bytes(&answer), world->now);
    } else {
        /* a client that has waited for credentials connects at once */
        client->asked = client->asked ||
                        (cf_client_get_state(client->core) == CF_CLIENT_DISCONNECTED && cf_client_will_reconnect(client->core));
        cf_client_refreshed(client->core, asked->id, failed, cf_buffer_bytes(&answer), world->now);
    }
    cf_buffer_free(&answer);
}

static void choose_moment(sim_client *client, request *asked)
{
    sim_random *random = &client->world->random;
    int64_t delay = (int64_t)sim_random_below(random, 200);
    if (lies(client, 200))
        delay = (int64_t)sim_random_below(random, 30000);
    asked->due = lies(client, 100) ? CF_TIME_NEVER : cf_time_after(client->world->now, delay);
}

void sim_backend_ask(sim_client *client, const cf_effect *effect)
{
    request *asked = sim_alloc(sizeof(*asked));
    uint32_t id = effect->request.id;
    bool authorize = effect->kind == CF_EFFECT_AUTHORIZE;
    sim_note(client->world, "client %u: request %u, %s %.*s", client->index, (unsigned)id, authorize ? "authorize" : "refresh",
             (int)effect->request.body.size, effect->request.body.data);
    if (client->closing)
        sim_fail(client->world, "closed-silent", "client %u: request %u after the shutdown", client->index, (unsigned)id);
    if (id <= client->last_request)
        sim_fail(client->world, "request-ids", "client %u: request %u after %u", client->index, (unsigned)id,
                 (unsigned)client->last_request);
    client->last_request = id;
    asked->id = id;
    asked->authorize = authorize;
    cf_buffer_init(&asked->body, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&asked->body, effect->request.body);
    cf_list_append(&client->requests, &asked->link);
    choose_moment(client, asked);
    if (sim_random_chance(&client->world->random, 100)) /* as a callback of the application does */
        tell(client, asked);
}

static request *find(const sim_client *client, uint32_t id)
{
    CF_LIST_EACH (item, &client->requests) {
        request *asked = CF_CONTAINER(item, request, link);
        if (asked->id == id)
            return asked;
    }
    sim_fail(client->world, "request-ids", "client %u cancels request %u, which it did not make", client->index, (unsigned)id);
}

/* The answer stays on its way now and then. */
void sim_backend_cancel(sim_client *client, uint32_t id)
{
    request *asked = find(client, id);
    sim_note(client->world, "client %u: cancels request %u", client->index, (unsigned)id);
    if (asked->cancelled)
        sim_fail(client->world, "request-ids", "client %u cancels request %u twice", client->index, (unsigned)id);
    if (sim_sabotage_now(client->world, SIM_SABOTAGE_FORGET_CANCEL))
        return;
    asked->cancelled = true;
    if (sim_random_chance(&client->world->random, 500))
        asked->due = CF_TIME_NEVER;
}

cf_time sim_backend_deadline(const sim_client *client)
{
    cf_time next = CF_TIME_NEVER;
    CF_LIST_EACH (item, &client->requests) {
        const request *asked = CF_CONTAINER(item, request, link);
        if (asked->due < next)
            next = asked->due;
    }
    return next;
}

void sim_backend_step(sim_client *client)
{
    CF_LIST_EACH (item, &client->requests) {
        request *asked = CF_CONTAINER(item, request, link);
        if (asked->due > client->world->now)
            continue;
        tell(client, asked);
        return;
    }
}

void sim_backend_end(sim_client *client)
{
    cf_list *item;
    while ((item = cf_list_take(&client->requests)) != NULL) {
        request *asked = CF_CONTAINER(item, request, link);
        if (!asked->answered && !asked->cancelled)
            sim_fail(client->world, "request-left", "client %u: request %u is neither answered nor cancelled", client->index,
                     (unsigned)asked->id);
        cf_buffer_free(&asked->body);
        free(asked);
    }
    client->last_request = 0;
}
