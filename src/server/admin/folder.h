/*
 * A folder of the operator's own instead of the page: its files, and nothing outside of it. No folder is listed.
 */
#ifndef CF_SERVER_ADMIN_FOLDER_H
#define CF_SERVER_ADMIN_FOLDER_H

#include "server/net/exchange.h"

#define CF_FOLDER_FILE_MAX (16 * 1024 * 1024) /* bytes of a file that is served */

/* `folder`: a path, NUL-terminated, that outlives the call. Answered later: the file is read aside from the loop. */
void cf_folder_answer(cf_net *net, const char *folder, cf_http_exchange *exchange, cf_bytes below);

#endif
