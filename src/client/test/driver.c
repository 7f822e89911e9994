#include "driver.h"

#include "states.h"

#define LOG_MAX (1 << 21)

static const char *error_name(centrifuge_error error)
{
    static const char *const names[] = {
#define NAME(number, name, text, temporary) [number] = #name,
        CENTRIFUGE_ERROR_TABLE(NAME)
#undef NAME
    };
    return names[error];
}

/* ---- memory: each block knows its size ------------------------------------------- */

typedef union block {
    size_t size;
    max_align_t align;
} block;

static void *resize(void *user, void *memory, size_t size)
{
    driver *d = user;
    block *old = memory == NULL ? NULL : (block *)memory - 1;
    if (size > 0) {
        d->allocations++;
        if (d->allocations == d->fail_at || (d->fail_on && d->fail_at != 0 && d->allocations > d->fail_at))
            return NULL;
    }
    block *made = NULL;
    if (size > 0) {
        made = malloc(sizeof(block) + size); /* always another place, so that a stale pointer is seen */
        assert_non_null(made);
        made->size = size;
        d->blocks++;
        d->bytes += size;
    }
    if (old != NULL) {
        if (made != NULL)
            memcpy(made + 1, memory, old->size < size ? old->size : size);
        d->blocks--;
        d->bytes -= old->size;
        free(old);
    }
    return made == NULL ? NULL : made + 1;
}

static uint32_t next_random(void *user)
{
    return ((driver *)user)->random;
}

/* ---- the transcript ------------------------------------------------------------------ */

static void write_log(driver *d, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(d->log + d->log_size, LOG_MAX - d->log_size, format, list);
    va_end(list);
    assert_true(size >= 0 && d->log_size + (size_t)size < LOG_MAX);
    for (size_t end = d->log_size + (size_t)size; d->log_size < end; d->log_size++) {
        if (d->log[d->log_size] == '"')
            d->log[d->log_size] = '\'';
    }
}

#define TEXT(bytes) (int)(bytes).size, (bytes).size > 0 ? (bytes).data : ""

static void write_transport(driver *d, const cf_effect *effect)
{
    switch (effect->kind) {
    case CF_EFFECT_TRANSPORT_OPEN:
        assert_false(d->transport_live);
        d->transport_live = true;
        d->transport = effect->transport.id;
        d->opens++;
        write_log(d, "open %u %.*s\n", effect->transport.id, TEXT(effect->transport.address));
        break;
    case CF_EFFECT_TRANSPORT_SEND:
        assert_true(d->transport_live && effect->transport.id == d->transport);
        write_log(d, "send %u %.*s\n", effect->transport.id, TEXT(effect->transport.text));
        break;
    default:
        assert_true(d->transport_live && effect->transport.id == d->transport);
        d->transport_live = false;
        write_log(d, "close %u\n", effect->transport.id);
        break;
    }
}

static void write_client_event(driver *d, const cf_event *event)
{
    const char *again = event->reconnect ? "again" : "stop";
    switch (event->kind) {
    case CF_EVENT_CONNECT:
        write_log(d, "connect %.*s %.*s %d ms\n", TEXT(event->client), TEXT(event->transport), (int)event->latency);
        break;
    case CF_EVENT_DISCONNECT:
        write_log(d, "disconnect '%.*s' %s\n", TEXT(event->reason), again);
        break;
    case CF_EVENT_HIGH_WATER:
        write_log(d, "high-water %s %zu of %zu\n", error_name(event->code), event->used, event->max);
        break;
    case CF_EVENT_REFRESH_FAILED:
        write_log(d, "refresh-failed\n");
        break;
    case CF_EVENT_ERROR:
        write_log(d, "error %s '%.*s' '%.*s' %.*s\n", error_name(event->code), TEXT(event->error), TEXT(event->advice),
                  TEXT(event->raw));
        break;
    default:
        assert_int_equal(event->kind, CF_EVENT_TRANSPORT_CLOSE);
        write_log(d, "transport-close '%.*s' %s %s\n", TEXT(event->reason), again, error_name(event->code));
        break;
    }
}

