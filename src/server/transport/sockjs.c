#include "server/transport/sockjs.h"

#include "base/digest.h"
#include "base/percent.h"
#include "server/transport/sockjs_session.h"
#include "server/transport/upgrade.h"

#define YEAR      31536000 /* s */
#define YEAR_TEXT "31536000"
#define TEXT      CF_BYTES("text/plain; charset=UTF-8")

struct endpoint;

/* Of one answer. */
typedef struct sockjs_call {
    cf_sockjs_server *server;
    cf_http_exchange *exchange;
    const cf_http_request *request;
    const struct endpoint *endpoint;
    cf_bytes session; /* its id in the path */
    cf_buffer headers;
    cf_buffer body;
} sockjs_call;

typedef struct endpoint {
    cf_bytes name;
    bool of_session; /* /server/session/name */
    bool get;
    bool post;
    bool options;
    cf_sockjs_transport transport; /* of one that receives */
    void (*answer)(sockjs_call *call);
} endpoint;

static void answer(sockjs_call *call, int status, cf_bytes content_type)
{
    cf_sockjs_respond(call->exchange, status, content_type, &call->headers, &call->body);
}

static void answer_text(sockjs_call *call, int status, cf_bytes text)
{
    cf_buffer_append(&call->body, text);
    answer(call, status, TEXT);
}

/* ---- pages ---- */

static void greet(sockjs_call *call)
{
    cf_buffer_append(&call->body, CF_BYTES("Welcome to SockJS!\n"));
    answer(call, 200, CF_BYTES("text/plain;charset=UTF-8"));
}

static void append_bool(cf_buffer *out, bool value)
{
    cf_buffer_append(out, value ? CF_BYTES("true") : CF_BYTES("false"));
}

static void tell_info(sockjs_call *call)
{
    uint32_t entropy = 0;
    const cf_server_environment *environment = &call->server->services->environment;
    environment->random(environment->user, &entropy, sizeof(entropy));
    cf_sockjs_append_fresh(&call->headers, call->request);
    cf_buffer_append(&call->body, CF_BYTES("{\"websocket\":"));
    append_bool(&call->body, call->server->websocket);
    cf_buffer_append(&call->body, CF_BYTES(",\"cookie_needed\":"));
    append_bool(&call->body, call->server->cookie);
    cf_buffer_append(&call->body, CF_BYTES(",\"origins\":[\"*:*\"],\"entropy\":"));
    cf_buffer_append_int(&call->body, entropy & INT32_MAX);
    cf_buffer_append(&call->body, CF_BYTES("}\n"));
    answer(call, 200, CF_BYTES("application/json; charset=UTF-8"));
}

static void append_attribute(cf_buffer *out, cf_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c == '"' || c == '&' || c == '<' || c == '>') {
            cf_buffer_append(out, CF_BYTES("&#"));
            cf_buffer_append_int(out, c);
            cf_buffer_append_byte(out, ';');
        } else {
            cf_buffer_append_byte(out, c);
        }
    }
}

/* Letter for letter as the tests of protocol 0.3.3 want it. */
static void append_page(cf_buffer *out, cf_bytes script)
{
    cf_buffer_append(out,
                     CF_BYTES("<!DOCTYPE html>\n<html>\n<head>\n"
                              "  <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\" />\n"
                              "  <meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\" />\n  <script>\n"
                              "    document.domain = document.domain;\n"
                              "    _sockjs_onload = function(){SockJS.bootstrap_iframe();};\n  </script>\n  <script src=\""));
    append_attribute(out, script);
    cf_buffer_append(out, CF_BYTES("\"></script>\n</head>\n<body>\n  <h2>Don't panic!</h2>\n"
                                   "  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>\n"
                                   "</body>\n</html>\n"));
}

/* Of a preflight, and of the page: it is the same for a year. */
static void append_kept(sockjs_call *call)
{
    char date[CF_HTTP_DATE_SIZE];
    cf_http_write_date(call->server->services->unix_time + YEAR, date);
    cf_buffer_append(&call->headers, CF_BYTES("Access-Control-Max-Age: " YEAR_TEXT "\r\n"
                                              "Cache-Control: public, max-age=" YEAR_TEXT "\r\nExpires: "));
    cf_buffer_append(&call->headers, cf_bytes_of(date));
    cf_buffer_append(&call->headers, CF_BYTES("\r\n"));
}

