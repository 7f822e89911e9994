/*
 * Every public call inside every callback, destroy anywhere, completions exactly once.
 */
#include "native/test/support.h"

/* ---- the calls ------------------------------------------------------------------------- */

typedef struct trial {
    cf_journal journal;
    centrifuge_subscription *subscription; /* NULL when removed */
    const char *where;                     /* the callback in which to act */
    void (*act)(struct trial *trial);
    bool acted;
    bool destroyed;
    bool left;
    bool refused;
    int accepted;  /* calls with a completion that were accepted */
    int completed; /* and completed */
    int dropped;   /* listeners */
} trial;

static void acted(trial *self, const char *where)
{
    if (self->acted || strcmp(where, self->where) != 0)
        return;
    self->acted = true;
    self->act(self);
}

/* A client that was being destroyed was destroyed a second time by a turn in a completion or a drop. */
static void expect_no_turns(trial *self)
{
    centrifuge_client *client = self->journal.client;
    const centrifuge_error errors[] = {
        centrifuge_client_run(client),           centrifuge_client_wait(client, 1),
        centrifuge_client_tick(client),          centrifuge_client_socket_ready(client, 0, CENTRIFUGE_READABLE),
        centrifuge_client_timer_expired(client), centrifuge_client_adopt(client),
    };
    for (size_t i = 0; i < COUNT(errors); i++)
        assert_int_equal(errors[i], CENTRIFUGE_ERROR_INVALID_STATE);
}

static void on_done(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    trial *self = user;
    assert_non_null(centrifuge_subscription_channel(subscription));
    assert_non_null(result->error);
    self->completed++;
    expect_no_turns(self);
    if (self->destroyed) { /* everything is refused, nothing crashes */
        assert_int_equal(centrifuge_client_connect(self->journal.client), CENTRIFUGE_ERROR_CLOSED);
        assert_int_equal(centrifuge_subscription_publish(subscription, "1", 1, on_done, self), CENTRIFUGE_ERROR_CLOSED);
        assert_int_equal(centrifuge_client_destroy(self->journal.client), CENTRIFUGE_ERROR_CLOSED);
        return;
    }
    acted(self, "completion");
}

static void count(trial *self, centrifuge_error error)
{
    if (error == CENTRIFUGE_ERROR_OK)
        self->accepted++;
}

static void do_connect(trial *self)
{
    OK(centrifuge_client_connect(self->journal.client));
}

static void do_disconnect(trial *self)
{
    OK(centrifuge_client_disconnect(self->journal.client));
}

static void do_disconnect_and_connect(trial *self)
{
    OK(centrifuge_client_disconnect(self->journal.client));
    OK(centrifuge_client_connect(self->journal.client));
}

static void do_destroy(trial *self)
{
    self->destroyed = true;
    OK(centrifuge_client_destroy(self->journal.client));
}

static void do_subscribe_other(trial *self)
{
    OK(centrifuge_client_subscribe(self->journal.client, "other", &journal_subscription_events, &self->journal, NULL));
}

static void do_unsubscribe(trial *self)
{
    if (self->subscription)
        OK(centrifuge_subscription_unsubscribe(self->subscription));
}

static void do_unsubscribe_and_subscribe(trial *self)
{
    if (self->subscription) {
        OK(centrifuge_subscription_unsubscribe(self->subscription));
        OK(centrifuge_subscription_subscribe(self->subscription));
    }
}

static void do_remove(trial *self)
{
    if (self->subscription)
        OK(centrifuge_subscription_remove(self->subscription));
    self->subscription = NULL;
}

static void do_calls(trial *self)
{
    if (!self->subscription)
        return;
    count(self, centrifuge_subscription_publish(self->subscription, "{}", 2, on_done, self));
    count(self, centrifuge_subscription_publish_text(self->subscription, "text", on_done, self));
    centrifuge_error error = centrifuge_subscription_catch_up(self->subscription, on_done, self);
    if (error != CENTRIFUGE_ERROR_INVALID_STATE) /* one waits already */
        count(self, error);
    count(self, centrifuge_subscription_presence(self->subscription, on_done, self));
    count(self, centrifuge_subscription_history(self->subscription, on_done, self));
    count(self, centrifuge_subscription_ready(self->subscription, on_done, self));
}

static void do_calls_and_remove(trial *self)
{
    do_calls(self);
    do_remove(self);
}

static void do_calls_and_destroy(trial *self)
{
    do_calls(self);
    do_destroy(self);
}

static void do_configure(trial *self)
{
    centrifuge_options options;
    quick_options(&options, NULL);
    options.url = "ws://127.0.0.1:1";
    OK(centrifuge_client_configure(self->journal.client, &options));
}

