#include "play.h"

#include "states.h"
#include "system/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE(condition, text)                                                                                                  \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            fprintf(stderr, "broken rule: %s (%s:%d)\n", text, __FILE__, __LINE__);                                            \
            abort();                                                                                                           \
        }                                                                                                                      \
    } while (0)

static const char *const channels[PLAY_CHANNELS] = {"a", "bad", "long:channel#name", "\xc3\xa4\"\\", "$p", "$no"};

/* ---- memory ------------------------------------------------------------------------------- */

typedef union block {
    size_t size;
    max_align_t align;
} block;

static void *resize(void *user, void *memory, size_t size)
{
    play *p = user;
    block *old = memory == NULL ? NULL : (block *)memory - 1;
    block *made = NULL;
    if (size > 0) {
        p->allocations++;
        if (p->allocations == p->fail_at || (p->fail_on && p->fail_at != 0 && p->allocations > p->fail_at))
            return NULL;
        made = malloc(sizeof(block) + size);
        RULE(made != NULL, "the test itself has memory");
        made->size = size;
        p->blocks++;
    }
    if (old != NULL) {
        if (made != NULL)
            memcpy(made + 1, memory, old->size < size ? old->size : size);
        p->blocks--;
        free(old);
    }
    return made == NULL ? NULL : made + 1;
}

static uint32_t next_random(void *user)
{
    play *p = user;
    p->random = p->random * 1664525 + 1013904223;
    return p->random;
}

/* ---- the peer ---------------------------------------------------------------------------------- */

static void append_answer(play *p, const char *text)
{
    cf_buffer_append(&p->answers, cf_bytes_of(text));
    cf_buffer_append_byte(&p->answers, '\0');
}

static void append_body(play *p, cf_buffer *out, cf_bytes channel)
{
    cf_buffer_append(out, CF_BYTES("{\"uid\":\"\\u006dessage-with-a-name-that-grows-"));
    for (unsigned i = p->messages % 3; i > 0; i--)
        cf_buffer_append(out, CF_BYTES("longer-and-"));
    cf_buffer_append_int(out, p->messages++);
    cf_buffer_append(out, CF_BYTES("\",\"channel\":"));
    cf_json_write_string(out, channel);
    cf_buffer_append(out, CF_BYTES(",\"data\":{\"n\":1},\"client\":\"x\"}"));
}

static void append_missed(play *p, cf_buffer *out, const cf_subscribe_params *params)
{
    cf_buffer_append(out, CF_BYTES(",\"recovered\":true,\"last\":\"\",\"messages\":["));
    for (int i = 0; i < 3; i++) {
        append_body(p, out, params->channel);
        cf_buffer_append(out, i < 2 ? CF_BYTES(",") : CF_BYTES("]"));
    }
}

static void answer_subscribe(play *p, cf_buffer *out, const cf_wire_command *command, cf_buffer *scratch)
{
    cf_subscribe_params params;
    RULE(cf_wire_subscribe_params(command->params, &params, scratch), "a subscribe command can be read");
    bool bad = cf_bytes_equal(params.channel, CF_BYTES("bad"));
    cf_wire_begin_reply(out, command->uid, CF_METHOD_SUBSCRIBE, bad ? CF_TROUBLE_DENIED : CF_TROUBLE_NONE, false);
    cf_buffer_append(out, CF_BYTES("{\"channel\":"));
    cf_json_write_string(out, params.channel);
    if (params.recover)
        append_missed(p, out, &params);
    else
        cf_buffer_append(out, CF_BYTES(",\"last\":\"m0\""));
    cf_buffer_append_byte(out, '}');
}

static void answer_other(play *p, cf_buffer *out, const cf_wire_command *command, cf_buffer *scratch)
{
    cf_params params = {.channel = {NULL, 0}};
    cf_method method = cf_method_of(command->method);
    if (method != CF_METHOD_CONNECT && method != CF_METHOD_REFRESH && method != CF_METHOD_PING)
        RULE(cf_wire_params(method, false, command->params, &params, scratch), "a command can be read");
    cf_wire_begin_reply(out, command->uid, method, CF_TROUBLE_NONE, false);
    cf_buffer_append(out, CF_BYTES("{\"client\":\"cli\\u0065nt\",\"data\":{},\"channel\":"));
    cf_json_write_string(out, params.channel);
    if (p->expires)
        cf_buffer_append(out, CF_BYTES(",\"expires\":true,\"ttl\":40"));
    if (p->expired)
        cf_buffer_append(out, CF_BYTES(",\"expired\":true"));
    cf_buffer_append_byte(out, '}');
}

