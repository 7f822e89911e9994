/* What http.c and files.c share. */
#ifndef CHAT_HTTP_H
#define CHAT_HTTP_H

#include "chat.h"
#include <microhttpd.h>

/* Takes the response over. */
enum MHD_Result chat_reply(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response, const char *type);
/* `allow`: the methods that are right, or NULL. */
enum MHD_Result chat_reply_refusal(struct MHD_Connection *connection, unsigned status, const char *reason, const char *allow);

typedef struct chat_file chat_file;

/* Of the path of a request; NULL: it is no file. */
const chat_file *chat_file_find(const char *path);
enum MHD_Result chat_file_reply(const chat_settings *settings, struct MHD_Connection *connection, const chat_file *found);
/* False when one cannot be read: standard error says which. */
bool chat_files_are_there(const chat_settings *settings);

#endif
