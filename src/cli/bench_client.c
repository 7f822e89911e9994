#define _POSIX_C_SOURCE 200809L
#include "cli/bench.h"

#include "cli/message.h"

#include <stdlib.h>
#include <sys/resource.h>

static bool publishes(const cf_cli_bench_client *client)
{
    return client->calls != NULL;
}

/* Of many connections that fail for the same reason the first one says it. */
static void silence(cf_cli_measurement *bench)
{
    for (size_t i = 0; i < bench->client_count; i++)
        bench->clients[i].session.done = true;
}

static void give_up(cf_cli_measurement *bench, cf_cli_exit code)
{
    silence(bench);
    cf_cli_bench_stop(bench, code);
    bench->ended = true;
}

/* ---- publishing ---- */

static void count_answer(cf_cli_measurement *bench, const cf_cli_bench_call *call, const centrifuge_result *result)
{
    cf_cli_bench_published *published = &bench->published;
    bench->heard = published->ended = cf_cli_loop_now();
    if (result->code == CENTRIFUGE_ERROR_OK) {
        published->accepted++;
        cf_cli_histogram_add(&published->latency, published->ended - call->due);
    } else if (result->code == CENTRIFUGE_ERROR_REFUSED) {
        published->refused++;
        if (published->refused == 1)
            cf_cli_answer_complain("cannot publish to", bench->channel, result->error);
        cf_cli_bench_stop(bench, CF_CLI_REFUSED);
    } else {
        published->unanswered++;
    }
}

static void publish_due(cf_cli_bench_client *client);

static void on_answer(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    cf_cli_bench_call *call = user;
    cf_cli_bench_client *client = call->client;
    (void)subscription;
    call->next_free = client->free_call;
    client->free_call = call;
    client->bench->waiting--;
    if (result->code == CENTRIFUGE_ERROR_CLOSED)
        return;
    count_answer(client->bench, call, result);
    publish_due(client);
}

static void publish(cf_cli_bench_client *client, int64_t number, int64_t due)
{
    cf_cli_measurement *bench = client->bench;
    cf_cli_bench_call *call = client->free_call;
    cf_cli_bench_stamp stamp = {(uint64_t)(client - bench->clients), (uint64_t)number, due};
    cf_cli_bench_message_stamp(client->message, &stamp);
    call->due = due;
    centrifuge_error error =
        centrifuge_subscription_publish(client->subscription, client->message, bench->size, on_answer, call);
    if (error != CENTRIFUGE_ERROR_OK) {
        cf_cli_complain("cannot publish to %s: %s", bench->channel, centrifuge_error_text(error));
        cf_cli_bench_stop(bench, cf_cli_exit_of(error));
        return;
    }
    client->free_call = call->next_free;
    if (bench->waiting++ == 0)
        bench->heard = cf_cli_loop_now(); /* what is late is late from here on */
}

/* When the next message of all is due, if this client may send it; -1: not this client, or no more. */
static int64_t due_for(const cf_cli_bench_client *client, int64_t now)
{
    const cf_cli_measurement *bench = client->bench;
    int64_t number = bench->number;
    int64_t due = cf_cli_bench_due(bench, number, now);
    if (client->free_call == NULL || bench->stopped || cf_cli_bench_is_over(bench, number, due))
        return -1;
    return due;
}

static bool publish_next(cf_cli_bench_client *client)
{
    int64_t now = cf_cli_loop_now();
    int64_t due = due_for(client, now);
    if (due < 0 || due > now)
        return false;
    publish(client, client->bench->number++, due);
    return true;
}

/* Without a rate whoever got an answer goes on; with one it is the main loop's turn, which keeps publishers equal. */
static void publish_due(cf_cli_bench_client *client)
{
    while (client->bench->options->rate < 0 && publish_next(client))
        continue;
}

int64_t cf_cli_bench_publish(cf_cli_measurement *bench)
{
    size_t full = 0;
    while (full < bench->publisher_count) {
        cf_cli_bench_client *client = &bench->clients[bench->turn];
        bool sent = publish_next(client);
        int64_t due = due_for(client, cf_cli_loop_now());
        if (!sent && due >= 0)
            return due;
        full = sent ? 0 : full + 1;
        bench->turn = (bench->turn + 1) % bench->publisher_count;
    }
    return -1;
}

/* ---- receiving ---- */

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    cf_cli_bench_client *client = user;
    cf_cli_measurement *bench = client->bench;
    cf_cli_bench_stamp stamp;
    (void)subscription;
    if (!cf_cli_bench_message_read(message->data, bench->run, &stamp) || stamp.publisher >= bench->publisher_count)
        return;
    int64_t now = cf_cli_loop_now();
    bench->heard = bench->last_received = now;
    if ((int64_t)stamp.number <= client->last[stamp.publisher]) {
        bench->disordered++;
        return;
    }
    client->last[stamp.publisher] = (int64_t)stamp.number;
    bench->received++;
    cf_cli_histogram_add(&bench->latency, now - stamp.time);
}

/* ---- connecting ---- */

static void on_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    cf_cli_bench_client *client = user;
    (void)subscription;
    (void)event;
    if (!client->ready)
        client->bench->ready++;
    client->ready = true;
}

