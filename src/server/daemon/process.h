/*
 * centrifuged, the process around its worker: start, configuration and log, signals and the end.
 */
#ifndef CF_SERVER_DAEMON_PROCESS_H
#define CF_SERVER_DAEMON_PROCESS_H

#include "server/daemon/settings.h"

#define CF_PROCESS_SHUTDOWN_TIMEOUT 10000 /* ms; then the program ends with status 1 (server-spec.md 8.9) */

/* Runs until a signal; returns the status of the program. */
int cf_process_run(const cf_daemon_settings *settings, const char *version);

#endif
