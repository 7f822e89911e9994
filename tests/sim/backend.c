#include "backend.h"

#include "sent.h"

#include "json/json.h"
#include "wire/v1/sign.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SECRET CF_BYTES("the simulator's secret")

typedef struct request {
    cf_list link; /* stays for as long as an answer may come, however late */
    uint32_t id;
    bool authorize;
    bool answered;
    bool cancelled;
    bool wrong;  /* the answer is none, */
    bool denied; /* leaves a channel out, */
    bool stale;  /* or is of no use for long */
    cf_time since;
    cf_time due;
    cf_buffer body;
} request;

static bool lies(const sim_client *client, unsigned per_mille)
{
    sim_world *world = client->world;
    return !world->calm && world->scenario.lies && sim_random_chance(&world->random, per_mille);
}

/* ---- credentials ---- */

void sim_backend_sign(sim_client *client, int64_t age)
{
    int size = snprintf(client->timestamp, sizeof(client->timestamp), "%" PRId64, sim_unix_time(client->world) - age);
    client->options.timestamp = cf_bytes_make(client->timestamp, (size_t)size);
    cf_sign_token(SECRET, client->options.user, client->options.timestamp, CF_BYTES(""), client->token);
    client->options.token = cf_bytes_make(client->token, sizeof(client->token));
}

/* They were good once, or are for a moment. */
static int64_t choose_age(sim_client *client, request *asked)
{
    asked->stale = lies(client, 300);
    if (!asked->stale)
        return 0;
    int64_t left = (int64_t)sim_random_below(&client->world->random, 4);
    return client->world->scenario.lifetime > left ? client->world->scenario.lifetime - left : 100;
}

static void write_credentials(sim_client *client, request *asked, cf_buffer *out)
{
    static const char *const wrong[] = {"null", "{}", "{\"user\":\"user0\",\"timestamp\":\"1\"}",
                                        "[",    "7",  "{\"user\":\"user0\",\"timestamp\":\"1\",\"token\":null}"};
    asked->wrong = lies(client, 300);
    if (asked->wrong) {
        cf_buffer_append(out, cf_bytes_of(SIM_PICK(&client->world->random, wrong)));
        return;
    }
    sim_backend_sign(client, choose_age(client, asked));
    cf_buffer_append(out, CF_BYTES("{\"user\":"));
    cf_json_write_string(out, client->options.user);
    cf_buffer_append(out, CF_BYTES(",\"timestamp\":"));
    cf_json_write_string(out, client->options.timestamp);
    cf_buffer_append(out, CF_BYTES(",\"token\":"));
    cf_json_write_string(out, client->options.token);
    cf_buffer_append(out, CF_BYTES(",\"info\":\"\"}"));
}

/* ---- signs ---- */

