#include "client.h"

#include "backend.h"
#include "push.h"
#include "refusal.h"
#include "script.h"
#include "sent.h"
#include "server.h"
#include "sockjs.h"
#include "watch.h"

#include "client/test/states.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EFFECTS_MAX    200000
#define USER_CALLS_MAX 12

static uint32_t core_random(void *user)
{
    sim_client *client = user;
    return (uint32_t)(sim_random_next(&client->random) >> 32);
}

/* ---- options ---- */

static void fill_credentials(sim_client *client)
{
    cf_client_options *options = &client->options;
    int size = snprintf(client->user, sizeof(client->user), "user%u", client->index % 3);
    options->user = cf_bytes_make(client->user, (size_t)size);
    options->url = CF_BYTES("ws://simulated/connection/websocket");
    if (client->world->scenario.insecure) {
        options->insecure = true;
        return;
    }
    int64_t lifetime = client->world->scenario.lifetime;
    bool old = lifetime > 0 && sim_random_chance(&client->world->random, 300);
    sim_backend_sign(client, old ? lifetime - (int64_t)sim_random_below(&client->world->random, 5) : 0);
}

/* So small that they are met. */
static void choose_limits(sim_client *client)
{
    sim_random *random = &client->world->random;
    cf_client_options *options = &client->options;
    static const size_t calls[] = {1, 2, 4, 8};
    static const size_t bytes[] = {40, 150, 600};
    static const size_t messages[] = {400, 1000, 3000};
    static const size_t frames[] = {300, 600};
    if (sim_random_chance(random, 500))
        options->calls_max = SIM_PICK(random, calls);
    if (sim_random_chance(random, 400))
        options->queue_size_max = SIM_PICK(random, bytes);
    if (sim_random_chance(random, 400))
        options->subscriptions_max = 1 + sim_random_below(random, 3);
    if (sim_random_chance(random, 300))
        options->channel_length_max = 8;
    if (sim_random_chance(random, 200))
        options->recovery_size_max = 50 + sim_random_below(random, 200);
    if (sim_random_chance(random, 400))
        options->frame_size_max = SIM_PICK(random, frames);
    if (sim_random_chance(random, 300))
        client->turn_events = 1 + sim_random_below(random, 4);
    if (!sim_random_chance(random, 200))
        return;
    options->message_size_max = SIM_PICK(random, messages);
    /* it may meet the same message with every connection: not as often as it can */
    options->retry = options->max_retry = 5000;
}

static void fill_options(sim_client *client)
{
    sim_random *random = &client->world->random;
    cf_client_options *options = &client->options;
    static const int64_t retries[] = {1000, 1000, 100, 1, 3000};
    static const int64_t ceilings[] = {20000, 20000, 1000, 5000};
    static const int64_t timeouts[] = {5000, 5000, 200, 30000};
    static const int64_t pings[] = {30000, 25000, 3000, 0};
    cf_client_options_default(options);
    fill_credentials(client);
    if (client->world->play != NULL) {
        sim_script_options(client->world->play->script, options);
        client->retry_floor = options->retry;
        return;
    }
    options->retry = SIM_PICK(random, retries);
    options->max_retry = SIM_PICK(random, ceilings);
    options->timeout = SIM_PICK(random, timeouts);
    options->ping_interval = SIM_PICK(random, pings);
    options->ping = sim_random_chance(random, 900);
    options->resubscribe = sim_random_chance(random, 900);
    options->batch = sim_random_chance(random, 200);
    if (client->world->scenario.lies && sim_random_chance(random, 200))
        options->refresh_attempts = (int64_t)sim_random_below(random, 4);
    if (client->world->scenario.limits)
        choose_limits(client);
    int64_t least = options->retry < options->max_retry / 2 ? options->retry : options->max_retry / 2;
    if (client->retry_floor == 0 || least < client->retry_floor)
        client->retry_floor = least;
}

/* ---- life ---- */

sim_client *sim_client_new(sim_world *world, unsigned index)
{
    sim_client *client = sim_alloc(sizeof(*client));
    client->world = world;
    client->index = index;
    client->random = sim_random_fork(&world->random);
    client->environment = (cf_environment){&client->heap.allocator, core_random, client};
    sim_heap_init(&client->heap);
    cf_list_init(&client->subscriptions);
    cf_list_init(&client->calls);
    cf_list_init(&client->requests);
    return client;
}

/* What the core is given: `client->options`, unless sabotage has it otherwise. */
static cf_client_options spoil_options(const sim_client *client)
{
    cf_client_options options = client->options;
    if (sim_sabotage_always(client->world, SIM_SABOTAGE_LARGER_LIMITS))
        options.calls_max++;
    if (options.calls_max > 1 && sim_sabotage_always(client->world, SIM_SABOTAGE_SMALLER_LIMITS))
        options.calls_max--;
    if (sim_sabotage_always(client->world, SIM_SABOTAGE_EARLY_GIVE_UP))
        options.refresh_attempts = 1;
    return options;
}