static void do_listen(trial *self)
{
    centrifuge_listener listener;
    OK(centrifuge_client_listen(self->journal.client, &journal_client_events, &self->journal, &listener));
    OK(centrifuge_client_unlisten(self->journal.client, listener));
}

static void on_posted(centrifuge_client *client, void *user)
{
    assert_int_equal(centrifuge_client_ping(client), CENTRIFUGE_ERROR_OK);
    ((trial *)user)->completed++;
}

static void on_dropped(void *user)
{
    ((trial *)user)->completed++;
}

static void do_post(trial *self)
{
    count(self, centrifuge_client_post(self->journal.client, on_posted, on_dropped, self));
}

static void do_small_ones(trial *self)
{
    OK(centrifuge_client_ping(self->journal.client));
    OK(centrifuge_client_network_changed(self->journal.client, true));
    centrifuge_client_wake(self->journal.client);
    assert_non_null(centrifuge_client_id(self->journal.client));
    (void)centrifuge_client_find(self->journal.client, "news");
}

static void do_batching(trial *self)
{
    OK(centrifuge_client_start_batching(self->journal.client));
    OK(centrifuge_client_start_auth_batching(self->journal.client));
    OK(centrifuge_client_subscribe(self->journal.client, "$other", NULL, NULL, NULL));
    do_calls(self);
    OK(centrifuge_client_stop_auth_batching(self->journal.client));
    OK(centrifuge_client_flush(self->journal.client));
    OK(centrifuge_client_stop_batching(self->journal.client, true));
}

/* Collected, and never sent. */
static void do_collect(trial *self)
{
    OK(centrifuge_client_start_batching(self->journal.client));
    OK(centrifuge_client_start_auth_batching(self->journal.client));
    OK(centrifuge_client_subscribe(self->journal.client, "$other", NULL, NULL, NULL));
    do_calls(self);
}

/* Ids of a client count from 1 on: some are waited for, others are not. */
static void do_answers(trial *self)
{
    for (centrifuge_request request = 1; request < 4; request++) {
        OK(centrifuge_client_authorize_answer(self->journal.client, request, "{}", 2));
        OK(centrifuge_client_refresh_answer(self->journal.client, request, "{}", 2));
    }
}

/* The loop functions are the exception. */
static void do_loops(trial *self)
{
    assert_int_equal(centrifuge_client_run(self->journal.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_tick(self->journal.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_wait(self->journal.client, 1), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_socket_ready(self->journal.client, 0, CENTRIFUGE_READABLE),
                     CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_timer_expired(self->journal.client), CENTRIFUGE_ERROR_INVALID_STATE);
    assert_int_equal(centrifuge_client_adopt(self->journal.client), CENTRIFUGE_ERROR_INVALID_STATE);
}

static void (*const acts[])(trial *) = {
    do_connect,
    do_disconnect,
    do_disconnect_and_connect,
    do_destroy,
    do_subscribe_other,
    do_unsubscribe,
    do_unsubscribe_and_subscribe,
    do_remove,
    do_calls,
    do_calls_and_remove,
    do_calls_and_destroy,
    do_configure,
    do_listen,
    do_post,
    do_small_ones,
    do_batching,
    do_collect,
    do_answers,
    do_loops,
};

/* ---- the callbacks ------------------------------------------------------------------------ */

static void at_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    (void)client;
    acted(user, "connect");
    assert_string_equal(event->client, "c1"); /* borrowed until here, whatever was done */
}

static void at_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    (void)client;
    acted(user, "disconnect");
    assert_true(strlen(event->reason) > 0);
}

static void at_error(centrifuge_client *client, const centrifuge_error_event *event, void *user)
{
    (void)client;
    acted(user, "error");
    assert_true(strlen(event->text) > 0);
}

static void at_transport_close(centrifuge_client *client, const centrifuge_transport_close_event *event, void *user)
{
    (void)client;
    acted(user, "transport close");
    assert_true(strlen(event->reason) > 0);
}

static void at_log(centrifuge_client *client, const centrifuge_log_event *event, void *user)
{
    (void)client;
    acted(user, "log");
    assert_true(strlen(event->text) > 0);
}

static void at_refresh_failed(centrifuge_client *client, const centrifuge_refresh_failed_event *event, void *user)
{
    (void)client;
    acted(user, "refresh failed");
    assert_int_equal(event->attempts, 1);
}

static void at_high_water(centrifuge_client *client, const centrifuge_high_water_event *event, void *user)
{
    (void)client;
    acted(user, "high water");
    assert_int_equal(event->limit, CENTRIFUGE_ERROR_LIMIT_EVENTS);
    assert_int_equal(event->used, event->max);
}