static void write_push(driver *d, const cf_event *event)
{
    static const char *const names[] = {[CF_EVENT_MESSAGE] = "message", [CF_EVENT_JOIN] = "join", [CF_EVENT_LEAVE] = "leave"};
    bool message = event->kind == CF_EVENT_MESSAGE;
    write_log(d, "%.*s: %s %.*s %.*s", TEXT(event->channel), names[event->kind], TEXT(message ? event->uid : event->client),
              TEXT(event->data));
    if (message && event->client.size > 0)
        write_log(d, " from '%.*s'", TEXT(event->client));
    if (event->info.size > 0)
        write_log(d, " info %.*s", TEXT(event->info));
    write_log(d, "\n");
}

static void write_subscription_event(driver *d, const cf_event *event)
{
    const char *first = event->resubscribe ? "again" : "first";
    switch (event->kind) {
    case CF_EVENT_SUBSCRIBE:
        write_log(d, "%.*s: subscribe %s%s\n", TEXT(event->channel), first, event->recovered ? " recovered" : "");
        break;
    case CF_EVENT_SUBSCRIBE_ERROR:
        write_log(d, "%.*s: refused %s %s'%.*s' '%.*s' %s\n", TEXT(event->channel), error_name(event->code),
                  event->error_json ? "json " : "", TEXT(event->error), TEXT(event->advice), first);
        break;
    case CF_EVENT_UNSUBSCRIBE:
        write_log(d, "%.*s: unsubscribe\n", TEXT(event->channel));
        break;
    case CF_EVENT_REMOVED:
        write_log(d, "%.*s: removed\n", TEXT(event->channel));
        break;
    default:
        write_push(d, event);
        break;
    }
}

static void write_result(driver *d, const cf_result *result)
{
    write_log(d, "result %s %s", (const char *)result->call, error_name(result->code));
    if (result->code != CENTRIFUGE_ERROR_OK)
        write_log(d, " %s'%.*s' '%.*s'", result->error_json ? "json " : "", TEXT(result->error), TEXT(result->advice));
    else if (result->body.data != NULL)
        write_log(d, " %.*s", TEXT(result->body));
    if (result->data.size > 0)
        write_log(d, " data %.*s", TEXT(result->data));
    if (result->resubscribe)
        write_log(d, " again");
    if (result->recovered)
        write_log(d, " recovered");
    write_log(d, "\n");
}

static void write_request(driver *d, const cf_effect *effect)
{
    if (effect->kind == CF_EFFECT_REQUEST_CANCEL) {
        write_log(d, "cancel %u\n", effect->request.id);
        return;
    }
    assert_true(effect->request.id > d->request);
    d->request = effect->request.id;
    if (effect->kind == CF_EFFECT_AUTHORIZE)
        write_log(d, "authorize %u %.*s\n", effect->request.id, TEXT(effect->request.body));
    else
        write_log(d, "refresh %u\n", effect->request.id);
}