static void show_page(sockjs_call *call)
{
    char tag[2 * CF_SHA1_SIZE + 2] = "\"";
    uint8_t digest[CF_SHA1_SIZE];
    append_page(&call->body, call->server->services->config->sockjs_url);
    cf_sha1(cf_buffer_bytes(&call->body), digest);
    cf_hex_encode(digest, sizeof(digest), tag + 1);
    tag[sizeof(tag) - 1] = '"';
    cf_bytes quoted = cf_bytes_make(tag, sizeof(tag));
    append_kept(call);
    if (cf_bytes_find(cf_http_request_header(call->request, CF_HTTP_HEADER_if_none_match), quoted) >= 0) {
        cf_buffer_clear(&call->body);
        answer(call, 304, (cf_bytes){0});
        return;
    }
    cf_buffer_append(&call->headers, CF_BYTES("ETag: "));
    cf_buffer_append(&call->headers, quoted);
    cf_buffer_append(&call->headers, CF_BYTES("\r\n"));
    answer(call, 200, CF_BYTES("text/html; charset=UTF-8"));
}

/* ---- sessions ---- */

static void receive(sockjs_call *call)
{
    cf_sockjs_peer *peer = cf_sockjs_peer_find(call->server, call->session);
    if (peer == NULL)
        peer = cf_sockjs_peer_new(call->server, call->session);
    if (peer != NULL) {
        cf_sockjs_peer_receive(peer, call->exchange, call->endpoint->transport);
        return;
    }
    call->body.failed = true;
    answer(call, 503, TEXT);
}

