/*
 * The client core as a WebAssembly module: the functions that JavaScript calls. js/web/core.js is the other half.
 *
 * Texts go in through blocks that JavaScript asks for (`alloc`) and fills with UTF-8; a function that takes one releases it,
 * unless it says otherwise. What happens comes out one effect at a time: `next` fills the window's effect, and JavaScript
 * reads its members at the offsets that are asserted below and carries it out while no function of this module runs. So a
 * user's code never runs on this module's stack, and what it throws cannot harm it.
 *
 * Times are milliseconds as double, since a 64-bit integer would be a BigInt there. A pointer is a number, and JavaScript hands
 * back only those that it got. One instance serves all clients of a page; what is static here is the window through which it is
 * spoken to, and means nothing between two calls.
 */
#include "client/core.h"
#include "web/memory.h"

/* The underscore says to the minifier that the name may be another one in what is shipped. */
#define EXPORT(name) __attribute__((export_name("_" #name))) cf_web_##name

/* 32 random bits. */
__attribute__((import_module("e"), import_name("r"))) uint32_t cf_web_random(void);

#define PUSH_MAX (128 * 3) /* bytes of each text of a push: SHORT in js/web/memory.js */

static struct window {
    cf_client_options options; /* for `configure`; JavaScript knows where it is, and the rest from there */
    cf_effect effect;          /* of the last `next` */
    size_t fault;              /* where in `options` the one stands that `configure` refused */
    char channel[PUSH_MAX];    /* of a push that JavaScript has read */
    char uid[PUSH_MAX];
} window;

/* ---- what both halves know ---------------------------------------------------------- */

