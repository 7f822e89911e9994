/*
 * The loop of a command that keeps client connections: one poll() over the clients' sockets (by the library's loop hooks), the
 * signals that end the command, standard input if it is wanted, and standard output, whose reader may go away.
 */
#ifndef CF_CLI_LOOP_H
#define CF_CLI_LOOP_H

#include <centrifuge/client.h>

typedef enum cf_cli_wakeup {
    CF_CLI_WAKE_NOTHING,
    CF_CLI_WAKE_SIGNAL,  /* SIGINT, SIGTERM or SIGHUP */
    CF_CLI_WAKE_OUTPUT,  /* nobody reads standard output any more; only if watched */
    CF_CLI_WAKE_TIMEOUT, /* cf_cli_loop_set_timeout or cf_cli_loop_set_alarm */
    CF_CLI_WAKE_INPUT,   /* standard input can be read; only if wanted */
    CF_CLI_WAKE_FAILED   /* errno says why */
} cf_cli_wakeup;

typedef struct cf_cli_loop cf_cli_loop;

/* A client's place in a loop. Zero-initialised it has none. */
typedef struct cf_cli_seat {
    cf_cli_loop *loop;
    centrifuge_client *client; /* to be set once there is one */
    int64_t timer;             /* ns of cf_cli_loop_now, -1: none */
    int64_t heard;             /* when something had last come on a socket of the client's, before it looked at it; 0: never */
    struct cf_cli_seat *next;
} cf_cli_seat;

/* Nanoseconds of the monotonic clock. */
int64_t cf_cli_loop_now(void);

/* NULL: errno says why. From here on the signals do not end the process by themselves. */
cf_cli_loop *cf_cli_loop_new(void);
void cf_cli_loop_free(cf_cli_loop *loop);
/* Sets the hooks in the options of a client. The seat stays where it is until it is detached, behind the client's end. */
void cf_cli_loop_attach(cf_cli_loop *loop, cf_cli_seat *seat, centrifuge_options *options);
void cf_cli_loop_detach(cf_cli_seat *seat);
/* Milliseconds from now; -1: none any more. */
void cf_cli_loop_set_timeout(cf_cli_loop *loop, int64_t milliseconds);
/* The same, as a time of cf_cli_loop_now. */
void cf_cli_loop_set_alarm(cf_cli_loop *loop, int64_t time);
/* Off at first, as is input. */
void cf_cli_loop_watch_output(cf_cli_loop *loop, bool wanted);
void cf_cli_loop_want_input(cf_cli_loop *loop, bool wanted);
/* Waits once, lets the clients work, and says what else happened. A signal is told once. */
cf_cli_wakeup cf_cli_loop_turn(cf_cli_loop *loop);

#endif
