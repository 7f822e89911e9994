#include "server/admin/endpoints.h"

#include "server/admin/folder.h"
#include "server/admin/page.h"
#include "server/admin/socket.h"
#include "server/api/form.h"

/* ---- /socket ---- */

/* A page of another site must not use the operator's network, or where he needs no password, this server. */
static bool is_of_other_site(const cf_http_request *request)
{
    cf_bytes origin = cf_http_request_header(request, CF_HTTP_HEADER_origin);
    ptrdiff_t scheme = cf_bytes_find(origin, CF_BYTES("://"));
    if (origin.size == 0)
        return false;
    cf_bytes host = cf_bytes_slice(origin, scheme < 0 ? origin.size : (size_t)scheme + 3, origin.size);
    return !cf_bytes_equal_fold(host, cf_http_request_header(request, CF_HTTP_HEADER_host));
}

static void refuse_site(cf_admin *admin, cf_http_exchange *exchange, const cf_http_request *request)
{
    cf_http_response response = cf_http_plain(403);
    cf_bytes origin = cf_http_request_header(request, CF_HTTP_HEADER_origin);
    cf_services_notice(cf_node_services(admin->node), CF_NOTICE_no_upgrade,
                       "admin connection from a page of '%.*s' refused: its origin is not the Host of the request; does the "
                       "proxy hand it on?",
                       (int)origin.size, origin.data);
    cf_http_exchange_respond(exchange, &response);
}

void cf_admin_answer_socket(cf_admin *admin, cf_http_exchange *exchange, const cf_http_request *request)
{
    cf_upgrade upgrade;
    if (is_of_other_site(request))
        refuse_site(admin, exchange, request);
    else if (cf_upgrade_take(cf_node_services(admin->node), exchange, request, CF_WEBSOCKET_RAW, &upgrade))
        cf_admin_socket_start(admin->node, &upgrade);
}

/* ---- /auth/ ---- */

/* Others have it in the query. */
cf_http_body_limit cf_admin_login_body_limit(const cf_http_request *request)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (cf_bytes_equal(request->method, cf_bytes_of(methods[i])))
            return (cf_http_body_limit){CF_LOGIN_BODY_MAX, "its body is larger than that of a login"};
    }
    return (cf_http_body_limit){0};
}

static cf_http_response answer_of(int status, cf_bytes body)
{
    if (status == 200)
        return (cf_http_response){.status = 200,
                                  .content_type = CF_BYTES("application/json"),
                                  .extra = CF_BYTES("Cache-Control: no-store\r\n"),
                                  .body = body};
    cf_http_response refusal = cf_http_plain(status);
    if (status == 429)
        refusal.extra = CF_BYTES("Retry-After: 6\r\nX-Content-Type-Options: nosniff\r\n");
    return refusal;
}

static int log_in(const cf_admin *admin, const char *peer, cf_bytes password, cf_buffer *body)
{
    (void)pthread_mutex_lock(admin->lock);
    int status = cf_login(admin->logins, cf_node_services(admin->node), peer, password, body);
    (void)pthread_mutex_unlock(admin->lock);
    return status;
}

void cf_admin_answer_login(cf_admin *admin, cf_http_exchange *exchange, const cf_http_request *request)
{
    cf_services *services = cf_node_services(admin->node);
    char peer[CF_LOGIN_ADDRESS];
    cf_form_field field = {.name = CF_BYTES("password")};
    cf_form form = {&field, 1};
    cf_buffer body;
    cf_form_init(&form, services->allocator);
    cf_buffer_init(&body, services->allocator, CF_BUFFER_NO_LIMIT);
    cf_connection_peer(cf_http_exchange_connection(exchange), peer, sizeof peer);
    int status = 500;
    if (cf_form_read(&form, cf_http_request_header(request, CF_HTTP_HEADER_content_type), request->query, request->body))
        status = log_in(admin, peer, cf_buffer_bytes(&field.value), &body);
    cf_http_response response = answer_of(status, cf_buffer_bytes(&body));
    cf_http_exchange_respond(exchange, &response);
    cf_form_free(&form);
    cf_buffer_free(&body);
}

/* ---- the page ---- */

void cf_admin_answer_page(cf_admin *admin, cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    cf_bytes folder = cf_node_services(admin->node)->config->web_path;
    if (folder.size > 0)
        cf_folder_answer(admin->net, folder.data, exchange, below);
    else
        cf_page_answer(exchange, request, below);
}
