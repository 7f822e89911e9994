#define _POSIX_C_SOURCE 200809L
#include "cli/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

cf_cli_exit cf_cli_exit_of(centrifuge_error error)
{
    switch (error) {
    case CENTRIFUGE_ERROR_OK:
        return CF_CLI_OK;
    case CENTRIFUGE_ERROR_REFUSED:
        return CF_CLI_REFUSED;
    case CENTRIFUGE_ERROR_TIMEOUT:
    case CENTRIFUGE_ERROR_DISCONNECTED:
    case CENTRIFUGE_ERROR_NETWORK:
    case CENTRIFUGE_ERROR_TLS:
        return CF_CLI_NETWORK;
    case CENTRIFUGE_ERROR_MISSING_URL:
    case CENTRIFUGE_ERROR_MISSING_USER:
    case CENTRIFUGE_ERROR_MISSING_TIMESTAMP:
    case CENTRIFUGE_ERROR_MISSING_TOKEN:
    case CENTRIFUGE_ERROR_INVALID_URL:
    case CENTRIFUGE_ERROR_INVALID_OPTION:
        return CF_CLI_USAGE;
    default:
        return CF_CLI_ERROR;
    }
}

void cf_cli_session_fail(cf_cli_session *session, cf_cli_exit code)
{
    if (session->code == CF_CLI_OK)
        session->code = code;
}

void cf_cli_session_end(cf_cli_session *session, cf_cli_exit code)
{
    cf_cli_session_fail(session, code);
    session->done = true;
}

void cf_cli_session_error(cf_cli_session *session, const char *doing, centrifuge_error error)
{
    cf_cli_complain("%s: %s", doing, centrifuge_error_text(error));
    cf_cli_session_end(session, cf_cli_exit_of(error));
}

/* Known reasons of a server that will not have this client (protocol 7.4), and what helps. */
static const char *hint_for(const char *reason)
{
    static const char *const hints[][2] = {
        {"invalid token", ": check --secret, or --user, --timestamp, --info and --token"},
        {"invalid message", ": check --timestamp and --info"},
        {"limit exceeded", ": a message was too large, or this user has too many connections"},
        {"refresh failed", ": the token expired; give --secret, or a new --token"},
        {"slow", ": messages came faster than they were read"},
    };
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (strcmp(reason, hints[i][0]) == 0)
            return hints[i][1];
    }
    return "";
}

/* The server will not have this client any more. */
static void refused(cf_cli_session *session, const char *reason)
{
    cf_cli_complain("the server ended the connection: %s%s", reason, hint_for(reason));
    cf_cli_session_end(session, CF_CLI_REFUSED);
}

/* A file or proxy that was given cannot be used, as was found out only now: no attempt would do better. */
static bool is_wrong_option(const centrifuge_transport_close_event *event)
{
    return event->code == CENTRIFUGE_ERROR_INVALID_OPTION || event->code == CENTRIFUGE_ERROR_UNSUPPORTED;
}

static void lost(cf_cli_session *session, const char *reason)
{
    const char *what = session->connected ? "lost the connection to" : "no connection to";
    const char *why = session->why[0] ? session->why : reason;
    cf_cli_complain("%s %s: %s%s", what, session->options->place, why, session->persistent ? "; trying again" : "");
    if (!session->persistent)
        cf_cli_session_end(session, CF_CLI_NETWORK);
}

/* The client itself closes the transport when its token has expired; it is connected again with the next one. */
static bool begins_renewal(cf_cli_session *session, const centrifuge_transport_close_event *event)
{
    if (session->connected || session->renewing || event->code != CENTRIFUGE_ERROR_OK || session->options->secret == NULL ||
        strcmp(event->reason, "connection closed") != 0)
        return false;
    session->renewing = true;
    return true;
}

/* RFC 6455, section 7.4.1, and the numbers registered since. */
static const char *close_code_text(unsigned code)
{
    static const struct {
        unsigned code;
        const char *text;
    } texts[] = {{1000, "normal closure"},
                 {1001, "going away"},
                 {1002, "protocol error"},
                 {1003, "unsupported data"},
                 {1007, "data that is not valid, as text that is not UTF-8"},
                 {1008, "policy violation"},
                 {1009, "message too big: what was sent is larger than the server's client_request_max_size"},
                 {1010, "an extension is missing"},
                 {1011, "internal server error"},
                 {1012, "service restart"},
                 {1013, "try again later"},
                 {1014, "bad gateway"}};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].code == code)
            return texts[i].text;
    }
    return code < 3000 ? "unknown" : "a code of the application";
}

/* 1005 and 1006 are no codes of the server's. Its own words, if there are any, say more than a code. */
static void tell_close_code(cf_cli_session *session, const centrifuge_transport_close_event *event)
{
    unsigned code = event->close_code;
    if (code == 1005 || code == 1006)
        return;
    if (event->close_reason[0] == '\0' && code != 1000)
        snprintf(session->why, sizeof(session->why), "closed by the server with %u, %s", code, close_code_text(code));
    if (session->options->verbose)
        cf_cli_complain("the server closed the connection with %u, %s", code, close_code_text(code));
}

