#include "native/test/support.h"

/* Turns of at most WAIT milliseconds before run_until gives up; only reached when something is wrong. */
#define WAIT  100
#define TURNS 1200

void note(cf_journal *journal, const char *format, ...)
{
    size_t used = strlen(journal->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(journal->text + used, sizeof journal->text - used, format, arguments);
    va_end(arguments);
}

bool noted(const cf_journal *journal, const char *part)
{
    return strstr(journal->text, part) != NULL;
}

size_t times_noted(const cf_journal *journal, const char *part)
{
    size_t times = 0;
    for (const char *at = journal->text; (at = strstr(at, part)) != NULL; at += strlen(part))
        times++;
    return times;
}

static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    assert_string_equal(centrifuge_client_id(client), event->client);
    assert_string_equal(centrifuge_client_transport(client), event->transport);
    assert_int_equal(centrifuge_client_get_state(client), CENTRIFUGE_CLIENT_CONNECTED);
    assert_true(event->latency >= 0);
    assert_true(centrifuge_client_latency(client) == event->latency);
    note(user, "connect %s %s; ", event->client, event->transport);
}

static void on_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    assert_int_equal(centrifuge_client_get_state(client), CENTRIFUGE_CLIENT_DISCONNECTED);
    note(user, "disconnect '%s' %d; ", event->reason, event->reconnect);
}

static void on_error(centrifuge_client *client, const centrifuge_error_event *event, void *user)
{
    (void)client;
    note(user, "error %s '%s' '%s'; ", centrifuge_error_name(event->code), event->text, event->advice);
}

static void on_transport_close(centrifuge_client *client, const centrifuge_transport_close_event *event, void *user)
{
    (void)client;
    note(user, "closed %s %u '%s'%s%s; ", centrifuge_error_name(event->code), event->close_code, event->reason,
         event->close_reason[0] ? " " : "", event->close_reason);
}

static void on_high_water(centrifuge_client *client, const centrifuge_high_water_event *event, void *user)
{
    (void)client;
    assert_true(event->used <= event->max);
    note(user, "high water %s of %zu; ", centrifuge_error_name(event->limit), event->max);
}

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    assert_string_equal(centrifuge_subscription_channel(subscription), message->channel);
    note(user, "message %s %.*s %s %s; ", message->channel, (int)message->data.size, message->data.bytes, message->uid,
         message->client);
}

static void on_join(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    note(user, "join %s %s %.*s; ", event->channel, event->client, (int)event->data.size, event->data.bytes);
}

static void on_leave(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    note(user, "leave %s %s; ", event->channel, event->client);
}

static void on_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    assert_int_equal(centrifuge_subscription_get_state(subscription), CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED);
    note(user, "subscribe %s%s%s; ", event->channel, event->resubscribe ? " again" : "", event->recovered ? " recovered" : "");
}

static void on_refused(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user)
{
    /* what is overloaded is asked again */
    bool again = event->code != CENTRIFUGE_ERROR_REFUSED && strcmp(event->advice, "retry") == 0;
    assert_int_equal(centrifuge_subscription_get_state(subscription),
                     again ? CENTRIFUGE_SUBSCRIPTION_SUBSCRIBING : CENTRIFUGE_SUBSCRIPTION_REFUSED);
    note(user, "refused %s %s '%s' '%s'; ", event->channel, centrifuge_error_name(event->code), event->text, event->advice);
}

static void on_unsubscribe(centrifuge_subscription *subscription, const centrifuge_unsubscribe_event *event, void *user)
{
    (void)subscription;
    note(user, "unsubscribe %s; ", event->channel);
}

const centrifuge_client_events journal_client_events = {
    .connect = on_connect,
    .disconnect = on_disconnect,
    .error = on_error,
    .transport_close = on_transport_close,
    .high_water = on_high_water,
};

const centrifuge_subscription_events journal_subscription_events = {
    .message = on_message,
    .join = on_join,
    .leave = on_leave,
    .subscribe = on_subscribe,
    .error = on_refused,
    .unsubscribe = on_unsubscribe,
};

void journal_result(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    cf_journal *journal = user;
    assert_non_null(centrifuge_subscription_channel(subscription));
    journal->done++;
    note(journal, "%s %.*s %s; ", centrifuge_error_name(result->code), (int)result->data.size,
         result->data.size ? result->data.bytes : "", result->error);
}

void quick_options(centrifuge_options *options, const cf_peer *peer)
{
    OK(centrifuge_options_default(options));
    options->print_errors = false;
    options->url = peer ? peer_url(peer) : "ws://127.0.0.1:1";
    options->insecure = true;
    options->proxy = "";
    options->transports = "";
    options->retry = 10;
    options->max_retry = 50;
}

centrifuge_client *make_client(const centrifuge_options *options, cf_journal *journal)
{
    memset(journal, 0, sizeof *journal);
    OK(centrifuge_client_new(&journal->client, options));
    OK(centrifuge_client_listen(journal->client, &journal_client_events, journal, NULL));
    return journal->client;
}

centrifuge_client *make_quick_client(const cf_peer *peer, cf_journal *journal)
{
    centrifuge_options options;
    quick_options(&options, peer);
    return make_client(&options, journal);
}

centrifuge_subscription *subscribe(cf_journal *journal, const char *channel)
{
    centrifuge_subscription *subscription;
    OK(centrifuge_client_subscribe(journal->client, channel, &journal_subscription_events, journal, &subscription));
    return subscription;
}

void run_until(cf_journal *journal, const char *part)
{
    for (int i = 0; i < TURNS && !noted(journal, part); i++)
        OK(centrifuge_client_wait(journal->client, WAIT));
    if (!noted(journal, part))
        fail_msg("waited for '%s', had: %s", part, journal->text);
}

void end_client(cf_journal *journal)
{
    OK(centrifuge_client_disconnect(journal->client));
    OK(centrifuge_client_run(journal->client));
    OK(centrifuge_client_destroy(journal->client));
}
