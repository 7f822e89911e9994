/*
 * What systemd is told of the server, or another supervisor that speaks its protocol (sd_notify(3)): datagrams to the socket
 * that the environment names. Nothing where it names none.
 */
#ifndef CF_SERVER_DAEMON_SUPERVISOR_H
#define CF_SERVER_DAEMON_SUPERVISOR_H

#include <uv.h>

typedef struct cf_supervisor {
    int socket;          /* -1: nobody wants to know */
    uv_timer_t watchdog; /* on the loop of what it proves to be alive; runs where it is wanted */
} cf_supervisor;

/* The timer is closed with the loop's other handles. */
void cf_supervisor_open(cf_supervisor *self, uv_loop_t *loop);
/* Assignments, a line each: "READY=1". What the supervisor cannot take is lost. */
void cf_supervisor_tell(const cf_supervisor *self, const char *state);
void cf_supervisor_close(cf_supervisor *self);

#endif