static void write_entry(sim_client *client, request *asked, cf_buffer *out, cf_bytes id, cf_bytes channel)
{
    cf_sign sign;
    cf_bytes info = client->index % 2 == 0 ? CF_BYTES("") : CF_BYTES("{\"role\":1}");
    if (lies(client, 100)) {
        asked->denied = true;
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

static void write_channel(sim_client *client, request *asked, cf_buffer *out, cf_bytes id, cf_bytes channel, bool list)
{
    cf_buffer_append(out, list ? CF_BYTES("{\"channel\":") : CF_BYTES(""));
    cf_json_write_string(out, channel);
    cf_buffer_append(out, list ? CF_BYTES(",") : CF_BYTES(":{"));
    write_entry(client, asked, out, id, channel);
    cf_buffer_append_byte(out, '}');
}

/* What is asked for is in the body: {"client":...,"channels":[...]}; names of the simulator have no escapes. */
static void write_signs(sim_client *client, request *asked, cf_buffer *out)
{
    static const char *const wrong[] = {"null", "{}", "[]", "{\"channels\":[7]}", "not JSON", "\"text\""};
    cf_json_reader reader;
    cf_json_value key, id, channel;
    bool list = client->index % 3 == 0;
    const char *comma = "";
    asked->wrong = lies(client, 150);
    if (asked->wrong) {
        cf_buffer_append(out, cf_bytes_of(SIM_PICK(&client->world->random, wrong)));
        return;
    }
    cf_json_reader_init(&reader, cf_buffer_bytes(&asked->body));
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
        if (!lies(client, 80)) {
            write_channel(client, asked, out, id.raw, channel.raw, list);
            continue;
        }
        asked->denied = true;
        cf_buffer_append(out, list ? CF_BYTES("null") : CF_BYTES("\"$other\":{}"));
    }
    cf_buffer_append(out, list ? CF_BYTES("]}") : CF_BYTES("}"));
}

/* ---- requests ---- */

static void count_answer(const sim_client *client, const request *asked, bool failed)
{
    sim_world *world = client->world;
    bool authorize = asked->authorize;
    bool slow = world->now - asked->since > 1000;
    if (asked->cancelled)
        sim_met(world, authorize ? SIM_SITUATION_AUTH_LATE : SIM_SITUATION_REFRESH_LATE);
    else if (asked->answered)
        sim_met(world, authorize ? SIM_SITUATION_AUTH_TWICE : SIM_SITUATION_REFRESH_TWICE);
    else if (failed)
        sim_met(world, authorize ? SIM_SITUATION_AUTH_FAILED : SIM_SITUATION_REFRESH_FAILED);
    else if (asked->wrong)
        sim_met(world, authorize ? SIM_SITUATION_AUTH_WRONG : SIM_SITUATION_REFRESH_WRONG);
    else if (asked->denied)
        sim_met(world, SIM_SITUATION_AUTH_DENIED);
    else if (asked->stale)
        sim_met(world, SIM_SITUATION_REFRESH_STALE);
    else if (authorize)
        sim_met(world, slow ? SIM_SITUATION_AUTH_SLOW : SIM_SITUATION_AUTH_GOOD);
    else
        sim_met(world, slow ? SIM_SITUATION_REFRESH_SLOW : SIM_SITUATION_REFRESH_GOOD);
}

/* The core takes the credentials, unless it does not wait for them, or has no memory. */
static void tell_refreshed(sim_client *client, const request *asked, bool failed, cf_bytes answer)
{
    bool waited_for = !asked->cancelled && !asked->answered;
    uint64_t failures = client->heap.failures;
    /* a client that has waited for credentials connects at once */
    client->asked = client->asked ||
                    (cf_client_get_state(client->core) == CF_CLIENT_DISCONNECTED && cf_client_will_reconnect(client->core));
    if (waited_for && !failed && !asked->wrong)
        sim_sent_credentials(client, !client->lazy && !client->pumping);
    if (sim_sabotage_now(client->world, SIM_SABOTAGE_OLD_CREDENTIALS))
        answer = CF_BYTES("{\"user\":\"user0\",\"timestamp\":\"17\",\"token\":\"17\"}");
    cf_client_refreshed(client->core, asked->id, failed, answer, client->world->now);
    if (client->heap.failures != failures)
        sim_sent_credentials(client, false);
}

/* An endpoint that says why, and perhaps when to come again. */
static void tell_status(sim_client *client, const request *asked)
{
    static const int statuses[] = {403, 429, 500, 502, 503, 503, 504};
    sim_random *random = &client->world->random;
    int64_t retry_after = sim_random_chance(random, 500) ? (int64_t)sim_random_below(random, 5000) : 0;
    sim_met(client->world, SIM_SITUATION_REQUEST_STATUS);
    cf_client_request_failed(client->core, asked->id, CENTRIFUGE_ERROR_HTTP_STATUS, SIM_PICK(random, statuses), retry_after,
                             client->world->now);
}

static void tell(sim_client *client, request *asked)
{
    sim_world *world = client->world;
    cf_buffer answer;
    bool failed = lies(client, 150) || (world->scenario.refuses && !world->calm);
    asked->wrong = asked->denied = asked->stale = false;
    cf_buffer_init(&answer, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    if (!failed && asked->authorize)
        write_signs(client, asked, &answer);
    else if (!failed)
        write_credentials(client, asked, &answer);
    count_answer(client, asked, failed);
    if (client->halted)
        sim_met(world, SIM_SITUATION_TURN_ANSWER);
    sim_note(world, "client %u: answer to request %u%s%s: %.*s", client->index, (unsigned)asked->id, failed ? ", failed" : "",
             asked->cancelled || asked->answered ? ", too late" : "", (int)answer.size, answer.data);
    asked->due = CF_TIME_NEVER;
    if (lies(client, 150)) /* it says so twice */
        asked->due = world->now + (int64_t)sim_random_below(&world->random, 20000);
    /* One that refuses everybody does so in one way: a script ends alike whatever chance says. */
    if (failed && !world->scenario.refuses && sim_random_chance(&world->random, 500))
        tell_status(client, asked);
    else if (asked->authorize)
        cf_client_authorized(client->core, asked->id, failed, cf_buffer_bytes(&answer), world->now);
    else
        tell_refreshed(client, asked, failed, cf_buffer_bytes(&answer));
    asked->answered = true;
    cf_buffer_free(&answer);
}

static void choose_moment(sim_client *client, request *asked)
{
    sim_random *random = &client->world->random;
    int64_t delay = (int64_t)sim_random_below(random, 200);
    if (lies(client, 200))
        delay = (int64_t)sim_random_below(random, 30000);
    asked->due = lies(client, 100) ? CF_TIME_NEVER : cf_time_after(client->world->now, delay);
    if (!asked->authorize && client->world->calm && sim_sabotage_always(client->world, SIM_SABOTAGE_NO_REFRESH))
        asked->due = CF_TIME_NEVER;
}

/* For whom, and for what: {"client":...,"channels":[...]}. */
static void check_authorization(sim_client *client, cf_bytes body)
{
    sim_world *world = client->world;
    cf_json_reader reader;
    cf_json_value key, id, channel;
    unsigned channels = 0;
    bool right = true;
    cf_json_reader_init(&reader, body);
    cf_json_enter_object(&reader);
    cf_json_next_member(&reader, &key);
    cf_json_read(&reader, &id);
    cf_json_next_member(&reader, &key);
    cf_json_enter_array(&reader);
    for (; cf_json_next_element(&reader); channels++) {
        cf_json_read(&reader, &channel);
        right = right && channel.raw.size > 0 && channel.raw.data[0] == '$';
    }
    right = right && !cf_json_next_member(&reader, &key) && cf_json_finish(&reader) && channels > 0;
    if (!world->scenario.hostile)
        right = right && cf_bytes_equal(id.raw, cf_client_id(client->core));
    if (!right || sim_sabotage_now(world, SIM_SABOTAGE_FORGE_REQUEST))
        sim_fail(world, "auth-body", "client %u asks for %.*s", client->index, (int)body.size, body.data);
    sim_met(world, SIM_SITUATION_AUTH);
    if (channels > 1)
        sim_met(world, SIM_SITUATION_AUTH_MANY);
    if (client->auth_allowance == 0)
        sim_fail(world, "auth-batched", "client %u asks for %.*s before the end of auth batching", client->index,
                 (int)body.size, body.data);
    client->auth_allowance -= client->auth_allowance > 0;
}

/* How often: not in a tight loop, and not at all when the options say so. */
static void check_refresh(sim_client *client)
{
    sim_world *world = client->world;
    int64_t least = client->options.refresh_interval < 1000 ? client->options.refresh_interval : 1000;
    int64_t pause = world->now - client->refreshed_at;
    bool same = client->refreshes > 0 && client->refreshed_with == client->opened;
    if (same && sim_sabotage_now(world, SIM_SABOTAGE_HASTY_REFRESH))
        pause = 0;
    if (same && pause < least)
        sim_fail(world, "refresh-pace", "client %u asks for credentials again after %" PRId64 " ms", client->index, pause);
    if (client->options.refresh_attempts == 0)
        sim_fail(world, "refresh-gives-up", "client %u asks for credentials, but has no attempts", client->index);
    client->refreshes++;
    client->refreshed_at = world->now;
    client->refreshed_with = client->opened;
    sim_met(world, SIM_SITUATION_REFRESH);
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
    if (authorize)
        check_authorization(client, effect->request.body);
    else
        check_refresh(client);
    asked->id = id;
    asked->since = client->world->now;
    asked->authorize = authorize;
    cf_buffer_init(&asked->body, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&asked->body, effect->request.body);
    cf_list_append(&client->requests, &asked->link);
    choose_moment(client, asked);
    if (!sim_random_chance(&client->world->random, 100))
        return;
    /* as a callback of the application does */
    sim_met(client->world, authorize ? SIM_SITUATION_AUTH_AT_ONCE : SIM_SITUATION_REFRESH_AT_ONCE);
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
    int64_t limit = asked->authorize ? client->options.auth_timeout : client->options.refresh_timeout;
    if (client->world->now - asked->since >= limit)
        sim_met(client->world, asked->authorize ? SIM_SITUATION_AUTH_TIMEOUT : SIM_SITUATION_REFRESH_TIMEOUT);
    else
        sim_met(client->world, asked->authorize ? SIM_SITUATION_AUTH_CUT : SIM_SITUATION_REFRESH_CUT);
    if (sim_random_chance(&client->world->random, 500))
        asked->due = CF_TIME_NEVER;
}

bool sim_backend_runs(const sim_client *client, bool authorize)
{
    CF_LIST_EACH (item, &client->requests) {
        const request *asked = CF_CONTAINER(item, request, link);
        if (asked->authorize == authorize && !asked->answered && !asked->cancelled)
            return true;
    }
    return false;
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

static void forget(request *asked)
{
    cf_list_remove(&asked->link);
    cf_buffer_free(&asked->body);
    free(asked);
}

void sim_backend_settled(sim_client *client)
{
    cf_list *item = client->requests.next;
    while (item != &client->requests) {
        request *asked = CF_CONTAINER(item, request, link);
        item = item->next;
        if ((asked->answered || asked->cancelled) && asked->due == CF_TIME_NEVER)
            forget(asked);
    }
}

void sim_backend_end(sim_client *client)
{
    while (!cf_list_empty(&client->requests)) {
        request *asked = CF_CONTAINER(client->requests.next, request, link);
        if (!asked->answered && !asked->cancelled)
            sim_fail(client->world, "request-left", "client %u: request %u is neither answered nor cancelled", client->index,
                     (unsigned)asked->id);
        forget(asked);
    }
    client->last_request = 0;
}