/* Comes before the results of calls that end with it, which say less. */
static void on_transport_close(centrifuge_client *client, const centrifuge_transport_close_event *event, void *user)
{
    cf_cli_session *session = user;
    (void)client;
    if (session->done)
        return;
    tell_close_code(session, event);
    if (is_wrong_option(event)) {
        cf_cli_complain("cannot connect to %s: %s", session->options->place, event->detail);
        cf_cli_session_end(session, CF_CLI_USAGE);
    } else if (!event->reconnect) {
        refused(session, event->reason);
    } else if (!session->persistent && !begins_renewal(session, event)) {
        lost(session, event->reason);
    }
}

/* Not repeated while attempts fail, so this is where to speak of them. */
static void on_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    cf_cli_session *session = user;
    (void)client;
    if (session->done)
        return;
    if (!event->reconnect)
        refused(session, event->reason);
    else
        lost(session, event->reason);
}

static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    cf_cli_session *session = user;
    (void)client;
    (void)event;
    session->connected = true;
    session->why[0] = '\0';
}

static void on_log(centrifuge_client *client, const centrifuge_log_event *event, void *user)
{
    cf_cli_session *session = user;
    (void)client;
    if (event->level >= CENTRIFUGE_LOG_WARNING)
        snprintf(session->why, sizeof(session->why), "%s", event->text);
    if (session->options->verbose)
        cf_cli_complain("%s", event->text);
}

/* A call would wait until the endpoint for its private channel is back. */
static void on_postponed(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user)
{
    cf_cli_session *session = user;
    (void)subscription;
    if (session->done || event->code == CENTRIFUGE_ERROR_REFUSED || strcmp(event->advice, "retry") != 0)
        return;
    cf_cli_complain("%s: %s", event->channel, event->text);
    cf_cli_session_end(session, CF_CLI_REFUSED);
}

const centrifuge_subscription_events cf_cli_session_call_events = {.error = on_postponed};

static bool open_loop(cf_cli_session *session)
{
    if (session->loop != NULL)
        return true;
    session->loop = session->own_loop = cf_cli_loop_new();
    if (session->loop != NULL)
        return true;
    cf_cli_complain("cannot start: %s", strerror(errno));
    session->code = CF_CLI_ERROR;
    return false;
}

bool cf_cli_session_open(cf_cli_session *session, const cf_cli_options *options)
{
    static const centrifuge_client_events events = {
        .connect = on_connect, .disconnect = on_disconnect, .transport_close = on_transport_close, .log = on_log};
    session->options = options;
    session->timeout = cf_cli_options_timeout(options);
    if (!open_loop(session))
        return false;
    cf_cli_loop_watch_output(session->loop, session->listening);
    session->connection.any_size = !session->listening;
    session->code = cf_cli_connection_open(&session->connection, session->loop, options, &events, session);
    return session->code == CF_CLI_OK;
}

void cf_cli_session_late(cf_cli_session *session)
{
    cf_cli_complain("%s: no answer in time (--timeout SECONDS waits longer)", session->options->place);
    cf_cli_session_end(session, CF_CLI_NETWORK);
}

static void handle_timeout(cf_cli_session *session)
{
    if (session->on_timeout != NULL)
        session->on_timeout(session->user);
    else
        cf_cli_session_late(session);
}

static void turn(cf_cli_session *session)
{
    switch (cf_cli_loop_turn(session->loop)) {
    case CF_CLI_WAKE_NOTHING:
        break;
    case CF_CLI_WAKE_SIGNAL:
        if (!session->listening)
            cf_cli_complain("interrupted before it was done");
        cf_cli_session_end(session, session->listening ? CF_CLI_OK : CF_CLI_ERROR);
        break;
    case CF_CLI_WAKE_OUTPUT:
        session->done = true;
        break;
    case CF_CLI_WAKE_TIMEOUT:
        if (!session->done)
            handle_timeout(session);
        break;
    case CF_CLI_WAKE_INPUT:
        if (!session->done && session->on_input != NULL)
            session->on_input(session->user);
        break;
    case CF_CLI_WAKE_FAILED:
        cf_cli_complain("cannot go on: %s", strerror(errno));
        cf_cli_session_end(session, CF_CLI_ERROR);
        break;
    }
    if (!session->done && session->on_turn != NULL)
        session->on_turn(session->user);
    if (!cf_cli_print_works())
        session->done = true; /* main reports it */
}

cf_cli_exit cf_cli_session_run(cf_cli_session *session)
{
    centrifuge_error error = centrifuge_client_connect(session->connection.client);
    if (error != CENTRIFUGE_ERROR_OK)
        cf_cli_session_error(session, "cannot connect", error);
    if (!cf_cli_print_works())
        session->done = true;
    while (!session->done)
        turn(session);
    return session->code;
}

void cf_cli_session_close(cf_cli_session *session)
{
    cf_cli_connection_close(&session->connection);
    cf_cli_loop_free(session->own_loop);
}