static void on_refused(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user)
{
    cf_cli_bench_client *client = user;
    cf_cli_measurement *bench = client->bench;
    (void)subscription;
    if (bench->ended || event->code == CENTRIFUGE_ERROR_DISCONNECTED)
        return;
    cf_cli_answer_complain("cannot subscribe to", event->channel, event->text);
    give_up(bench, CF_CLI_REFUSED);
}

static void on_connect(centrifuge_client *of, const centrifuge_connect_event *event, void *user)
{
    cf_cli_bench_client *client = user;
    (void)of;
    (void)event;
    client->connected = true;
}

/* Before the messages begin the session has said what is wrong. An attempt that fails is no connection that is lost. */
static void on_transport_close(centrifuge_client *of, const centrifuge_transport_close_event *event, void *user)
{
    cf_cli_bench_client *client = user;
    cf_cli_measurement *bench = client->bench;
    (void)of;
    if (bench->ended)
        return;
    if (!bench->running && client->session.done)
        give_up(bench, client->session.code);
    bool was_connected = client->connected;
    client->connected = false;
    if (!bench->running || !was_connected)
        return;
    bench->disconnects++;
    if (bench->disconnects == 1)
        cf_cli_complain("lost a connection to %s: %s", bench->options->place, event->reason);
}

/* A subscriber's listener of messages is not a publisher's: what it gets costs the measuring process as little as can be. */
static const centrifuge_subscription_events *events_of(const cf_cli_bench_client *client)
{
    static const centrifuge_subscription_events publisher = {.subscribe = on_subscribe, .error = on_refused};
    static const centrifuge_subscription_events subscriber = {
        .subscribe = on_subscribe, .error = on_refused, .message = on_message};
    return publishes(client) ? &publisher : &subscriber;
}

static centrifuge_error subscribe(cf_cli_bench_client *client)
{
    static const centrifuge_client_events events = {.connect = on_connect, .transport_close = on_transport_close};
    centrifuge_client *of = client->session.connection.client;
    centrifuge_error error = centrifuge_client_listen(of, &events, client, NULL);
    if (error == CENTRIFUGE_ERROR_OK)
        error = centrifuge_client_subscribe(of, client->bench->channel, events_of(client), client, &client->subscription);
    return error == CENTRIFUGE_ERROR_OK ? centrifuge_client_connect(of) : error;
}

static void open_client(cf_cli_bench_client *client)
{
    cf_cli_measurement *bench = client->bench;
    client->session = (cf_cli_session){.loop = bench->loop};
    if (!cf_cli_session_open(&client->session, bench->options)) {
        give_up(bench, client->session.code);
        return;
    }
    centrifuge_error error = subscribe(client);
    if (error == CENTRIFUGE_ERROR_OK)
        return;
    cf_cli_session_error(&client->session, "cannot connect", error);
    give_up(bench, client->session.code);
}

static bool make_publisher(cf_cli_bench_client *client)
{
    const cf_cli_measurement *bench = client->bench;
    client->calls = calloc(bench->window, sizeof(*client->calls));
    client->message = malloc(bench->size + 1);
    if (client->calls == NULL || client->message == NULL)
        return false;
    for (size_t i = 0; i < bench->window; i++) {
        client->calls[i] = (cf_cli_bench_call){.client = client, .next_free = client->free_call};
        client->free_call = &client->calls[i];
    }
    cf_cli_bench_message_fill(client->message, bench->size, bench->run);
    return true;
}

static bool make_subscriber(cf_cli_bench_client *client)
{
    const cf_cli_measurement *bench = client->bench;
    client->last = malloc(bench->publisher_count * sizeof(*client->last));
    if (client->last == NULL)
        return false;
    for (size_t i = 0; i < bench->publisher_count; i++)
        client->last[i] = -1;
    return true;
}

static bool make_clients(cf_cli_measurement *bench)
{
    size_t publisher_count = bench->options->api ? 0 : bench->publisher_count;
    bench->clients = calloc(publisher_count + bench->subscriber_count, sizeof(*bench->clients));
    if (bench->clients == NULL)
        return false;
    bench->client_count = publisher_count + bench->subscriber_count;
    for (size_t i = 0; i < bench->client_count; i++) {
        cf_cli_bench_client *client = &bench->clients[i];
        client->bench = bench;
        if (!(i < publisher_count ? make_publisher(client) : make_subscriber(client)))
            return false;
    }
    return true;
}

/* As many descriptors as the system allows: a shell's limit is often 1,024. */
static void allow_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

bool cf_cli_bench_open_clients(cf_cli_measurement *bench)
{
    allow_descriptors();
    if (!make_clients(bench)) {
        cf_cli_complain("out of memory");
        give_up(bench, CF_CLI_ERROR);
    }
    for (size_t i = 0; i < bench->client_count && !bench->ended; i++)
        open_client(&bench->clients[i]);
    return !bench->ended;
}

void cf_cli_bench_close_clients(cf_cli_measurement *bench)
{
    silence(bench);
    for (size_t i = 0; i < bench->client_count; i++) {
        cf_cli_bench_client *client = &bench->clients[i];
        cf_cli_session_close(&client->session);
        free(client->calls);
        free(client->message);
        free(client->last);
    }
    free(bench->clients);
}
