/*
 * A first configuration file.
 */
#ifndef CF_SERVER_DAEMON_GENCONFIG_H
#define CF_SERVER_DAEMON_GENCONFIG_H

#include "server/daemon/settings.h"

/*
 * A new secret, for the owner's eyes only. The file gets its name when all of it is written, and never that of another one.
 * 0, or an errno: EEXIST when there is a file, or a link, of this name.
 */
int cf_genconfig_write(const char *path, cf_daemon_notation notation);

#endif
