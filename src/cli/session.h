/*
 * One client connection for one command: made from the options, driven until the command is done or has failed.
 */
#ifndef CF_CLI_SESSION_H
#define CF_CLI_SESSION_H

#include "cli/connection.h"

typedef struct cf_cli_session {
    const cf_cli_options *options;
    cf_cli_loop *loop;     /* may be set before it is opened: somebody else's, who runs it */
    cf_cli_loop *own_loop; /* NULL: `loop` is somebody else's */
    cf_cli_connection connection;
    bool listening;  /* runs until it is told to stop: a signal, or nobody reading the output, is a good end */
    bool persistent; /* a connection that cannot be made or is lost does not end the command */
    bool connected;  /* at least once */
    bool renewing;   /* the first transport was closed without a word, as is done with a token that has expired */
    int64_t timeout; /* ms: as chosen, or the default */
    bool done;
    cf_cli_exit code; /* of the first failure */
    char why[256];    /* the last transport was lost: what the library said of it, "" when nothing */
    /* Standard input can be read; may be NULL. */
    void (*on_input)(void *user);
    /* Behind every turn of the loop; may be NULL. */
    void (*on_turn)(void *user);
    /* The time is over; NULL: cf_cli_session_late. */
    void (*on_timeout)(void *user);
    void *user;
} cf_cli_session;

/* False: it was reported, the code is set. Close in either case. */
bool cf_cli_session_open(cf_cli_session *session, const cf_cli_options *options);
/* Connects and works until the command is done. The exit code. */
cf_cli_exit cf_cli_session_run(cf_cli_session *session);
void cf_cli_session_close(cf_cli_session *session);

/* The command ends with `code` unless it had failed before. */
void cf_cli_session_end(cf_cli_session *session, cf_cli_exit code);
/* Remembers a failure; the command goes on. */
void cf_cli_session_fail(cf_cli_session *session, cf_cli_exit code);
/* Reports and ends: there was no answer in time. */
void cf_cli_session_late(cf_cli_session *session);
/* Reports and ends: what a library call returned. `doing` as in "cannot publish". */
void cf_cli_session_error(cf_cli_session *session, const char *doing, centrifuge_error error);

/* The exit code for an error of the library. */
cf_cli_exit cf_cli_exit_of(centrifuge_error error);

/* For the subscription of a call; the user is the session. */
extern const centrifuge_subscription_events cf_cli_session_call_events;

#endif
