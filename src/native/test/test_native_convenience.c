/*
 * What spares an application to write it by hand: texts, users, a history that is told, lines for stderr.
 */
#define _POSIX_C_SOURCE 200809L

#include "native/test/support.h"

#include <unistd.h>

#define ENTRY(uid)         "{\"uid\":\"" uid "\",\"channel\":\"news\",\"data\":\"" uid "\"}"
#define PUSH(uid)          "{\"method\":\"message\",\"body\":" ENTRY(uid) "}"
#define HISTORY(list)      "{\"channel\":\"news\",\"data\":[" list "]}"
#define ERROR(call, wrong) assert_string_equal(centrifuge_error_name(call), wrong)

/* ---- texts ---- */

static void takes_texts(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "{\"channel\":\"news\",\"data\":\"say \\\"\xc3\xa9\\\"\\n\"}");
    peer_answer(peer, "publish", "{\"channel\":\"news\",\"status\":true}");
    peer_expect(peer, "\"data\":\"\"");
    peer_answer(peer, "publish", "{\"channel\":\"news\",\"status\":true}");
    peer_wait_end(peer);
}

static void a_text_is_published_as_a_string(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, takes_texts, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription *news = subscribe(&journal, "news");
    OK(centrifuge_subscription_publish_text(news, "say \"\xc3\xa9\"\n", journal_result, &journal));
    OK(centrifuge_subscription_publish_text(news, "", journal_result, &journal));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "OK  ; OK  ; ");
    end_client(&journal);
    peer_finish(&peer);
}

static void what_is_no_text_is_refused(void **state)
{
    (void)state;
    cf_journal journal;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.queue_size_max = 100;
    make_client(&options, &journal);
    centrifuge_subscription *news = subscribe(&journal, "news");
    char text[102] = {0};
    memset(text, 'x', sizeof text - 1);
    ERROR(centrifuge_subscription_publish_text(news, NULL, journal_result, &journal), "INVALID_ARGUMENT");
    ERROR(centrifuge_subscription_publish_text(NULL, "a", journal_result, &journal), "INVALID_ARGUMENT");
    ERROR(centrifuge_subscription_publish_text(news, "a\xff", journal_result, &journal), "INVALID_UTF8");
    ERROR(centrifuge_subscription_publish_text(news, text, journal_result, &journal), "LIMIT_QUEUE");
    OK(centrifuge_client_destroy(journal.client));
    assert_int_equal(journal.done, 0);
}

/* ---- users ---- */

#define FROM(info) "{\"method\":\"message\",\"body\":{\"uid\":\"u\",\"channel\":\"news\",\"data\":1,\"info\":" info "}}"
#define LONG_USER  300

static void users(cf_peer *peer)
{
    char user[LONG_USER + 1], text[1024];
    memset(user, 'u', LONG_USER);
    user[LONG_USER] = '\0';
    snprintf(text, sizeof text, FROM("{\"user\":\"\\u003c%s\\n\"}"), user);
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_send(peer, FROM("{\"user\":\"42\",\"client\":\"c9\"}"));
    peer_send(peer, FROM("{\"client\":\"c9\",\"default_info\":{\"user\":\"no\"},\"user\":\"\\u00e9\"}"));
    peer_send(peer, FROM("{\"user\":43}"));
    peer_send(peer, FROM("{\"client\":\"c9\"}"));
    peer_send(peer, FROM("[\"user\"]"));
    peer_send(peer, PUSH("u1"));
    peer_send(peer, text);
    peer_send(peer, "[{\"method\":\"join\",\"body\":{\"channel\":\"news\",\"data\":{\"user\":\"44\",\"client\":\"c2\"}}},"
                    "{\"method\":\"leave\",\"body\":{\"channel\":\"news\",\"data\":{\"user\":\"45\",\"client\":\"c2\"}}}]");
    peer_wait_end(peer);
}

static void note_user(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    if (strlen(message->user) < LONG_USER)
        note(user, "%s; ", message->user);
    else
        note(user, "%c%zu%d; ", message->user[0], strlen(message->user), message->user[LONG_USER + 1]);
}

static void note_who(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    note(user, "who %s; ", event->user);
}

static void the_user_stands_beside_the_client(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, users, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription_events events = {.message = note_user, .join = note_who, .leave = note_who};
    OK(centrifuge_client_subscribe(journal.client, "news", &events, &journal, NULL));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "who 45");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "42; \xc3\xa9; ; ; ; ; <302"
                                "10; who 44; who 45; "));
}

/* ---- the history, told ---- */

static void note_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    note(user, "%s%s; ", message->history ? "old " : "", message->uid);
}

static void note_outcome(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)subscription;
    note(user, "%s; ", centrifuge_error_name(result->code));
}

