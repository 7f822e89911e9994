/*
 * What a program's own backend does: signs for private channels, and new tokens when the old one expires. Made here with the
 * server's secret, or asked of --auth-endpoint.
 */
#ifndef CF_CLI_PRIVATE_H
#define CF_CLI_PRIVATE_H

#include "cli/cli.h"

/* False: a channel is private and there is nobody to sign for it, which was reported. */
bool cf_cli_private_check(const cf_cli_options *options);
/* `options` must live as long as the client. */
void cf_cli_private_set(centrifuge_options *into, const cf_cli_options *options);

#endif