static void write_effect(driver *d, const cf_effect *effect)
{
    static const char *const levels[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    switch (effect->kind) {
    case CF_EFFECT_EVENT:
        if (effect->event.subscription == NULL)
            write_client_event(d, &effect->event);
        else
            write_subscription_event(d, &effect->event);
        break;
    case CF_EFFECT_AUTHORIZE:
    case CF_EFFECT_REFRESH:
    case CF_EFFECT_REQUEST_CANCEL:
        write_request(d, effect);
        break;
    case CF_EFFECT_RESULT:
        write_result(d, &effect->result);
        break;
    case CF_EFFECT_LOG:
        if (d->show_logs)
            write_log(d, "log %s %.*s\n", levels[effect->log.level], TEXT(effect->log.text));
        break;
    default:
        write_transport(d, effect);
        break;
    }
}

void driver_pump(driver *d)
{
    cf_effect effect;
    while (cf_client_next_effect(d->client, d->now, &effect)) {
        write_effect(d, &effect);
        d->inside = true;
        if (d->hook != NULL)
            d->hook(d, &effect);
        d->inside = false;
    }
    states_check(d->client);
    free(d->received);
    d->received = NULL;
}

void driver_expect(driver *d, const char *file, int line, const char *lines)
{
    if (strcmp(d->log, lines) != 0) {
        print_error("expected:\n%s\nbut got:\n%s\n", lines, d->log);
        _fail(file, line);
    }
    driver_forget(d);
}

void driver_forget(driver *d)
{
    d->log_size = 0;
    d->log[0] = '\0';
}

size_t driver_count(const driver *d, const char *beginning)
{
    size_t count = 0;
    for (const char *at = d->log; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
        at += *at == '\n';
        count += strncmp(at, beginning, strlen(beginning)) == 0;
    }
    return count;
}

void driver_expect_state(const driver *d, cf_client_state state, bool will_reconnect)
{
    assert_int_equal(cf_client_get_state(d->client), state);
    assert_int_equal(cf_client_will_reconnect(d->client), will_reconnect);
}

void driver_expect_subscription(const cf_subscription *subscription, cf_subscription_state state)
{
    assert_int_equal(cf_subscription_get_state(subscription), state);
}

/* ---- life ------------------------------------------------------------------------------- */

void driver_init(driver *d)
{
    *d = (driver){.now = 1000000};
    d->log = calloc(1, LOG_MAX);
    assert_non_null(d->log);
    d->allocator = (cf_allocator){resize, d};
    d->environment = (cf_environment){&d->allocator, next_random, d};
    cf_client_options_default(&d->options);
    d->options.url = CF_BYTES("ws://host");
    d->options.user = CF_BYTES("u");
    d->options.timestamp = CF_BYTES("1");
    d->options.token = CF_BYTES("t");
}

bool driver_start(driver *d)
{
    centrifuge_error error = cf_client_new(&d->client, &d->options, &d->environment, d->now);
    assert_true(error == CENTRIFUGE_ERROR_OK || error == CENTRIFUGE_ERROR_NO_MEMORY);
    return error == CENTRIFUGE_ERROR_OK;
}

void driver_end(driver *d)
{
    if (d->client != NULL) {
        cf_client_shutdown(d->client, d->now);
        driver_pump(d);
        assert_false(d->transport_live);
        cf_client_free(d->client);
    }
    assert_int_equal(d->blocks, 0);
    free(d->log);
}

int driver_set_up(void **state)
{
    driver *d = malloc(sizeof(driver));
    assert_non_null(d);
    driver_init(d);
    *state = d;
    return 0;
}

int driver_tear_down(void **state)
{
    driver_end(*state);
    free(*state);
    return 0;
}

/* ---- the transport ---------------------------------------------------------------------- */

void driver_opened(driver *d)
{
    cf_client_transport_opened(d->client, d->transport, CF_BYTES("raw-websocket"), d->now);
    driver_pump(d);
}

void driver_receive_bytes(driver *d, const char *data, size_t size)
{
    assert_null(d->received);
    d->received = malloc(size + (size == 0)); /* exactly: reading too far is seen */
    assert_non_null(d->received);
    for (size_t i = 0; i < size; i++)
        d->received[i] = data[i] == '\'' ? '"' : data[i];
    cf_client_transport_received(d->client, d->transport, cf_bytes_make(d->received, size), d->now);
    driver_pump(d);
}

void driver_receive(driver *d, const char *text)
{
    driver_receive_bytes(d, text, strlen(text));
}

typedef void (*answer_request)(cf_client *client, uint32_t id, bool failed, cf_bytes answer, cf_time now);

/* The core keeps nothing of it: its memory is gone when the effects are taken. */
static void answer(driver *d, answer_request tell, uint32_t id, const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);
    char *copy = malloc(size + 1);
    assert_non_null(copy);
    for (size_t i = 0; i < size; i++)
        copy[i] = text[i] == '\'' ? '"' : text[i];
    tell(d->client, id, text == NULL, cf_bytes_make(copy, size), d->now);
    free(copy);
    if (!d->inside)
        driver_pump(d);
}