static void take_commands(play *p, cf_bytes text)
{
    cf_wire_commands commands;
    cf_wire_command command;
    cf_buffer scratch, out;
    cf_buffer_init(&scratch, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&out, &cf_heap, CF_BUFFER_NO_LIMIT);
    RULE(cf_wire_commands_begin(&commands, text, &scratch), "what is sent are commands");
    cf_buffer_reserve(&scratch, text.size * 4);
    while (cf_wire_commands_next(&commands, &command, &scratch)) {
        cf_buffer_clear(&out);
        cf_buffer_reserve(&scratch, command.params.size);
        if (cf_method_of(command.method) == CF_METHOD_SUBSCRIBE)
            answer_subscribe(p, &out, &command, &scratch);
        else
            answer_other(p, &out, &command, &scratch);
        cf_wire_end_reply(&out);
        append_answer(p, cf_buffer_text(&out));
    }
    cf_buffer_free(&scratch);
    cf_buffer_free(&out);
}

/* ---- the rules ------------------------------------------------------------------------------------ */

static play_subscription *known(play *p, const cf_subscription *subscription)
{
    for (size_t i = p->subscription_count; i > 0; i--) {
        if (p->subscriptions[i - 1].core == subscription && !p->subscriptions[i - 1].over)
            return &p->subscriptions[i - 1];
    }
    RULE(false, "an event is about a subscription that exists");
    return NULL;
}

static void check_subscription_event(play *p, const cf_event *event)
{
    play_subscription *s = known(p, event->subscription);
    if (event->kind == CF_EVENT_REMOVED) {
        RULE(s->removed, "a removal was asked for");
        s->over = true;
        return;
    }
    RULE(!s->removed, "a removed subscription has no events");
    RULE(!p->shut, "a client that is shut has no events");
    RULE(event->channel.size > 0, "an event names its channel");
    if (event->kind == CF_EVENT_SUBSCRIBE) {
        RULE(!s->subscribed, "subscribe is told once");
        s->subscribed = true;
    }
    if (event->kind == CF_EVENT_SUBSCRIBE_ERROR)
        RULE(!s->subscribed, "who is subscribed is not refused");
    if (event->kind == CF_EVENT_UNSUBSCRIBE)
        s->subscribed = false;
}

static void check_client_event(play *p, const cf_event *event)
{
    RULE(!p->shut, "a client that is shut has no events");
    if (event->kind == CF_EVENT_CONNECT) {
        RULE(!p->connected, "connect is told once");
        p->connected = true;
    }
    if (event->kind == CF_EVENT_DISCONNECT) {
        p->connected = false;
        for (size_t i = 0; i < p->subscription_count; i++)
            RULE(p->subscriptions[i].removed || !p->subscriptions[i].subscribed, "unsubscribe comes before disconnect");
    }
}

static void check_open(play *p, const cf_effect *effect)
{
    RULE(!p->live, "one live transport");
    RULE(!p->shut, "a client that is shut opens nothing");
    RULE(effect->transport.id > p->last_transport, "ids count up");
    bool delayed = p->now >= p->attempt_after;
    RULE(p->asked || delayed, "an attempt comes after a delay");
    cf_time *oldest = &p->openings[p->opens % PLAY_QUICK_MAX];
    RULE(delayed || p->opens < PLAY_QUICK_MAX || p->now - *oldest >= 1000, "who asks has so many attempts in a row");
    *oldest = p->now;
    p->opens++;
    p->asked = false;
    p->live = true;
    p->opened = p->lost = false;
    p->last_transport = effect->transport.id;
}

static void transport_over(play *p)
{
    p->live = p->opened = false;
    cf_buffer_clear(&p->answers);
    p->attempt_after = p->now + 10;
}

