/*
 * What operators ask for by HTTP: `/socket`, `/auth/`, and the page (server-spec.md 9.1 to 9.3).
 */
#ifndef CF_SERVER_ADMIN_ENDPOINTS_H
#define CF_SERVER_ADMIN_ENDPOINTS_H

#include "server/admin/login.h"
#include "server/net/exchange.h"
#include "server/node.h"

#include <pthread.h>

#define CF_LOGIN_BODY_MAX 65536 /* bytes of a form with a password */

typedef struct cf_admin {
    cf_node *node;
    cf_net *net;
    cf_logins *logins;     /* of all workers */
    pthread_mutex_t *lock; /* of these */
} cf_admin;

/* Only from within the request callback. */
void cf_admin_answer_socket(cf_admin *admin, cf_http_exchange *exchange, const cf_http_request *request);
void cf_admin_answer_login(cf_admin *admin, cf_http_exchange *exchange, const cf_http_request *request);
cf_http_body_limit cf_admin_login_body_limit(const cf_http_request *request);

/* The page, or the files of `web_path`; `below`: the path behind the first slash. */
void cf_admin_answer_page(cf_admin *admin, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below);

#endif