bool sim_client_start(sim_client *client)
{
    client->retry_floor = 0;
    client->turn_events = 0;
    fill_options(client);
    cf_client_options options = spoil_options(client);
    centrifuge_error error = cf_client_new(&client->core, &options, &client->environment, client->world->now);
    sim_note(client->world, "client %u: new: %d", client->index, (int)error);
    if (error == CENTRIFUGE_ERROR_OK) {
        sim_watch_start(client);
        sim_sent_start(client);
        return true;
    }
    client->core = NULL;
    if (error != CENTRIFUGE_ERROR_NO_MEMORY || client->heap.failures == 0)
        sim_fail(client->world, "client-new", "client %u: error %d", client->index, (int)error);
    if (client->heap.live > 0)
        sim_fail(client->world, "client-memory", "client %u: %zu blocks are left after a failed cf_client_new", client->index,
                 client->heap.live);
    return false;
}

static void empty_lists(sim_client *client)
{
    cf_list *item;
    while ((item = cf_list_take(&client->subscriptions)) != NULL)
        free(CF_CONTAINER(item, sim_subscription, link));
    while ((item = cf_list_take(&client->calls)) != NULL)
        free(CF_CONTAINER(item, sim_call, link));
}

static void free_text(sim_client *client)
{
    free(client->text);
    client->text = NULL;
}

static void end_life(sim_client *client)
{
    free_text(client);
    sim_watch_end(client);
    sim_backend_end(client);
    cf_client_free(client->core);
    client->core = NULL;
    client->closing = false;
    empty_lists(client);
    sim_note(client->world, "client %u: freed", client->index);
    if (sim_sabotage_now(client->world, SIM_SABOTAGE_LEAK_CLIENT))
        client->heap.live++;
    if (client->heap.live > 0)
        sim_fail(client->world, "client-memory", "client %u: %zu blocks are left after cf_client_free", client->index,
                 client->heap.live);
}

void sim_client_free(sim_client *client)
{
    if (client->core != NULL)
        sim_client_destroy(client);
    empty_lists(client);
    free(client);
}

bool sim_client_is_subscribed(const sim_client *client, const sim_channel *channel)
{
    if (client->core == NULL)
        return false;
    CF_LIST_EACH (item, &client->subscriptions) {
        const sim_subscription *subscription = CF_CONTAINER(item, sim_subscription, link);
        if (subscription->channel == channel && subscription->subscribed)
            return true;
    }
    return false;
}

void sim_client_destroy(sim_client *client)
{
    if (client->core == NULL || client->closing)
        return;
    sim_note(client->world, "client %u: shutdown", client->index);
    client->closing = true;
    cf_client_shutdown(client->core, client->world->now);
    if (!client->pumping)
        sim_client_pump(client);
}

/* ---- effects ---- */

static void open_transport(sim_client *client, const cf_effect *effect)
{
    sim_world *world = client->world;
    sim_watch_transport(client);
    sim_sent_opened(client);
    /* a driver may look at the size of frames, or leave it to the core */
    size_t message_max = sim_random_chance(&world->random, 500) ? client->options.message_size_max : SIZE_MAX;
    sim_link *link = sim_link_new(world, client, effect->transport.id, message_max);
    client->transport = link;
    sim_note(world, "client %u: transport %u is link %u, state %d", client->index, (unsigned)effect->transport.id, link->number,
             (int)link->state);
    /* some failures are known at once */
    if (link->state == SIM_LINK_REFUSED && sim_random_chance(&world->random, 300)) {
        link->state = SIM_LINK_OPEN;
        sim_client_closed(link, CF_CLOSE_ABNORMAL, CF_BYTES(""), CENTRIFUGE_ERROR_NETWORK);
    }
}