static centrifuge_subscription *catch_up(cf_journal *journal)
{
    centrifuge_subscription *news;
    centrifuge_subscription_events events = {.message = note_message};
    OK(centrifuge_client_subscribe(journal->client, "news", &events, journal, &news));
    OK(centrifuge_subscription_catch_up(news, note_outcome, journal));
    ERROR(centrifuge_subscription_catch_up(news, note_outcome, journal), "INVALID_STATE");
    OK(centrifuge_client_connect(journal->client));
    return news;
}

static void overlaps(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "history");
    peer_send(peer, PUSH("u2"));
    peer_send(peer, PUSH("u3"));
    peer_answer(peer, "history", HISTORY(ENTRY("u4") "," ENTRY("u3") ",7," ENTRY("u2") "," ENTRY("u1")));
    peer_send(peer, PUSH("u4"));
    peer_send(peer, PUSH("u5"));
    peer_wait_end(peer);
}

static void each_message_is_told_once_and_in_order(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, overlaps, NULL, NULL);
    make_quick_client(&peer, &journal);
    catch_up(&journal);
    run_until(&journal, "u5");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "old u1; old u2; old u3; old u4; OK; u5; "));
}

/* The history is short: what was pushed before the answer is not in it. */
static void outruns(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "history");
    peer_send(peer, PUSH("u1"));
    peer_send(peer, PUSH("u2"));
    peer_answer(peer, "history", HISTORY(ENTRY("u2")));
    peer_wait_end(peer);
}

static void what_waited_and_is_not_in_the_history_is_told(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, outruns, NULL, NULL);
    make_quick_client(&peer, &journal);
    catch_up(&journal);
    run_until(&journal, "OK");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "old u2; u1; OK; "));
}

static void comes_back(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "history");
    peer_answer(peer, "history", HISTORY(ENTRY("u1")));
    peer_send(peer, PUSH("u2"));
    peer_drop(peer);
    peer_welcome(peer, "c2");
    peer_subscribed(peer, "news");
    peer_expect(peer, "history");
    peer_send(peer, PUSH("u4"));
    peer_answer(peer, "history", HISTORY(ENTRY("u4") "," ENTRY("u3") "," ENTRY("u2") "," ENTRY("u1")));
    peer_wait_end(peer);
}

static void catch_up_again(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    if (!event->recovered)
        OK(centrifuge_subscription_catch_up(subscription, note_outcome, user));
}

static void the_next_one_begins_behind_what_was_told(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, comes_back, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription_events events = {.message = note_message, .subscribe = catch_up_again};
    OK(centrifuge_client_subscribe(journal.client, "news", &events, &journal, NULL));
    OK(centrifuge_client_connect(journal.client));
    run_until(&journal, "u4");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "old u1; OK; u2; "));
    assert_true(noted(&journal, "old u3; old u4; OK; "));
    assert_int_equal(times_noted(&journal, "u2"), 1);
}

static void too_much_waits(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    centrifuge_options options;
    peer_start(&peer, overlaps, NULL, NULL);
    quick_options(&options, &peer);
    options.recovery_size_max = sizeof ENTRY("u2") + 10;
    make_client(&options, &journal);
    catch_up(&journal);
    run_until(&journal, "u5");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "u2; u3; LIMIT_RECOVERY; u4; u5; "));
}

static void goes_away(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "history");
    peer_send(peer, PUSH("u1"));
    peer_send(peer, PUSH("u2"));
    peer_drop(peer);
}

static void what_waited_is_told_when_the_connection_is_lost(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, goes_away, NULL, NULL);
    make_quick_client(&peer, &journal);
    catch_up(&journal);
    run_until(&journal, "DISCONNECTED");
    end_client(&journal);
    peer_finish(&peer);
    assert_true(noted(&journal, "u1; u2; DISCONNECTED; "));
}

static void is_left(cf_peer *peer)
{
    peer_welcome(peer, "c1");
    peer_subscribed(peer, "news");
    peer_expect(peer, "history");
    peer_send(peer, PUSH("u1"));
    peer_send(peer, "{\"method\":\"join\",\"body\":{\"channel\":\"news\",\"data\":{\"user\":\"44\",\"client\":\"c2\"}}}");
    peer_expect(peer, "unsubscribe");
    peer_drop(peer);
}

static void leave_now(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)event;
    (void)user;
    OK(centrifuge_subscription_unsubscribe(subscription));
}

static void nothing_is_told_to_who_has_unsubscribed(void **state)
{
    (void)state;
    cf_peer peer;
    cf_journal journal;
    peer_start(&peer, is_left, NULL, NULL);
    make_quick_client(&peer, &journal);
    centrifuge_subscription *news = catch_up(&journal);
    OK(centrifuge_subscription_listen(news, &(centrifuge_subscription_events){.join = leave_now}, NULL, NULL));
    run_until(&journal, "DISCONNECTED");
    end_client(&journal);
    peer_finish(&peer);
    assert_false(noted(&journal, "u1"));
}

