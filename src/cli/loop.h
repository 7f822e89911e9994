/*
 * The loop of a command that keeps a client connection: one poll() over the client's sockets (by the library's loop hooks), the
 * signals that end the command, standard input if it is wanted, and standard output, whose reader may go away.
 */
#ifndef CF_CLI_LOOP_H
#define CF_CLI_LOOP_H

#include <centrifuge/client.h>

typedef enum cf_cli_wakeup {
    CF_CLI_WAKE_NOTHING,
    CF_CLI_WAKE_SIGNAL,  /* SIGINT, SIGTERM or SIGHUP */
    CF_CLI_WAKE_OUTPUT,  /* nobody reads standard output any more; only if watched */
    CF_CLI_WAKE_TIMEOUT, /* cf_cli_loop_set_timeout */
    CF_CLI_WAKE_INPUT,   /* standard input can be read; only if wanted */
    CF_CLI_WAKE_FAILED   /* errno says why */
} cf_cli_wakeup;

typedef struct cf_cli_loop cf_cli_loop;

/* NULL: errno says why. From here on the signals do not end the process by themselves. */
cf_cli_loop *cf_cli_loop_new(void);
void cf_cli_loop_free(cf_cli_loop *loop);
/* Sets the hooks in the options of the client. */
void cf_cli_loop_attach(cf_cli_loop *loop, centrifuge_options *options);
/* Milliseconds from now; -1: none any more. */
void cf_cli_loop_set_timeout(cf_cli_loop *loop, int64_t milliseconds);
/* Off at first, as is input. */
void cf_cli_loop_watch_output(cf_cli_loop *loop, bool wanted);
void cf_cli_loop_want_input(cf_cli_loop *loop, bool wanted);
/* Waits once, lets the client work, and says what else happened. */
cf_cli_wakeup cf_cli_loop_turn(cf_cli_loop *loop, centrifuge_client *client);

#endif