static void check_request(play *p, const cf_effect *effect)
{
    bool authorize = effect->kind == CF_EFFECT_AUTHORIZE;
    RULE(!p->shut, "a client that is shut asks for nothing");
    RULE(effect->request.id > p->last_request, "ids count up");
    RULE(authorize == (effect->request.body.size > 0 && cf_json_valid(effect->request.body)), "an authorization has a body");
    p->last_request = effect->request.id;
    for (size_t i = 0; i < PLAY_REQUESTS_MAX; i++) {
        if (p->requests[i].id != 0)
            continue;
        p->requests[i].id = effect->request.id;
        p->requests[i].authorize = authorize;
        p->requests[i].answered = false;
        return;
    }
    p->requests_lost++;
}

static void check_cancel(play *p, const cf_effect *effect)
{
    for (size_t i = 0; i < PLAY_REQUESTS_MAX; i++) {
        if (p->requests[i].id != effect->request.id)
            continue;
        p->requests[i].id = 0;
        return;
    }
    RULE(p->requests_lost > 0, "a request that runs is cancelled");
    p->requests_lost--;
}

static void check_effect(play *p, const cf_effect *effect)
{
    switch (effect->kind) {
    case CF_EFFECT_TRANSPORT_OPEN:
        check_open(p, effect);
        break;
    case CF_EFFECT_TRANSPORT_SEND:
        RULE(effect->transport.id == p->last_transport, "only the last transport is sent to");
        RULE(p->lost || p->opened, "only an open transport is sent to");
        if (p->opened)
            take_commands(p, effect->transport.text);
        break;
    case CF_EFFECT_TRANSPORT_CLOSE:
        RULE(effect->transport.id == p->last_transport, "only the last transport is closed");
        RULE(p->lost || p->live, "a transport is closed once");
        p->lost = false;
        transport_over(p);
        break;
    case CF_EFFECT_AUTHORIZE:
    case CF_EFFECT_REFRESH:
        check_request(p, effect);
        break;
    case CF_EFFECT_REQUEST_CANCEL:
        check_cancel(p, effect);
        break;
    case CF_EFFECT_EVENT:
        if (effect->event.subscription == NULL)
            check_client_event(p, &effect->event);
        else
            check_subscription_event(p, &effect->event);
        break;
    case CF_EFFECT_RESULT: {
        size_t index = (size_t)((char *)effect->result.call - (char *)p->calls) / sizeof(p->calls[0]);
        RULE(p->calls[index].accepted && !p->calls[index].done, "an accepted call has one result");
        p->calls[index].done = true;
        break;
    }
    case CF_EFFECT_LOG:
        RULE(effect->log.text.size > 0, "a log line says something");
        break;
    }
}

/* ---- life -------------------------------------------------------------------------------------------- */