#define EFFECT(member, offset)                                                                                                 \
    _Static_assert(offsetof(cf_effect, member) == (offset), #member " has moved: change js/web/layout.json too")
#define OPTION(member, offset)                                                                                                 \
    _Static_assert(offsetof(cf_client_options, member) == (offset), #member " has moved: change js/web/layout.json too")

_Static_assert(offsetof(struct window, effect) == 176, "the effect has moved: change js/web/layout.json too");
_Static_assert(offsetof(struct window, fault) == 176 + 216, "the fault has moved: change js/web/layout.json too");
_Static_assert(offsetof(struct window, channel) == 176 + 220, "the channel has moved: change js/web/layout.json too");
_Static_assert(offsetof(struct window, uid) == 176 + 220 + PUSH_MAX, "the uid has moved: change js/web/layout.json too");
_Static_assert(CF_JSON_DEPTH_MAX == 512, "messages may be nested otherwise: change js/web/layout.json too");

EFFECT(kind, 0);
EFFECT(transport.id, 4);
EFFECT(transport.kind, 8);
EFFECT(transport.address, 12);
EFFECT(transport.text, 20);
EFFECT(request.id, 28);
EFFECT(request.body, 32);
EFFECT(event.kind, 40);
EFFECT(event.subscription, 44);
EFFECT(event.raw, 48);
EFFECT(event.client, 56);
EFFECT(event.transport, 64);
EFFECT(event.latency, 72);
EFFECT(event.reason, 80);
EFFECT(event.reconnect, 88);
EFFECT(event.resubscribe, 124);
EFFECT(event.recovered, 125);
EFFECT(event.code, 128);
EFFECT(event.error, 132);
EFFECT(event.advice, 140);
EFFECT(event.error_json, 148);
EFFECT(event.used, 152);
EFFECT(event.max, 156);
EFFECT(result.call, 160);
EFFECT(result.code, 164);
EFFECT(result.error, 168);
EFFECT(result.advice, 176);
EFFECT(result.body, 184);
EFFECT(result.resubscribe, 200);
EFFECT(result.error_json, 202);
EFFECT(log.text, 208);

OPTION(url, 0);
OPTION(user, 8);
OPTION(timestamp, 16);
OPTION(token, 24);
OPTION(info, 32);
OPTION(credentials_json, 40);
OPTION(insecure, 41);
OPTION(sockjs, 42);
OPTION(resubscribe, 43);
OPTION(retry, 48);
OPTION(max_retry, 56);
OPTION(timeout, 64);
OPTION(connect_timeout, 72);
OPTION(ping, 80);
OPTION(ping_interval, 88);
OPTION(pong_wait_timeout, 96);
OPTION(private_channel_prefix, 104);
OPTION(auth_timeout, 112);
OPTION(refresh_timeout, 120);
OPTION(refresh_interval, 128);
OPTION(refresh_attempts, 136);
OPTION(batch, 145);
OPTION(message_size_max, 148);
OPTION(queue_size_max, 152);
OPTION(calls_max, 156);
OPTION(subscriptions_max, 160);
OPTION(channel_length_max, 164);
OPTION(recovery_size_max, 168);
OPTION(frame_size_max, 172);

/* ---- texts -------------------------------------------------------------------------------- */

/* NULL without memory. */
void *EXPORT(alloc)(size_t size)
{
    return cf_alloc(&cf_web_allocator, size);
}

void EXPORT(release)(void *memory)
{
    cf_free(&cf_web_allocator, memory);
}

/* How many UTF-16 units the UTF-8 between the two is: one for each character, one more for those of four bytes. */
size_t EXPORT(units)(const char *from, const char *to)
{
    size_t count = 0;
    for (; from < to; from++)
        count += ((unsigned char)*from & 0xc0) != 0x80 ? 1 + ((unsigned char)*from >= 0xf0) : 0;
    return count;
}

/* ---- life --------------------------------------------------------------------------------- */

static uint32_t random_bits(void *user)
{
    (void)user;
    return cf_web_random();
}

/* A client that has to be configured; NULL without memory. */
cf_client *EXPORT(create)(double now)
{
    const cf_environment environment = {&cf_web_allocator, random_bits, NULL};
    cf_client *client;
    cf_client_new(&client, NULL, &environment, (cf_time)now);
    return client;
}

/* The defaults, over which JavaScript writes what differs. */
cf_client_options *EXPORT(options)(void)
{
    cf_client_options_default(&window.options);
    return &window.options;
}

/* By what stands in the struct. It releases none of the texts. */
centrifuge_error EXPORT(configure)(cf_client *client)
{
    return cf_client_configure(client, &window.options, &window.fault);
}

bool EXPORT(next)(cf_client *client, double now)
{
    return cf_client_next_effect(client, (cf_time)now, &window.effect);
}

/* Of a client that nobody holds any more, so nobody is told anything. */
void EXPORT(destroy)(cf_client *client)
{
    cf_client_shutdown(client, 0);
    while (cf_client_next_effect(client, 0, &window.effect))
        continue;
    cf_client_free(client);
}

/* CF_TIME_NEVER is larger than any time that a timer can wait for. */
double EXPORT(deadline)(const cf_client *client)
{
    return (double)cf_client_deadline(client);
}

/* ---- what is known ------------------------------------------------------------------------------ */

cf_client_state EXPORT(state)(const cf_client *client)
{
    return cf_client_get_state(client);
}

/* Into the window, where the event `connect` has it. */
void EXPORT(id)(const cf_client *client)
{
    window.effect.event.client = cf_client_id(client);
}

/* Into the window, where the options have them. */
void EXPORT(credentials)(const cf_client *client)
{
    cf_credentials now = cf_client_credentials(client);
    window.options.user = now.user;
    window.options.timestamp = now.timestamp;
    window.options.token = now.token;
    window.options.info = now.info;
    window.options.credentials_json = now.json;
}

cf_subscription_state EXPORT(subscriptionState)(const cf_subscription *subscription)
{
    return cf_subscription_get_state(subscription);
}

/* ---- what is done ---------------------------------------------------------------------------------- */

/*
 * What a user does to a client or a subscription, and what a page tells a client: one way in with the act's number takes less
 * room than a way for each act.
 */
typedef enum act {
    ACT_DISCONNECT,
    ACT_PING,
    ACT_START_BATCHING,
    ACT_FLUSH,
    ACT_START_AUTH_BATCHING,
    ACT_STOP_AUTH_BATCHING,
    ACT_CONNECT,
    ACT_STOP_BATCHING, /* number: whether to flush */
    ACT_SUBSCRIBE,     /* text: the channel; the window has the subscription where events have it */
    ACT_UNSUBSCRIBE,
    ACT_REMOVE,
    ACT_PRESENCE, /* number: the call, which comes back in the result; likewise below */
    ACT_HISTORY,
    ACT_PUBLISH, /* text: the data */
    ACT_TICK,
    ACT_NETWORK_CHANGED, /* number: whether there is a network */
    ACT_ALIVE,           /* number: the transport; likewise below */
    ACT_OPENED,          /* text: its name */
    ACT_CLOSED,          /* text: the reason; detail: the code of the close, or the error */
    ACT_UNSENT,          /* detail: bytes */
    ACT_AUTHORIZED,      /* number: the request, likewise below; text: the answer, if there is one */
    ACT_REFRESHED,
    ACT_FAILED, /* detail: the status, which is not 200 */
} act;

static centrifuge_error do_to_client(cf_client *client, cf_time now, act act, bool flush, cf_bytes channel)
{
    switch (act) {
    case ACT_DISCONNECT:
        cf_client_disconnect(client, now);
        break;
    case ACT_PING:
        cf_client_ping(client, now);
        break;
    case ACT_START_BATCHING:
        cf_client_start_batching(client);
        break;
    case ACT_FLUSH:
        cf_client_flush(client, now);
        break;
    case ACT_START_AUTH_BATCHING:
        cf_client_start_auth_batching(client);
        break;
    case ACT_STOP_AUTH_BATCHING:
        cf_client_stop_auth_batching(client, now);
        break;
    case ACT_CONNECT:
        return cf_client_connect(client, now);
    case ACT_STOP_BATCHING:
        cf_client_stop_batching(client, flush, now);
        break;
    default:
        return cf_client_subscribe(client, now, channel, NULL, &window.effect.event.subscription, NULL);
    }
    return CENTRIFUGE_ERROR_OK;
}

static centrifuge_error do_to_subscription(cf_subscription *subscription, cf_time now, act act, void *call, cf_bytes data)
{
    switch (act) {
    case ACT_UNSUBSCRIBE:
        cf_subscription_unsubscribe(subscription, now);
        break;
    case ACT_REMOVE:
        cf_subscription_remove(subscription, now);
        break;
    case ACT_PRESENCE:
        return cf_subscription_presence(subscription, now, call);
    case ACT_HISTORY:
        return cf_subscription_history(subscription, now, call);
    default:
        return cf_subscription_publish(subscription, now, data, call);
    }
    return CENTRIFUGE_ERROR_OK;
}

static void tell_client(cf_client *client, cf_time now, act act, uint32_t id, cf_bytes text, uint32_t detail)
{
    switch (act) {
    case ACT_TICK:
        cf_client_tick(client, now);
        break;
    case ACT_NETWORK_CHANGED:
        cf_client_network_changed(client, id != 0, now);
        break;
    case ACT_ALIVE:
        cf_client_transport_alive(client, id, now);
        break;
    case ACT_OPENED:
        cf_client_transport_opened(client, id, text, now);
        break;
    case ACT_CLOSED:
        cf_client_transport_closed(client, id, (uint16_t)detail, text, detail < CENTRIFUGE_ERROR_COUNT_ ? detail : 0, now);
        break;
    case ACT_UNSENT:
        cf_client_transport_unsent(client, id, detail);
        break;
    case ACT_AUTHORIZED:
        cf_client_authorized(client, id, text.data == NULL, text, now);
        break;
    case ACT_REFRESHED:
        cf_client_refreshed(client, id, text.data == NULL, text, now);
        break;
    default:
        cf_client_request_failed(client, id, CENTRIFUGE_ERROR_HTTP_STATUS, (int)detail, 0, now);
        break;
    }
}

/* `object` is what the act is done to. The text is released, whatever becomes of it. */
centrifuge_error EXPORT(act)(void *object, double time, act act, uintptr_t number, char *data, size_t size, uint32_t detail)
{
    const cf_time now = (cf_time)time;
    const cf_bytes text = cf_bytes_make(data, size);
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    if (act <= ACT_SUBSCRIBE)
        error = do_to_client(object, now, act, number != 0, text);
    else if (act <= ACT_PUBLISH)
        error = do_to_subscription(object, now, act, (void *)number, text);
    else
        tell_client(object, now, act, number, text, detail);
    cf_free(&cf_web_allocator, data);
    return error;
}

/* `text` stays, and has to, until there are no more effects. */
void EXPORT(received)(cf_client *client, double now, uint32_t transport, const char *text, size_t size)
{
    cf_client_transport_received(client, transport, cf_bytes_make(text, size), (cf_time)now);
}

/* The texts of a push stand in the window; of a join or leave there is no uid. NULL: `received` has to get all of it. */
cf_subscription *EXPORT(pushed)(cf_client *client, double now, uint32_t transport, size_t channel_size, size_t uid_size)
{
    cf_bytes channel = cf_bytes_make(window.channel, channel_size);
    cf_bytes uid = cf_bytes_make(window.uid, uid_size);
    return cf_client_transport_pushed(client, transport, channel, uid, (cf_time)now);
}