/* CLOSED when the act was the end. */
static void at_authorize(centrifuge_client *client, centrifuge_request request, centrifuge_bytes body, void *user)
{
    acted(user, "authorize");
    assert_memory_equal(body.bytes, "{\"client\":\"c1\"", 14);
    (void)centrifuge_client_authorize_answer(client, request, NULL, 0);
}

static void at_refresh(centrifuge_client *client, centrifuge_request request, void *user)
{
    acted(user, "refresh");
    (void)centrifuge_client_refresh_answer(client, request, NULL, 0);
}

static void at_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    acted(user, "message");
    assert_string_equal(message->channel, "news");
    assert_memory_equal(message->data.bytes, "\"text\"", message->data.size);
}

static void at_join(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    acted(user, "join");
    assert_string_equal(event->client, "c2");
}

static void at_leave(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    acted(user, "leave");
    ((trial *)user)->left = true;
    assert_string_equal(event->client, "c2");
}

static void at_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    (void)subscription;
    acted(user, "subscribe");
    assert_string_equal(event->channel, "news");
}

static void at_refused(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user)
{
    (void)subscription;
    acted(user, "refused");
    ((trial *)user)->refused = true;
    assert_string_equal(event->text, "permission denied");
    assert_string_equal(event->channel, "refused-channel");
}

static void at_unsubscribe(centrifuge_subscription *subscription, const centrifuge_unsubscribe_event *event, void *user)
{
    (void)subscription;
    acted(user, "unsubscribe");
    assert_string_equal(event->channel, "news");
}

static void at_drop(void *user)
{
    ((trial *)user)->dropped++;
}

static void at_post(centrifuge_client *client, void *user)
{
    (void)client;
    acted(user, "post");
}

static const char *const places[] = {"connect",     "disconnect", "error", "transport close", "log",
                                     "message",     "join",       "leave", "subscribe",       "refused",
                                     "unsubscribe", "completion", "post",  "authorize"};
/* With credentials that have expired. */
static const char *const places_of_refresh[] = {"refresh", "refresh failed"};
/* With one event a turn. */
static const char *const places_of_small_turns[] = {"high water"};

/* ---- the scene: a peer that makes all of them happen, connection after connection ------------ */

static const char lively[] =
    "[{\"method\":\"message\",\"body\":{\"uid\":\"u1\",\"channel\":\"news\",\"data\":\"text\"}},"
    "{\"method\":\"message\",\"body\":{\"uid\":\"u2\",\"channel\":\"news\",\"data\":\"text\"}},"
    "{\"method\":\"join\",\"body\":{\"channel\":\"news\",\"data\":{\"user\":\"2\",\"client\":\"c2\"}}},"
    "{\"method\":\"leave\",\"body\":{\"channel\":\"news\",\"data\":{\"user\":\"2\",\"client\":\"c2\"}}},"
    "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"news\"}}]";

/* The uid of the command of this kind, if there is one in the frame. */
static bool asked(const cf_peer *peer, const char *command, char uid[16])
{
    const char *at = strstr(peer->text, command);
    at = at ? strstr(at, "\"uid\":\"") : NULL;
    if (!at)
        return false;
    snprintf(uid, 16, "%.*s", (int)strcspn(at + 7, "\""), at + 7);
    return true;
}

/* Answers subscribe commands; calls get no answer. */
static void serve(cf_peer *peer)
{
    char text[256];
    char uid[16];
    while (peer_read(peer)) {
        if (asked(peer, "\"subscribe\",\"params\":{\"channel\":\"refused-channel\"", uid)) {
            snprintf(text, sizeof text,
                     "{\"method\":\"subscribe\",\"uid\":\"%s\",\"error\":\"permission denied\",\"advice\":\"fix\","
                     "\"body\":{\"channel\":\"refused-channel\"}}",
                     uid);
            peer_send(peer, text);
        }
        if (asked(peer, "\"subscribe\",\"params\":{\"channel\":\"news\"", uid)) {
            snprintf(text, sizeof text,
                     "{\"method\":\"subscribe\",\"uid\":\"%s\",\"body\":{\"channel\":\"news\",\"status\":true}}", uid);
            peer_send(peer, text);
            peer_send(peer, lively);
        }
    }
}