/* Server-spec.md 10.2, fix 9: the callback becomes part of a script. */
static void receive_by_callback(sockjs_call *call)
{
    cf_buffer callback;
    cf_buffer_init(&callback, call->body.allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_append_callback(&callback, call->request);
    bool given = callback.size > 0;
    bool safe = cf_sockjs_callback_is_safe(cf_buffer_bytes(&callback));
    cf_buffer_free(&callback);
    if (safe) {
        receive(call);
        return;
    }
    cf_sockjs_append_own(call->server, &call->headers, call->request);
    answer_text(call, 500,
                given ? CF_BYTES("invalid \"callback\" parameter\n") : CF_BYTES("\"callback\" parameter required\n"));
}

static void answer_not_found(sockjs_call *call)
{
    cf_http_response response = cf_http_plain(404);
    cf_buffer_append(&call->body, response.body);
    answer(call, 404, response.content_type);
}

/* The connection is the session: its id finds nothing. */
static void upgrade(sockjs_call *call)
{
    if (call->server->websocket)
        cf_upgrade_request(call->server->services, call->exchange, call->request, CF_WEBSOCKET_SOCKJS, NULL);
    else
        answer_not_found(call);
}

/* The peer's messages are carried out before the answer. */
static void deliver(sockjs_call *call, cf_sockjs_body *body, cf_buffer *scratch, bool jsonp)
{
    cf_sockjs_peer *peer = cf_sockjs_peer_find(call->server, call->session);
    if (peer == NULL) {
        answer_not_found(call);
        return;
    }
    cf_sockjs_peer_send(peer, body, scratch);
    if (jsonp)
        answer_text(call, 200, CF_BYTES("ok"));
    else
        answer(call, 204, TEXT);
}

static void take_body(sockjs_call *call, cf_bytes text, bool jsonp)
{
    cf_sockjs_body body;
    cf_buffer scratch;
    cf_buffer_init(&scratch, call->body.allocator, CF_BUFFER_NO_LIMIT);
    cf_sockjs_append_own(call->server, &call->headers, call->request);
    switch (cf_sockjs_body_begin(&body, text, jsonp, &scratch)) {
    case CF_SOCKJS_BODY_OK:
        deliver(call, &body, &scratch, jsonp);
        break;
    case CF_SOCKJS_BODY_EMPTY:
        answer_text(call, 500, jsonp ? CF_BYTES("Payload expected.\n") : CF_BYTES("Payload expected."));
        break;
    case CF_SOCKJS_BODY_BROKEN:
        answer_text(call, 500, jsonp ? CF_BYTES("Broken JSON encoding.\n") : CF_BYTES("Broken JSON encoding."));
        break;
    case CF_SOCKJS_BODY_NO_MEMORY:
        call->body.failed = true;
        answer(call, 503, TEXT);
        break;
    }
    cf_buffer_free(&scratch);
}

static void take_xhr(sockjs_call *call)
{
    take_body(call, call->request->body, false);
}

/* The media type alone says what the body is (server-spec.md 11.1). */
static void take_jsonp(sockjs_call *call)
{
    static const cf_bytes form = CF_LITERAL("application/x-www-form-urlencoded");
    cf_bytes type = cf_http_request_header(call->request, CF_HTTP_HEADER_content_type);
    if (!cf_bytes_equal_fold(cf_bytes_slice(type, 0, form.size), form)) {
        take_body(call, call->request->body, true);
        return;
    }
    cf_buffer field;
    cf_buffer_init(&field, call->body.allocator, CF_BUFFER_NO_LIMIT);
    (void)cf_percent_field(call->request->body, CF_BYTES("d"), &field);
    take_body(call, cf_buffer_bytes(&field), true);
    cf_buffer_free(&field);
}

/* ---- paths ---- */

static const endpoint endpoints[] = {
    {.name = CF_LITERAL(""), .get = true, .answer = greet},
    {.name = CF_LITERAL("info"), .get = true, .options = true, .answer = tell_info},
    {.name = CF_LITERAL("iframe.html"), .get = true, .answer = show_page},
    {.name = CF_LITERAL("websocket"), .of_session = true, .get = true, .answer = upgrade},
    {.name = CF_LITERAL("xhr"),
     .of_session = true,
     .post = true,
     .options = true,
     .transport = CF_SOCKJS_XHR,
     .answer = receive},
    {.name = CF_LITERAL("xhr_send"), .of_session = true, .post = true, .options = true, .answer = take_xhr},
    {.name = CF_LITERAL("xhr_streaming"),
     .of_session = true,
     .post = true,
     .options = true,
     .transport = CF_SOCKJS_XHR_STREAMING,
     .answer = receive},
    {.name = CF_LITERAL("eventsource"), .of_session = true, .get = true, .transport = CF_SOCKJS_EVENTSOURCE, .answer = receive},
    {.name = CF_LITERAL("htmlfile"),
     .of_session = true,
     .get = true,
     .transport = CF_SOCKJS_HTMLFILE,
     .answer = receive_by_callback},
    {.name = CF_LITERAL("jsonp"),
     .of_session = true,
     .get = true,
     .options = true,
     .transport = CF_SOCKJS_JSONP,
     .answer = receive_by_callback},
    {.name = CF_LITERAL("jsonp_send"), .of_session = true, .post = true, .answer = take_jsonp},
};

static const endpoint *find_endpoint(cf_bytes name, bool of_session)
{
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
        if (endpoints[i].of_session == of_session && cf_bytes_equal(endpoints[i].name, name))
            return &endpoints[i];
    return NULL;
}

/* The page has a number in its name, so that it can be another one for another version. */
static bool is_page(cf_bytes path)
{
    static const cf_bytes head = CF_LITERAL("iframe");
    static const cf_bytes tail = CF_LITERAL(".html");
    if (!cf_bytes_starts_with(path, head) || !cf_bytes_ends_with(path, tail) || path.size < head.size + tail.size)
        return false;
    for (size_t i = head.size; i < path.size; i++) {
        char c = path.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_')
            return false;
    }
    return true;
}

/* The part before the first slash, which has no dot; empty when there is none. *rest is what stands behind it. */
static cf_bytes take_segment(cf_bytes path, cf_bytes *rest)
{
    ptrdiff_t slash = cf_bytes_find(path, CF_BYTES("/"));
    cf_bytes segment = cf_bytes_slice(path, 0, slash < 0 ? 0 : (size_t)slash);
    *rest = cf_bytes_slice(path, segment.size + 1, path.size);
    return cf_bytes_find(segment, CF_BYTES(".")) < 0 ? segment : cf_bytes_make(NULL, 0);
}

/* NULL: nothing is there. */
static const endpoint *resolve(cf_bytes path, cf_bytes *session)
{
    cf_bytes behind_server;
    cf_bytes name;
    if (is_page(path))
        path = CF_BYTES("iframe.html");
    cf_bytes server = take_segment(path, &behind_server);
    *session = take_segment(behind_server, &name);
    return server.size > 0 && session->size > 0 ? find_endpoint(name, true) : find_endpoint(path, false);
}

/* ---- requests ---- */

static void answer_preflight(sockjs_call *call)
{
    cf_sockjs_append_cors(&call->headers, call->request);
    cf_buffer_append(&call->headers, call->endpoint == find_endpoint(CF_BYTES("info"), false)
                                         ? CF_BYTES("Access-Control-Allow-Methods: OPTIONS, GET\r\n")
                                         : CF_BYTES("Access-Control-Allow-Methods: OPTIONS, POST\r\n"));
    append_kept(call);
    answer(call, 204, (cf_bytes){0});
}

static void answer_wrong_method(sockjs_call *call)
{
    const endpoint *self = call->endpoint;
    cf_buffer_append(&call->headers, CF_BYTES("Allow: "));
    if (self->options)
        cf_buffer_append(&call->headers, CF_BYTES("OPTIONS, "));
    cf_buffer_append(&call->headers, self->get ? CF_BYTES("GET\r\n") : CF_BYTES("POST\r\n"));
    answer(call, 405, (cf_bytes){0});
}

static void dispatch(sockjs_call *call)
{
    cf_bytes method = call->request->method;
    const endpoint *self = call->endpoint;
    if (self == NULL)
        answer_not_found(call);
    else if ((self->get && call->request->get) || (self->post && cf_bytes_equal(method, CF_BYTES("POST"))))
        self->answer(call);
    else if (self->options && cf_bytes_equal(method, CF_BYTES("OPTIONS")))
        answer_preflight(call);
    else
        answer_wrong_method(call);
}

void cf_sockjs_server_request(cf_sockjs_server *server, cf_http_exchange *exchange, const cf_http_request *request,
                              cf_bytes path)
{
    sockjs_call call = {.server = server, .exchange = exchange, .request = request};
    cf_buffer_init(&call.headers, server->services->allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&call.body, server->services->allocator, CF_BUFFER_NO_LIMIT);
    call.endpoint = resolve(path, &call.session);
    dispatch(&call);
}

bool cf_sockjs_server_has_session(const cf_sockjs_server *server, cf_bytes path)
{
    cf_bytes session;
    const endpoint *found = resolve(path, &session);
    return found != NULL && found->of_session && cf_sockjs_peer_find(server, session) != NULL;
}

cf_bytes cf_sockjs_server_session(cf_bytes path)
{
    cf_bytes session;
    const endpoint *found = resolve(path, &session);
    bool travels = found != NULL && found->of_session && found->answer != upgrade;
    return travels ? session : (cf_bytes){NULL, 0};
}

cf_http_body_limit cf_sockjs_server_body_limit(const cf_sockjs_server *server, const cf_http_request *request, cf_bytes path)
{
    cf_bytes session;
    const endpoint *found = resolve(path, &session);
    if (found == NULL || !found->post || !cf_bytes_equal(request->method, CF_BYTES("POST")))
        return (cf_http_body_limit){0};
    int64_t max = CF_SOCKJS_BODY_FACTOR * server->services->config->client_request_max_size;
    return (cf_http_body_limit){(size_t)(max < CF_HTTP_BODIES_MAX ? max : CF_HTTP_BODIES_MAX),
                                "its body is larger than 16 times client_request_max_size"};
}

/* ---- life ---- */

cf_sockjs_server *cf_sockjs_server_new(cf_services *services, const cf_sockjs_options *options)
{
    uint32_t seed = 0;
    cf_sockjs_server *server = cf_alloc_zero(services->allocator, 1, sizeof(*server));
    if (server == NULL)
        return NULL;
    server->services = services;
    server->rules = (cf_sockjs_rules){
        .heartbeat = services->config->sockjs_heartbeat_delay * 1000,
        .disconnect_delay = CF_SOCKJS_DISCONNECT_DELAY,
        .begin_delay = CF_SOCKJS_BEGIN_DELAY,
        .answer_max = options->answer_max,
    };
    server->strangers_max = options->strangers_max;
    server->websocket = options->websocket;
    server->cookie = options->cookie;
    services->environment.random(services->environment.user, &seed, sizeof(seed));
    cf_map_init(&server->sessions, services->allocator, seed);
    cf_list_init(&server->strangers);
    return server;
}

void cf_sockjs_server_free(cf_sockjs_server *server)
{
    if (server == NULL)
        return;
    cf_sockjs_peer_drop_all(server);
    cf_map_free(&server->sessions);
    cf_free(server->services->allocator, server);
}