void play_init(play *p)
{
    memset(p, 0, sizeof(*p));
    p->now = 1000;
    p->allocator = (cf_allocator){resize, p};
    p->environment = (cf_environment){&p->allocator, next_random, p};
    cf_buffer_init(&p->answers, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_client_options_default(&p->options);
    p->options.url = CF_BYTES("http://host");
    p->options.insecure = true;
}

bool play_start(play *p)
{
    return cf_client_new(&p->client, &p->options, &p->environment, p->now) == CENTRIFUGE_ERROR_OK;
}

void play_pump(play *p)
{
    cf_effect effect;
    if (p->pumping)
        return;
    p->pumping = true;
    while (cf_client_next_effect(p->client, p->now, &effect)) {
        unsigned argument = 0;
        p->effects++;
        check_effect(p, &effect);
        play_action action = p->inside == NULL ? PLAY_NOTHING : p->inside(p, &effect, &argument);
        play_act(p, action, argument);
    }
    p->pumping = false;
    states_check(p->client);
    for (size_t i = 0; i < PLAY_REQUESTS_MAX; i++) {
        if (p->requests[i].answered)
            p->requests[i].id = 0;
    }
    free(p->received);
    p->received = NULL;
}

void play_receive(play *p, const char *data, size_t size)
{
    if (!p->live || !p->opened || p->pumping)
        return;
    p->received = malloc(size + (size == 0)); /* exactly: reading too far is seen */
    RULE(p->received != NULL, "the test itself has memory");
    if (size > 0)
        memcpy(p->received, data, size);
    cf_client_transport_received(p->client, p->last_transport, cf_bytes_make(p->received, size), p->now);
    play_pump(p);
}

void play_receive_text(play *p, const char *text)
{
    play_receive(p, text, strlen(text));
}

bool play_answer(play *p)
{
    if (!p->opened || p->answers.size == 0 || p->pumping)
        return false;
    char *text = cf_copy(&cf_heap, cf_bytes_of(p->answers.data));
    RULE(text != NULL, "the test itself has memory");
    cf_buffer_consume(&p->answers, strlen(text) + 1);
    play_receive_text(p, text);
    free(text);
    return true;
}

static void tell_answer(play *p, size_t place, bool failed, const char *data, size_t size)
{
    uint32_t id = p->requests[place].id;
    char *copy = malloc(size + (size == 0)); /* exactly: reading too far is seen; gone when it was told */
    RULE(copy != NULL, "the test itself has memory");
    if (size > 0)
        memcpy(copy, data, size);
    p->requests[place].answered = true;
    if (p->requests[place].authorize)
        cf_client_authorized(p->client, id, failed, cf_bytes_make(copy, size), p->now);
    else
        cf_client_refreshed(p->client, id, failed, cf_bytes_make(copy, size), p->now);
    free(copy);
}

static void answer_request(play *p, size_t place, unsigned form)
{
    static const char *const signs[] = {
        "{\"$p\":{\"sign\":\"\\u0073\",\"info\":\"i\"},\"$no\":{\"status\":403}}",
        "{\"channels\":[{\"channel\":\"$no\",\"status\":\"no\"},{\"channel\":\"$p\",\"sign\":\"s\"},7]}",
        "null",
        "{}",
        "{\"$p\":",
    };
    static const char *const credentials[] = {
        "{\"user\":\"u\",\"timestamp\":7,\"token\":\"\\u0074\",\"info\":\"i\"}",
        "{\"user\":\"u\",\"timestamp\":\"8\",\"token\":\"t\"}",
        "null",
        "{\"user\":\"u\"}",
        "[",
    };
    bool failed = form % 6 == 5;
    const char *text = failed ? "" : (p->requests[place].authorize ? signs : credentials)[form % 6];
    tell_answer(p, place, failed, text, strlen(text));
}

/* The oldest that is not answered yet. */
static bool find_request(const play *p, size_t *place)
{
    bool found = false;
    for (size_t i = 0; i < PLAY_REQUESTS_MAX; i++) {
        if (p->requests[i].id == 0 || p->requests[i].answered || (found && p->requests[i].id > p->requests[*place].id))
            continue;
        *place = i;
        found = true;
    }
    return found;
}

bool play_answer_request(play *p)
{
    size_t place = 0;
    if (p->pumping || !find_request(p, &place))
        return false;
    play_act(p, PLAY_ANSWER_REQUEST, 0);
    return true;
}

void play_settle(play *p)
{
    while (play_answer(p) || play_answer_request(p))
        continue;
}

void play_pass(play *p, int64_t milliseconds)
{
    cf_time end = p->now + milliseconds;
    play_act(p, PLAY_OPENED, 0);
    play_settle(p);
    while (cf_client_deadline(p->client) <= end) {
        cf_time deadline = cf_client_deadline(p->client);
        p->now = deadline > p->now ? deadline : p->now;
        play_act(p, PLAY_TICK, 0);
        play_act(p, PLAY_OPENED, 0);
        play_settle(p);
    }
    p->now = end;
}

void play_end(play *p)
{
    if (p->client != NULL) {
        play_act(p, PLAY_SHUTDOWN, 0);
        play_pump(p);
        RULE(!p->live, "shutting down closes the transport");
        RULE(cf_client_deadline(p->client) == CF_TIME_NEVER, "a client that is shut waits for nothing");
        cf_client_free(p->client);
    }
    for (size_t i = 0; i < p->call_count; i++)
        RULE(p->calls[i].accepted == p->calls[i].done, "every accepted call is done");
    for (size_t i = 0; i < p->subscription_count; i++)
        RULE(p->subscriptions[i].removed == p->subscriptions[i].over, "every removal is told");
    for (size_t i = 0; i < PLAY_REQUESTS_MAX; i++)
        RULE(p->requests[i].id == 0, "no request is left");
    RULE(p->requests_lost == 0, "no request is left");
    RULE(p->blocks == 0, "all memory comes back");
    cf_buffer_free(&p->answers);
}

/* ---- actions -------------------------------------------------------------------------------------------- */

static void *new_call(play *p)
{
    return p->call_count < PLAY_CALLS_MAX ? &p->calls[p->call_count] : NULL;
}

static void made_call(play *p, void *call, centrifuge_error error)
{
    (void)call;
    p->calls[p->call_count++].accepted = error == CENTRIFUGE_ERROR_OK;
}

static void subscribe(play *p, unsigned argument)
{
    cf_subscription *subscription;
    bool created;
    if (p->subscription_count == PLAY_SUBSCRIPTIONS_MAX)
        return;
    cf_bytes channel = cf_bytes_of(channels[argument % PLAY_CHANNELS]);
    centrifuge_error error = cf_client_subscribe(p->client, p->now, channel, p, &subscription, &created);
    RULE((error == CENTRIFUGE_ERROR_OK) == (subscription != NULL), "a subscription or an error");
    if (created)
        p->subscriptions[p->subscription_count++].core = subscription;
}

static void call(play *p, cf_subscription *subscription, play_action action, unsigned argument)
{
    static const char *const data[] = {"{\"a\":[1,2,3]}", "\"text\"", "[", "null"};
    void *user = new_call(p);
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    if (user == NULL)
        return;
    if (action == PLAY_PUBLISH)
        error = cf_subscription_publish(subscription, p->now, cf_bytes_of(data[argument / PLAY_CHANNELS % 4]), user);
    else if (action == PLAY_PRESENCE)
        error = cf_subscription_presence(subscription, p->now, user);
    else if (action == PLAY_HISTORY)
        error = cf_subscription_history(subscription, p->now, user);
    else
        error = cf_subscription_ready(subscription, p->now, action == PLAY_READY, user);
    made_call(p, user, error);
}

static void act_on_subscription(play *p, play_action action, unsigned argument)
{
    cf_subscription *subscription = cf_client_find(p->client, cf_bytes_of(channels[argument % PLAY_CHANNELS]));
    if (subscription == NULL)
        return;
    switch (action) {
    case PLAY_SUBSCRIBE_AGAIN:
        (void)cf_subscription_subscribe(subscription, p->now);
        break;
    case PLAY_UNSUBSCRIBE:
        cf_subscription_unsubscribe(subscription, p->now);
        break;
    case PLAY_REMOVE:
        if (p->shut)
            return;
        known(p, subscription)->removed = true;
        cf_subscription_remove(subscription, p->now);
        break;
    default:
        call(p, subscription, action, argument);
        break;
    }
}

static void lose(play *p, unsigned argument)
{
    static const char *const reasons[] = {"", "{\"reason\":\"b\\u0079e\",\"reconnect\":true}", "plain", "disconnect",
                                          "{\"reason\":\"no\",\"reconnect\":false}"};
    static const centrifuge_error errors[] = {CENTRIFUGE_ERROR_OK, CENTRIFUGE_ERROR_NETWORK, CENTRIFUGE_ERROR_UNSUPPORTED};
    static const uint16_t codes[] = {CF_CLOSE_NO_STATUS, CF_CLOSE_TOO_LARGE, 3000};
    if (!p->live)
        return;
    transport_over(p);
    p->lost = true;
    cf_client_transport_closed(p->client, p->last_transport, codes[argument / 15 % 3], cf_bytes_of(reasons[argument % 5]),
                               errors[argument / 5 % 3], p->now);
}

static void configure(play *p, unsigned argument)
{
    cf_client_options options = p->options;
    options.url = argument % 2 == 0 ? CF_BYTES("ws://other") : CF_BYTES("nowhere");
    options.resubscribe = argument % 8 < 6;
    options.timeout = 1000 + argument % 16;
    options.batch = argument % 32 >= 24;
    options.refresh_attempts = argument % 64 < 48 ? -1 : (int64_t)(argument % 3);
    (void)cf_client_configure(p->client, &options, NULL);
}

static void act_as_user(play *p, play_action action, unsigned argument)
{
    switch (action) {
    case PLAY_CONNECT:
        p->asked = p->asked || cf_client_get_state(p->client) == CF_CLIENT_DISCONNECTED;
        (void)cf_client_connect(p->client, p->now);
        break;
    case PLAY_DISCONNECT:
        cf_client_disconnect(p->client, p->now);
        break;
    case PLAY_SUBSCRIBE:
        subscribe(p, argument);
        break;
    case PLAY_PING:
        cf_client_ping(p->client, p->now);
        break;
    case PLAY_ONLINE:
        p->asked = p->asked || cf_client_will_reconnect(p->client);
        cf_client_network_changed(p->client, true, p->now);
        break;
    case PLAY_OFFLINE:
        cf_client_network_changed(p->client, false, p->now);
        break;
    case PLAY_CONFIGURE:
        configure(p, argument);
        break;
    case PLAY_START_BATCHING:
        cf_client_start_batching(p->client);
        break;
    case PLAY_STOP_BATCHING:
        cf_client_stop_batching(p->client, argument % 2 == 0, p->now);
        break;
    case PLAY_FLUSH:
        cf_client_flush(p->client, p->now);
        break;
    case PLAY_START_AUTH_BATCHING:
        cf_client_start_auth_batching(p->client);
        break;
    case PLAY_STOP_AUTH_BATCHING:
        cf_client_stop_auth_batching(p->client, p->now);
        break;
    case PLAY_SHUTDOWN:
        p->shut = true;
        cf_client_shutdown(p->client, p->now);
        break;
    default:
        act_on_subscription(p, action, argument);
        break;
    }
}

/* It may bring new credentials to a client that has waited for them. */
static void expect_renewal(play *p)
{
    p->asked = p->asked || (cf_client_will_reconnect(p->client) && cf_client_get_state(p->client) == CF_CLIENT_DISCONNECTED);
}

void play_reply(play *p, const char *data, size_t size)
{
    size_t place = 0;
    if (!find_request(p, &place))
        return;
    expect_renewal(p);
    tell_answer(p, place, false, data, size);
    play_pump(p);
}

static void answer_any_request(play *p, unsigned argument)
{
    size_t place = 0;
    if (!find_request(p, &place))
        return;
    expect_renewal(p);
    answer_request(p, place, argument);
}

void play_act(play *p, play_action action, unsigned argument)
{
    switch (action) {
    case PLAY_NOTHING:
        return;
    case PLAY_TICK:
        cf_client_tick(p->client, p->now);
        break;
    case PLAY_OPENED:
        if (!p->live || p->opened || p->shut)
            return;
        p->opened = true;
        cf_client_transport_opened(p->client, p->last_transport, CF_BYTES("raw-websocket"), p->now);
        break;
    case PLAY_ALIVE:
        cf_client_transport_alive(p->client, p->last_transport, p->now);
        break;
    case PLAY_ANSWER_REQUEST:
        answer_any_request(p, argument);
        break;
    case PLAY_LOST:
        lose(p, argument);
        break;
    default:
        act_as_user(p, action, argument);
        break;
    }
    play_pump(p);
}

/* ---- the story -------------------------------------------------------------------------------------------- */

static void use_everything(play *p, unsigned channel)
{
    play_act(p, PLAY_PUBLISH, channel);
    play_act(p, PLAY_PRESENCE, channel);
    play_act(p, PLAY_HISTORY, channel);
    play_act(p, PLAY_READY, channel);
    play_act(p, PLAY_READY_NOW, channel);
}

/* More to decode than is kept for the next frame. */
static void receive_long_join(play *p)
{
    char text[1400];
    snprintf(text, sizeof(text),
             "{\"method\":\"join\",\"body\":{\"channel\":\"a\",\"data\":{\"client\":\"\\u0078\",\"info\":\"%01200d\"}}}", 0);
    play_receive_text(p, text);
}

static void first_connection(play *p)
{
    for (unsigned channel = 0; channel < PLAY_CHANNELS; channel++) {
        play_act(p, PLAY_SUBSCRIBE, channel);
        use_everything(p, channel);
    }
    play_act(p, PLAY_CONNECT, 0);
    play_act(p, PLAY_OPENED, 0);
    play_settle(p);
    for (unsigned channel = 0; channel < PLAY_CHANNELS; channel++)
        use_everything(p, channel);
    play_settle(p);
    play_receive_text(p, "[{\"method\":\"message\",\"body\":{\"uid\":\"m1\",\"channel\":\"a\",\"data\":1}},"
                         "{\"method\":\"leave\",\"body\":{\"channel\":\"a\"}},7]");
    receive_long_join(p);
    play_receive_text(p,
                      "{\"method\":\"message\",\"body\":{\"uid\":\"a-much-longer-message-id\",\"channel\":\"a\",\"data\":1}}");
    play_receive_text(p, "{\"method\":\"leave\",\"body\":{\"channel\":\"a\",\"data\":{\"client\":\"x\"}}}");
    play_receive_text(p, "not JSON");
    play_act(p, PLAY_PING, 0);
}

static void later_connections(play *p)
{
    play_pass(p, 31000); /* an idle ping */
    play_act(p, PLAY_SUBSCRIBE_AGAIN, 1);
    play_act(p, PLAY_LOST, 1);
    use_everything(p, 0);
    play_pass(p, 30000);
    play_act(p, PLAY_UNSUBSCRIBE, 0);
    play_act(p, PLAY_SUBSCRIBE_AGAIN, 0);
    play_act(p, PLAY_CONFIGURE, 0);
    play_settle(p);
    play_act(p, PLAY_REMOVE, 2);
    play_act(p, PLAY_PRESENCE, 3);
    play_act(p, PLAY_UNSUBSCRIBE, 3);
    play_receive_text(p, "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"a\"}}");
    play_receive_text(p,
                      "{\"method\":\"disconnect\",\"body\":{\"reason\":\"m\\u006fve to another server\",\"reconnect\":true}}");
    play_pass(p, 30000);
    play_act(p, PLAY_SUBSCRIBE, 2);
    use_everything(p, 2);
    play_act(p, PLAY_DISCONNECT, 0);
}

static void with_credentials(play *p)
{
    play_act(p, PLAY_START_BATCHING, 0);
    use_everything(p, 4);
    play_act(p, PLAY_UNSUBSCRIBE, 5);
    play_act(p, PLAY_STOP_BATCHING, 0);
    play_act(p, PLAY_START_AUTH_BATCHING, 0);
    play_act(p, PLAY_SUBSCRIBE_AGAIN, 5);
    play_act(p, PLAY_REMOVE, 4);
    play_act(p, PLAY_SUBSCRIBE, 4);
    play_act(p, PLAY_STOP_AUTH_BATCHING, 0);
    play_act(p, PLAY_ANSWER_REQUEST, 1);
    play_settle(p);
    p->expires = true;
    play_act(p, PLAY_LOST, 1);
    play_pass(p, 60000); /* a refresh */
    p->expired = true;
    play_act(p, PLAY_LOST, 1);
    play_pass(p, 3000);
    p->expires = p->expired = false;
    play_pass(p, 60000);
    play_act(p, PLAY_UNSUBSCRIBE, 4);
    play_act(p, PLAY_SUBSCRIBE_AGAIN, 4);
    play_act(p, PLAY_ANSWER_REQUEST, 5);
    play_settle(p);
}

bool play_story(play *p)
{
    if (!play_start(p))
        return false;
    first_connection(p);
    with_credentials(p);
    later_connections(p);
    play_act(p, PLAY_CONNECT, 0);
    play_act(p, PLAY_OPENED, 0);
    play_receive_text(p, "{\"method\":\"connect\",\"error\":\"li\\u006dit exceeded\"}");
    play_pass(p, 60000);
    return true;
}