static void scene(cf_peer *peer)
{
    while (atomic_load(&peer->step) == 0) {
        if (!peer_accept(peer))
            break;
        if (peer_upgrade(peer) && peer_read(peer)) {
            peer_answer(peer, "connect", "{\"version\":\"1.8.0\",\"client\":\"c1\",\"expires\":false}");
            serve(peer);
        }
        peer->failure[0] = '\0'; /* ends of all kinds are what this is about */
    }
    peer->failure[0] = '\0';
}

static void expired_scene(cf_peer *peer)
{
    while (atomic_load(&peer->step) == 0 && peer_accept(peer)) {
        if (peer_upgrade(peer) && peer_read(peer)) {
            peer_answer(peer, "connect", "{\"client\":\"\",\"expires\":true,\"expired\":true,\"ttl\":0}");
            peer_wait_end(peer);
        }
        peer->failure[0] = '\0';
    }
    peer->failure[0] = '\0';
}

static const centrifuge_client_events trial_client_events = {at_connect, at_disconnect,     at_error,      at_transport_close,
                                                             at_log,     at_refresh_failed, at_high_water, at_drop};
static const centrifuge_subscription_events trial_events = {at_message, at_join,        at_leave, at_subscribe,
                                                            at_refused, at_unsubscribe, at_drop};

static void begin_trial(trial *self, const cf_peer *peer, size_t events_per_turn)
{
    centrifuge_options options;
    quick_options(&options, peer);
    options.timeout = 20;
    options.authorize = at_authorize;
    options.refresh = at_refresh;
    options.authorize_user = options.refresh_user = self;
    options.refresh_attempts = 1;
    options.events_per_turn = events_per_turn;
    OK(centrifuge_client_new(&self->journal.client, &options));
    OK(centrifuge_client_listen(self->journal.client, &trial_client_events, self, NULL));
    OK(centrifuge_client_subscribe(self->journal.client, "news", &trial_events, self, &self->subscription));
    OK(centrifuge_client_subscribe(self->journal.client, "refused-channel", &trial_events, self, NULL));
    OK(centrifuge_client_subscribe(self->journal.client, "$private", NULL, NULL, NULL));
    count(self, centrifuge_subscription_publish(self->subscription, "1", 1, on_done, self));
    OK(centrifuge_client_post(self->journal.client, at_post, NULL, self));
    OK(centrifuge_client_connect(self->journal.client));
}

/* After the act a bit of life, then the end. */
static void end_trial(trial *self)
{
    for (int i = 0; i < 3 && !self->destroyed; i++)
        centrifuge_client_wait(self->journal.client, 2);
    if (!self->destroyed) {
        do_calls(self);
        self->destroyed = true;
        OK(centrifuge_client_destroy(self->journal.client));
    }
    assert_int_equal(self->accepted, self->completed);
    assert_int_equal(self->dropped, 3);
}

static void run_trial(const cf_peer *peer, const char *where, void (*act)(trial *), size_t events_per_turn)
{
    trial self = {.where = where, .act = act};
    begin_trial(&self, peer, events_per_turn);
    for (int i = 0; i < 200 && !self.acted; i++) {
        centrifuge_error error = centrifuge_client_wait(self.journal.client, 20);
        assert_true(error == CENTRIFUGE_ERROR_OK || (error == CENTRIFUGE_ERROR_CLOSED && self.destroyed));
        if (self.refused && self.left && !self.acted) /* the peer has no more; brings disconnect and transport close */
            OK(centrifuge_client_disconnect(self.journal.client));
    }
    if (!self.acted)
        fail_msg("'%s' was never called", where);
    end_trial(&self);
}

static void try_all(peer_script script, const char *const *where, size_t count_of_places, size_t events_per_turn)
{
    cf_peer peer;
    peer_start(&peer, script, NULL, NULL);
    for (size_t i = 0; i < count_of_places; i++)
        for (size_t j = 0; j < COUNT(acts); j++)
            run_trial(&peer, where[i], acts[j], events_per_turn);
    atomic_store(&peer.step, 1);
    peer_finish(&peer);
}

static void every_call_in_every_callback(void **state)
{
    (void)state;
    try_all(scene, places, COUNT(places), 10000);
    try_all(expired_scene, places_of_refresh, COUNT(places_of_refresh), 10000);
}

/* What waits from turn to turn meets every call, too. */
static void every_call_in_every_callback_of_small_turns(void **state)
{
    (void)state;
    try_all(scene, places, COUNT(places), 1);
    try_all(scene, places_of_small_turns, COUNT(places_of_small_turns), 1);
    try_all(expired_scene, places_of_refresh, COUNT(places_of_refresh), 1);
}