static void leave_at_second(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    note_message(subscription, message, user);
    if (strcmp(message->uid, "u2") == 0)
        OK(centrifuge_subscription_unsubscribe(subscription));
}

static void destroy_at_second(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    note_message(subscription, message, user);
    if (strcmp(message->uid, "u2") == 0)
        OK(centrifuge_client_destroy(centrifuge_subscription_client(subscription)));
}

static void remove_at_second(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    note_message(subscription, message, user);
    if (strcmp(message->uid, "u2") == 0)
        OK(centrifuge_subscription_remove(subscription));
}

static void overlaps_until_it_is_left(cf_peer *peer)
{
    overlaps(peer);
    peer->failure[0] = '\0'; /* the client may be gone before everything is sent */
}

static void listen_until_second(void (*message)(centrifuge_subscription *, const centrifuge_message *, void *),
                                cf_journal *journal)
{
    cf_peer peer;
    centrifuge_subscription *news;
    peer_start(&peer, overlaps_until_it_is_left, NULL, NULL);
    make_quick_client(&peer, journal);
    OK(centrifuge_client_subscribe(journal->client, "news", &(centrifuge_subscription_events){.message = message}, journal,
                                   &news));
    OK(centrifuge_subscription_catch_up(news, note_outcome, journal));
    OK(centrifuge_client_connect(journal->client));
    centrifuge_error error = CENTRIFUGE_ERROR_OK;
    for (int i = 0; i < 1200 && !error && !noted(journal, "OK; "); i++)
        error = centrifuge_client_wait(journal->client, 100);
    if (!error)
        OK(centrifuge_client_destroy(journal->client));
    peer_finish(&peer);
    assert_true(noted(journal, "old u1; old u2; OK; "));
    assert_false(noted(journal, "u3") || noted(journal, "u5"));
}

static void a_listener_may_end_it(void **state)
{
    (void)state;
    cf_journal journal;
    listen_until_second(leave_at_second, &journal);
    listen_until_second(remove_at_second, &journal);
    listen_until_second(destroy_at_second, &journal);
}

/* ---- lines for stderr ---- */

typedef struct capture {
    FILE *file;
    int stderr_was;
    char text[4096];
} capture;

static void capture_begin(capture *into)
{
    into->file = tmpfile();
    assert_non_null(into->file);
    fflush(stderr);
    into->stderr_was = dup(STDERR_FILENO);
    assert_true(dup2(fileno(into->file), STDERR_FILENO) >= 0);
}

static void capture_end(capture *into)
{
    assert_true(dup2(into->stderr_was, STDERR_FILENO) >= 0);
    close(into->stderr_was);
    rewind(into->file);
    into->text[fread(into->text, 1, sizeof into->text - 1, into->file)] = '\0';
    fclose(into->file);
}

static void refuses(cf_peer *peer)
{
    const char *uid;
    char text[256];
    if (!peer_welcome(peer, "c1") || !peer_expect(peer, "subscribe"))
        return;
    uid = strstr(peer->text, "\"uid\":\"") + 7;
    snprintf(text, sizeof text,
             "{\"uid\":\"%.*s\",\"method\":\"subscribe\",\"error\":\"permission denied\",\"advice\":\"fix\","
             "\"body\":{\"channel\":\"news\"}}",
             (int)strcspn(uid, "\""), uid);
    peer_send(peer, text);
    peer_close_frame(peer, 1009, "");
    peer_wait_end(peer);
}

/* What a client that is refused by the peer prints, with listeners or without. */
static void run_refused(const centrifuge_options *given, const centrifuge_client_events *events, capture *out)
{
    cf_peer peer;
    centrifuge_client *client;
    centrifuge_options options = *given;
    peer_start(&peer, refuses, NULL, NULL);
    options.url = peer_url(&peer);
    capture_begin(out);
    OK(centrifuge_client_new(&client, &options));
    if (events)
        OK(centrifuge_client_listen(client, events, NULL, NULL));
    OK(centrifuge_client_subscribe(client, "news", NULL, NULL, NULL));
    OK(centrifuge_client_connect(client));
    while (centrifuge_client_get_state(client) != CENTRIFUGE_CLIENT_CONNECTED)
        OK(centrifuge_client_wait(client, 100));
    while (centrifuge_client_get_state(client) == CENTRIFUGE_CLIENT_CONNECTED)
        OK(centrifuge_client_wait(client, 100));
    OK(centrifuge_client_destroy(client));
    capture_end(out);
    peer_finish(&peer);
}

