/*
 * The HTTP API without HTTP (server-spec.md 5): a request's fields in, status
 * and body out, at once or (with a remote engine) later.
 */
#ifndef CF_SERVER_API_API_H
#define CF_SERVER_API_API_H

#include "server/node.h"
#include "wire/v1/v1.h"

/* Bytes of all requests that are being carried out at one time; beyond: 503. One alone is not refused for it. */
#define CF_API_REQUESTS_MAX (256 * 1024 * 1024)
/* Bytes of all their answers; beyond, one that is not small (bytes too) ends with 503. */
#define CF_API_REPLIES_MAX (256 * 1024 * 1024)
#define CF_API_REPLY_SMALL (1024 * 1024)

typedef struct cf_api_request {
    cf_bytes content_type; /* empty when absent */
    cf_bytes sign_header;  /* X-API-Sign */
    cf_bytes query;        /* behind the '?', as received */
    cf_bytes body;
} cf_api_request;

/* `content_type` and `body` are borrowed until the callback returns. */
typedef void (*cf_api_done)(void *user, int status, cf_bytes content_type, cf_bytes body);

typedef struct cf_api_call cf_api_call;

/*
 * The request's slices are borrowed until this returns. `done` is called exactly once, unless the call is cancelled; NULL is
 * returned when it was called already.
 */
cf_api_call *cf_api_handle(cf_node *node, const cf_api_request *request, cf_api_done done, void *user);
/*
 * What another caller than HTTP has besides the API's commands, or asks of them: it is shown each command first, and may append
 * the reply to it. 200: that is the reply; CF_API_PASS: it is the API's; any other status ends the request.
 */
typedef int (*cf_api_own)(void *user, const cf_wire_command *command, cf_buffer *reply);
#define CF_API_PASS 0

/*
 * The same for commands that need no sign. `done` gets the reply, `[]` for no commands at all, or a status: 404 for an unknown
 * method, 400 for what is malformed, what `own` said, 500 or 503. Without `own` (NULL) the first two are one: 400.
 */
cf_api_call *cf_api_carry_out(cf_node *node, cf_bytes commands, cf_api_own own, cf_api_done done, void *user);
/* The caller is gone: `done` and `own` will not be called; commands that are under way are carried out. */
void cf_api_cancel(cf_api_call *call);

#endif