/* Destroy after each number of turns, with calls in all states. */
static void destroy_at_any_point(void **state)
{
    (void)state;
    cf_peer peer;
    peer_start(&peer, scene, NULL, NULL);
    for (int turns = 0; turns < 40; turns++) {
        trial self = {.where = "nowhere"};
        begin_trial(&self, &peer, turns % 2 ? 1 : 10000);
        for (int i = 0; i < turns; i++)
            OK(centrifuge_client_wait(self.journal.client, 1));
        do_calls(&self);
        self.destroyed = true;
        OK(centrifuge_client_destroy(self.journal.client));
        assert_int_equal(self.accepted, self.completed);
    }
    atomic_store(&peer.step, 1);
    peer_finish(&peer);
}

/* ---- what listeners were given ---------------------------------------------------------------- */

/* Nothing of the client is touched behind it: a sanitizer would see that. */
static void drop_destroys(void *user)
{
    trial *self = user;
    self->dropped++;
    OK(centrifuge_client_destroy(self->journal.client));
}

static void dropping_may_destroy_the_client(void **state)
{
    static const centrifuge_client_events events = {.drop = drop_destroys};
    static const centrifuge_subscription_events news = {.drop = drop_destroys};
    trial self = {.where = "nowhere"};
    centrifuge_listener listener;
    (void)state;
    make_quick_client(NULL, &self.journal);
    OK(centrifuge_client_listen(self.journal.client, &events, &self, &listener));
    OK(centrifuge_client_unlisten(self.journal.client, listener));
    assert_int_equal(self.dropped, 1);
    make_quick_client(NULL, &self.journal);
    OK(centrifuge_client_subscribe(self.journal.client, "news", &news, &self, &self.subscription));
    OK(centrifuge_subscription_remove(self.subscription));
    assert_int_equal(self.dropped, 2);
}

/* Its memory is the application's to free as soon as it is dropped, so it is dropped when it is not in use. */
typedef struct itself {
    centrifuge_listener listener;
    int *dropped;
} itself;

static void unlisten_itself(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    itself *given = user;
    (void)message;
    OK(centrifuge_subscription_unlisten(subscription, given->listener));
    assert_int_equal(*given->dropped, 0);
}

static void free_itself(void *user)
{
    itself *given = user;
    ++*given->dropped;
    free(given);
}

static void what_is_running_is_dropped_afterwards(void **state)
{
    static const centrifuge_subscription_events events = {.message = unlisten_itself, .drop = free_itself};
    cf_peer peer;
    cf_journal journal;
    int dropped = 0;
    itself *given = malloc(sizeof *given);
    (void)state;
    peer_start(&peer, scene, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription *news = subscribe(&journal, "news");
    given->dropped = &dropped;
    OK(centrifuge_subscription_listen(news, &events, given, &given->listener));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "message news \"text\" u2");
    assert_int_equal(dropped, 1);
    OK(centrifuge_client_destroy(journal.client));
    atomic_store(&peer.step, 1);
    peer_finish(&peer);
}

static void what_is_refused_is_not_dropped(void **state)
{
    static const centrifuge_subscription_events events = {.drop = drop_destroys};
    trial self = {.where = "nowhere"};
    (void)state;
    make_quick_client(NULL, &self.journal);
    assert_int_equal(centrifuge_client_subscribe(self.journal.client, "", &events, &self, NULL),
                     CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    OK(centrifuge_client_destroy(self.journal.client));
    assert_int_equal(self.dropped, 0);
}

/* What stands behind the events that an older program knows is not the library's to read. */
static void an_older_programs_listener_has_nothing_to_drop(void **state)
{
    static const centrifuge_client_events events = {.drop = drop_destroys};
    static const centrifuge_subscription_events news = {.drop = drop_destroys};
    const size_t known = offsetof(centrifuge_client_events, drop);
    const size_t known_of_news = offsetof(centrifuge_subscription_events, drop);
    trial self = {.where = "nowhere"};
    (void)state;
    make_quick_client(NULL, &self.journal);
    OK(centrifuge_client_listen_sized(known, self.journal.client, &events, &self, NULL));
    OK(centrifuge_client_subscribe_sized(known_of_news, self.journal.client, "news", &news, &self, NULL));
    OK(centrifuge_client_destroy(self.journal.client));
    assert_int_equal(self.dropped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_in_every_callback),
        cmocka_unit_test(every_call_in_every_callback_of_small_turns),
        cmocka_unit_test(destroy_at_any_point),
        cmocka_unit_test(dropping_may_destroy_the_client),
        cmocka_unit_test(what_is_running_is_dropped_afterwards),
        cmocka_unit_test(what_is_refused_is_not_dropped),
        cmocka_unit_test(an_older_programs_listener_has_nothing_to_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
