/*
 * For checkconfig: what a start would find besides the configuration, without starting anything.
 */
#ifndef CF_SERVER_DAEMON_START_CHECK_H
#define CF_SERVER_DAEMON_START_CHECK_H

#include "server/config/config.h"

/* Folders that cannot be written to are the error; ports that are taken are warnings: the running server may have them. */
bool cf_start_check(const cf_config *config, cf_config_report *report);

#endif