void driver_authorized(driver *d, uint32_t id, const char *text)
{
    answer(d, cf_client_authorized, id, text);
}

void driver_refreshed(driver *d, uint32_t id, const char *text)
{
    answer(d, cf_client_refreshed, id, text);
}

static void closed(driver *d, uint16_t code, const char *reason, centrifuge_error error)
{
    char text[256];
    snprintf(text, sizeof(text), "%s", reason);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    d->transport_live = false;
    cf_client_transport_closed(d->client, d->transport, code, cf_bytes_of(text), error, d->now);
    memset(text, 'x', sizeof(text));
    driver_pump(d);
}

void driver_closed(driver *d, const char *reason, centrifuge_error error)
{
    closed(d, error == CENTRIFUGE_ERROR_OK ? CF_CLOSE_NO_STATUS : CF_CLOSE_ABNORMAL, reason, error);
}

void driver_closed_with(driver *d, uint16_t code)
{
    closed(d, code, "", CENTRIFUGE_ERROR_OK);
}

void driver_pass(driver *d, int64_t milliseconds)
{
    cf_time end = d->now + milliseconds;
    while (cf_client_deadline(d->client) <= end) {
        cf_time deadline = cf_client_deadline(d->client);
        d->now = deadline > d->now ? deadline : d->now;
        cf_client_tick(d->client, d->now);
        driver_pump(d);
    }
    d->now = end;
}

/* ---- the user ------------------------------------------------------------------------------ */

void driver_connect(driver *d)
{
    assert_int_equal(cf_client_connect(d->client, d->now), CENTRIFUGE_ERROR_OK);
    driver_pump(d);
}

void driver_disconnect(driver *d)
{
    cf_client_disconnect(d->client, d->now);
    driver_pump(d);
}

cf_subscription *driver_subscribe(driver *d, const char *channel)
{
    cf_subscription *subscription;
    centrifuge_error error = cf_client_subscribe(d->client, d->now, cf_bytes_of(channel), d, &subscription, NULL);
    assert_int_equal(error, CENTRIFUGE_ERROR_OK);
    driver_pump(d);
    return subscription;
}

void driver_unsubscribe(driver *d, cf_subscription *subscription)
{
    cf_subscription_unsubscribe(subscription, d->now);
    driver_pump(d);
}

centrifuge_error driver_publish(driver *d, cf_subscription *subscription, const char *data, const char *name)
{
    centrifuge_error error = cf_subscription_publish(subscription, d->now, cf_bytes_of(data), (void *)(uintptr_t)name);
    driver_pump(d);
    return error;
}

void driver_be_connected(driver *d)
{
    driver_connect(d);
    driver_opened(d);
    driver_welcome(d, 1);
    assert_int_equal(cf_client_get_state(d->client), CF_CLIENT_CONNECTED);
    driver_forget(d);
}

void driver_welcome(driver *d, unsigned uid)
{
    char text[200];
    snprintf(text, sizeof(text),
             "{'uid':'%u','method':'connect','body':{'client':'c%u','expires':false,'expired':false,'ttl':0}}", uid,
             d->transport);
    driver_receive(d, text);
}

void driver_accept(driver *d, unsigned uid, const char *channel)
{
    char text[200];
    snprintf(text, sizeof(text), "{'uid':'%u','method':'subscribe','body':{'channel':'%s','status':true}}", uid, channel);
    driver_receive(d, text);
}

cf_subscription *driver_be_subscribed(driver *d)
{
    driver_start(d);
    cf_subscription *news = driver_subscribe(d, "news");
    driver_be_connected(d);
    driver_accept(d, 2, "news");
    driver_forget(d);
    return news;
}

void driver_reconnect(driver *d, unsigned uid)
{
    driver_closed(d, "", CENTRIFUGE_ERROR_OK);
    driver_pass(d, cf_client_deadline(d->client) - d->now);
    driver_opened(d);
    driver_forget(d);
    driver_welcome(d, uid);
}