static void send_frame(sim_link *link, cf_bytes text)
{
    uint64_t bits = sim_random_next(&link->world->random);
    const uint8_t mask[4] = {(uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16), (uint8_t)(bits >> 24)};
    cf_buffer frame;
    cf_buffer_init(&frame, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_frame(&frame, CF_WS_TEXT, text, mask);
    sim_link_write(link, &link->up, cf_buffer_bytes(&frame));
    cf_buffer_free(&frame);
}

static void send_text(sim_client *client, const cf_effect *effect)
{
    sim_link *link = client->transport;
    if (link == NULL || link->transport != effect->transport.id || !link->upgraded)
        sim_fail(client->world, "send-on-open", "client %u sends on transport %u, which is not open", client->index,
                 (unsigned)effect->transport.id);
    if (!sim_sent_text(client, effect->transport.text))
        return;
    if (link->sockjs != NULL)
        sim_sockjs_send(link, effect->transport.text);
    else
        send_frame(link, effect->transport.text);
    sim_client_unsent(link);
}

static void close_transport(sim_client *client, const cf_effect *effect)
{
    sim_link *link = client->transport;
    if (link == NULL || link->transport != effect->transport.id)
        sim_fail(client->world, "close-live", "client %u closes transport %u, which is not live", client->index,
                 (unsigned)effect->transport.id);
    sim_note(client->world, "client %u: gives up link %u", client->index, link->number);
    client->transport = NULL;
    client->transport_over = client->turn_at; /* the core has known since then, perhaps */
    client->leaves++;
    client->unsent = 0;
    sim_link_abandon(link);
}

static void maybe_use(sim_client *client)
{
    sim_world *world = client->world;
    if (!sim_random_chance(&world->random, world->scenario.user_calls) || client->user_calls >= USER_CALLS_MAX || world->calm)
        return;
    client->user_calls++;
    if (world->scenario.fault[SIM_FAULT_DESTROY] > 0 && sim_random_chance(&world->random, 20))
        sim_client_destroy(client);
    else
        sim_client_use(client);
}

static void carry_out(sim_client *client, const cf_effect *effect)
{
    switch (effect->kind) {
    case CF_EFFECT_TRANSPORT_OPEN:
        open_transport(client, effect);
        break;
    case CF_EFFECT_TRANSPORT_SEND:
        send_text(client, effect);
        break;
    case CF_EFFECT_TRANSPORT_CLOSE:
        close_transport(client, effect);
        break;
    case CF_EFFECT_AUTHORIZE:
    case CF_EFFECT_REFRESH:
        sim_backend_ask(client, effect);
        break;
    case CF_EFFECT_REQUEST_CANCEL:
        sim_backend_cancel(client, effect->request.id);
        break;
    case CF_EFFECT_EVENT:
        sim_watch_event(client, &effect->event);
        maybe_use(client);
        break;
    case CF_EFFECT_RESULT:
        sim_watch_result(client, &effect->result);
        maybe_use(client);
        break;
    case CF_EFFECT_LOG:
        sim_note(client->world, "client %u: log %d: %.*s", client->index, (int)effect->log.level, (int)effect->log.text.size,
                 effect->log.text.data);
        break;
    }
}

static void tell_push(sim_client *client)
{
    if (!client->push.taken)
        return;
    sim_push_tell(client);
    maybe_use(client);
}

static void take_effects(sim_client *client, unsigned turn_events)
{
    unsigned told = 0;
    cf_effect effect;
    for (unsigned count = 0; cf_client_next_effect(client->core, client->world->now, &effect); count++) {
        if (count > EFFECTS_MAX)
            sim_fail(client->world, "effects-end", "client %u: more than %d effects at once", client->index, EFFECTS_MAX);
        carry_out(client, &effect);
        told += effect.kind == CF_EFFECT_EVENT || effect.kind == CF_EFFECT_RESULT;
        if (turn_events > 0 && told >= turn_events && !client->closing) {
            client->halted = true;
            return;
        }
    }
}

static void settled(sim_client *client)
{
    states_check(client->core);
    sim_watch_settled(client);
    sim_sent_settled(client);
    sim_backend_settled(client);
    sim_refusal_settled(client);
    if (client->text != NULL)
        sim_refusal_judge_message(client, client->text_size, client->oversize - client->text_oversize);
    free_text(client);
}

static void pump(sim_client *client, unsigned turn_events)
{
    if (client->pumping)
        return;
    client->pumping = true;
    if (!client->halted) {
        sim_sent_turn(client);
        client->turn_at = client->world->now;
    }
    client->lazy = client->halted = false;
    client->user_calls = 0;
    tell_push(client);
    take_effects(client, turn_events);
    client->pumping = false;
    if (client->closing) {
        end_life(client);
    } else if (client->halted) {
        sim_met(client->world, SIM_SITUATION_TURN_ENDED);
        client->lazy = true;
        client->resume_at = client->world->now + (int64_t)sim_random_below(&client->world->random, 30);
    } else {
        settled(client);
    }
}

void sim_client_pump(sim_client *client)
{
    pump(client, client->turn_events);
}

/* ---- what a link tells ---- */

/* What is told comes behind all effects (client/core.h). False when that took the transport away. */
static bool effects_first(sim_link *link)
{
    if (link->client->lazy)
        pump(link->client, 0);
    return link->client != NULL;
}

void sim_client_opened(sim_link *link)
{
    if (!effects_first(link))
        return;
    sim_client *client = link->client;
    sim_note(client->world, "link %u: open", link->number);
    cf_bytes name = link->sockjs != NULL ? CF_BYTES("sockjs") : CF_BYTES("raw-websocket");
    cf_client_transport_opened(client->core, link->transport, name, client->world->now);
    sim_client_pump(client);
}

void sim_client_message(sim_link *link, cf_bytes text)
{
    if (!effects_first(link))
        return;
    sim_client *client = link->client;
    sim_note(client->world, "client %u gets %.*s", client->index, (int)(text.size < 200 ? text.size : 200), text.data);
    /* it must stay for as long as its messages are read, and not a moment longer: an allocation of its own shows who looks later */
    client->text = sim_alloc(text.size > 0 ? text.size : 1);
    client->text_size = text.size;
    client->text_oversize = client->oversize;
    memcpy(client->text, text.data, text.size);
    if (!sim_push_take(client, link->transport))
        cf_client_transport_received(client->core, link->transport, cf_bytes_make(client->text, text.size), client->world->now);
    sim_client_pump(client);
}

void sim_client_alive(sim_link *link)
{
    if (!effects_first(link))
        return;
    sim_client *client = link->client;
    cf_client_transport_alive(client->core, link->transport, client->world->now);
    sim_client_pump(client);
}

void sim_client_unsent(sim_link *link)
{
    sim_client *client = link->client;
    if (client == NULL || client->core == NULL || client->transport != link)
        return;
    client->unsent = sim_link_unsent(link);
    cf_client_transport_unsent(client->core, link->transport, client->unsent);
}

void sim_client_closed(sim_link *link, uint16_t code, cf_bytes reason, centrifuge_error error)
{
    if (!link->client->pumping && !effects_first(link))
        return;
    sim_client *client = link->client;
    sim_note(client->world, "link %u: closed for client %u, error %d, %.*s", link->number, client->index, (int)error,
             (int)reason.size, reason.data);
    link->client = NULL;
    client->transport = NULL;
    client->transport_over = client->world->now;
    client->leaves++;
    client->unsent = 0;
    if (client->batch_holds)
        sim_met(client->world, SIM_SITUATION_BATCH_CUT);
    if (error == CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE)
        sim_met(client->world, SIM_SITUATION_LIMIT_MESSAGE_DECODER);
    cf_client_transport_closed(client->core, link->transport, code, reason, error, client->world->now);
    sim_client_pump(client);
}

cf_time sim_client_deadline(const sim_client *client)
{
    if (client->core == NULL)
        return CF_TIME_NEVER;
    cf_time answer = sim_backend_deadline(client);
    cf_time core = client->halted ? client->resume_at : client->world->now;
    if (!client->lazy)
        core = cf_client_deadline(client->core);
    cf_time next = answer < core ? answer : core;
    return next < client->expires_at ? next : client->expires_at;
}

/* Where the client stands when its credentials expire. */
static void note_expiry(sim_client *client)
{
    sim_world *world = client->world;
    cf_client_state state = cf_client_get_state(client->core);
    bool opening = client->transport == NULL || client->transport->state != SIM_LINK_OPEN || !client->transport->upgraded;
    client->expires_at = CF_TIME_NEVER;
    sim_note(world, "client %u: its credentials expire", client->index);
    if (state == CF_CLIENT_CONNECTED)
        sim_met(world, SIM_SITUATION_EXPIRY_CONNECTED);
    else if (state == CF_CLIENT_CONNECTING)
        sim_met(world, opening ? SIM_SITUATION_EXPIRY_OPENING : SIM_SITUATION_EXPIRY_CONNECTING);
    else
        sim_met(world, cf_client_will_reconnect(client->core) ? SIM_SITUATION_EXPIRY_WAITING : SIM_SITUATION_EXPIRY_IDLE);
    if (sim_backend_runs(client, false))
        sim_met(world, SIM_SITUATION_EXPIRY_REFRESHING);
    if (sim_backend_runs(client, true))
        sim_met(world, SIM_SITUATION_EXPIRY_AUTHORIZING);
    if (client->batching)
        sim_met(world, SIM_SITUATION_EXPIRY_BATCHING);
    if (client->auth_batching)
        sim_met(world, SIM_SITUATION_EXPIRY_AUTH_BATCHING);
}

void sim_client_tick(sim_client *client)
{
    bool waits = client->halted && client->resume_at > client->world->now;
    if (client->lazy && !waits) {
        sim_client_pump(client);
        return;
    }
    if (client->expires_at <= client->world->now) {
        note_expiry(client);
        return;
    }
    if (sim_backend_deadline(client) <= client->world->now)
        sim_backend_step(client);
    else
        cf_client_tick(client->core, client->world->now);
    if (!waits)
        sim_client_pump(client);
}