static void ignore_error(centrifuge_client *client, const centrifuge_error_event *event, void *user)
{
    (void)client;
    (void)event;
    (void)user;
}

static void errors_that_nobody_hears_are_printed_where_it_is_asked_for(void **state)
{
    (void)state;
    capture out;
    centrifuge_options options;
    quick_options(&options, NULL);
    options.print_errors = false;
    run_refused(&options, NULL, &out);
    assert_string_equal(out.text, "");
    options.print_errors = true;
    run_refused(&options, NULL, &out);
    assert_non_null(strstr(out.text, "libcentrifuge: error: news: permission denied (fix)\n"));
    assert_non_null(strstr(out.text, "libcentrifuge: error: message too large for the server (fix)\n"));
    assert_null(strstr(out.text, "error: permission denied"));
    run_refused(&options, &(centrifuge_client_events){.error = ignore_error}, &out);
    assert_null(strstr(out.text, "too large"));
    assert_non_null(strstr(out.text, "news: permission denied"));
}

static void a_connection_that_fails_is_printed_with_its_cause(void **state)
{
    (void)state;
    capture out;
    centrifuge_client *client;
    centrifuge_options options;
    char url[64];
    snprintf(url, sizeof url, "ws://127.0.0.1:%d/connection/websocket", peer_unused_port());
    quick_options(&options, NULL);
    options.url = url;
    options.print_errors = true;
    capture_begin(&out);
    OK(centrifuge_client_new(&client, &options));
    OK(centrifuge_client_connect(client));
    while (!centrifuge_client_will_reconnect(client))
        OK(centrifuge_client_wait(client, 100));
    OK(centrifuge_client_destroy(client));
    capture_end(&out);
    assert_true(strncmp(out.text, "libcentrifuge: error: ", 22) == 0);
    assert_non_null(strstr(out.text, "refused"));
}

#ifdef NDEBUG
#define IN_THE_MAKING false
#else
#define IN_THE_MAKING true
#endif

static void it_is_the_default_of_programs_in_the_making(void **state)
{
    (void)state;
    centrifuge_options options;
    OK(centrifuge_options_default(&options));
    assert_true(options.print_errors == IN_THE_MAKING);
    OK(centrifuge_options_default_sized(&options, sizeof options));
    assert_false(options.print_errors);
    OK(centrifuge_options_debug(&options));
    assert_true(options.print_errors);
    ERROR(centrifuge_options_debug_sized(NULL, sizeof options), "INVALID_ARGUMENT");
    options.posts_max = 7;
    OK(centrifuge_options_debug_sized(&options, offsetof(centrifuge_options, posts_max)));
    assert_int_equal(options.posts_max, 7);
}

static void the_log_is_printed_from_a_level_on(void **state)
{
    (void)state;
    capture out;
    static centrifuge_log_level lowest = CENTRIFUGE_LOG_WARNING;
    const centrifuge_log_event levels[] = {
        {CENTRIFUGE_LOG_DEBUG, "a"}, {CENTRIFUGE_LOG_INFO, "b"}, {CENTRIFUGE_LOG_WARNING, "c"}, {CENTRIFUGE_LOG_ERROR, "d"}};
    capture_begin(&out);
    for (size_t i = 0; i < COUNT(levels); i++)
        centrifuge_log_to_stderr(NULL, &levels[i], NULL);
    for (size_t i = 0; i < COUNT(levels); i++)
        centrifuge_log_to_stderr(NULL, &levels[i], &lowest);
    capture_end(&out);
    assert_string_equal(out.text, "libcentrifuge: info: b\nlibcentrifuge: warning: c\nlibcentrifuge: error: d\n"
                                  "libcentrifuge: warning: c\nlibcentrifuge: error: d\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_published_as_a_string),
        cmocka_unit_test(what_is_no_text_is_refused),
        cmocka_unit_test(the_user_stands_beside_the_client),
        cmocka_unit_test(each_message_is_told_once_and_in_order),
        cmocka_unit_test(what_waited_and_is_not_in_the_history_is_told),
        cmocka_unit_test(the_next_one_begins_behind_what_was_told),
        cmocka_unit_test(too_much_waits),
        cmocka_unit_test(what_waited_is_told_when_the_connection_is_lost),
        cmocka_unit_test(nothing_is_told_to_who_has_unsubscribed),
        cmocka_unit_test(a_listener_may_end_it),
        cmocka_unit_test(errors_that_nobody_hears_are_printed_where_it_is_asked_for),
        cmocka_unit_test(a_connection_that_fails_is_printed_with_its_cause),
        cmocka_unit_test(it_is_the_default_of_programs_in_the_making),
        cmocka_unit_test(the_log_is_printed_from_a_level_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
