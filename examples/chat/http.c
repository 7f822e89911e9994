/*
 * Requests and answers, on libmicrohttpd: one thread of its own serves all connections, so nothing here needs a lock.
 */
#define _POSIX_C_SOURCE 200809L
#include "http.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MAX        16384 /* bytes of a request's body */
#define CONNECTIONS_MAX 512
#define SECONDS_IDLE    30u

typedef struct route {
    const char *path;
    chat_endpoint *endpoint;
} route;

static const route routes[] = {
    {"/session", chat_sign_in},
    {"/session/member", chat_enter},
    {"/centrifuge/auth/", chat_authorize},
    {"/centrifuge/refresh/", chat_refresh},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct chat_http {
    const chat_settings *settings;
    struct MHD_Daemon *daemon;
};

/* One request to an endpoint, while its body comes. */
typedef struct exchange {
    const route *route;
    size_t size;
    char body[BODY_MAX];
} exchange;

/* ---- answers -------------------------------------------------------------------------------------------- */

enum MHD_Result chat_reply(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response, const char *type)
{
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result reply_json(struct MHD_Connection *connection, chat_answer answer, const char *allow)
{
    char *text = json_dumps(answer.body, JSON_COMPACT);
    json_decref(answer.body);
    if (!text)
        return MHD_NO;
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (response && allow)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, allow);
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return chat_reply(connection, answer.status, response, "application/json");
}

enum MHD_Result chat_reply_refusal(struct MHD_Connection *connection, unsigned status, const char *reason, const char *allow)
{
    return reply_json(connection, chat_refuse(status, reason), allow);
}

/* ---- requests ------------------------------------------------------------------------------------------- */

static const route *find_route(const char *path)
{
    for (size_t i = 0; i < COUNT(routes); i++)
        if (strcmp(routes[i].path, path) == 0)
            return &routes[i];
    return NULL;
}

static bool who_asks(const chat_settings *settings, struct MHD_Connection *connection, chat_session *session)
{
    static const char scheme[] = "Bearer ";
    const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    if (!header || strncmp(header, scheme, sizeof scheme - 1) != 0)
        return false;
    return chat_session_read(settings->session_key, header + sizeof scheme - 1, session);
}

static enum MHD_Result answer_post(const chat_http *http, struct MHD_Connection *connection, const exchange *request)
{
    json_error_t error;
    json_t *json = json_loadb(request->body, request->size, 0, &error);
    if (!json)
        return chat_reply_refusal(connection, 400, error.text, NULL);
    chat_session session;
    bool known = who_asks(http->settings, connection, &session);
    chat_answer answer = request->route->endpoint(http->settings, known ? &session : NULL, json);
    json_decref(json);
    return reply_json(connection, answer, NULL);
}

static bool says_too_large(struct MHD_Connection *connection)
{
    const char *size = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return size && strtoull(size, NULL, 10) > BODY_MAX;
}

/* The header has been read. */
static enum MHD_Result begin(struct MHD_Connection *connection, const char *path, const char *method, void **state)
{
    const route *found = find_route(path);
    if (!found)
        return chat_reply_refusal(connection, 404, "there is nothing here", NULL);
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return chat_reply_refusal(connection, 405, "POST is what this takes", MHD_HTTP_METHOD_POST);
    if (says_too_large(connection))
        return chat_reply_refusal(connection, 413, "a body has at most 16384 bytes", NULL);
    exchange *request = calloc(1, sizeof *request);
    if (!request)
        return MHD_NO;
    request->route = found;
    *state = request;
    return MHD_YES;
}

/* A body that grows too large without having said so ends the connection. */
static enum MHD_Result collect(exchange *request, const char *data, size_t *size)
{
    if (*size > BODY_MAX - request->size)
        return MHD_NO;
    memcpy(request->body + request->size, data, *size);
    request->size += *size;
    *size = 0;
    return MHD_YES;
}

/* Called when the header is there, for each piece of the body, and at its end. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *size, void **state)
{
    const chat_http *http = user;
    exchange *request = *state;
    (void)version;
    const chat_file *found = chat_file_find(path);
    bool reads = strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    if (found)
        return reads ? chat_file_reply(http->settings, connection, found)
                     : chat_reply_refusal(connection, 405, "GET is what this takes", "GET, HEAD");
    if (!request)
        return begin(connection, path, method, state);
    if (*size > 0)
        return collect(request, data, size);
    return answer_post(http, connection, request);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code)
{
    (void)user;
    (void)connection;
    (void)code;
    free(*state);
}

/* ---- start and end -------------------------------------------------------------------------------------- */

static struct MHD_Daemon *listen_on(chat_http *http)
{
    const chat_settings *settings = http->settings;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(settings->port)};
    if (inet_pton(AF_INET, settings->address, &address.sin_addr) != 1)
        return NULL;
    return MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, settings->port, NULL, NULL, on_request, http,
                            MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                            MHD_OPTION_CONNECTION_TIMEOUT, SECONDS_IDLE, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                            MHD_OPTION_END);
}

chat_http *chat_http_start(const chat_settings *settings)
{
    chat_http *http = chat_files_are_there(settings) ? calloc(1, sizeof *http) : NULL;
    if (!http)
        return NULL;
    http->settings = settings;
    http->daemon = listen_on(http);
    if (http->daemon)
        return http;
    fprintf(stderr, "chat: cannot listen on %s, port %u\n", settings->address, (unsigned)settings->port);
    free(http);
    return NULL;
}

uint16_t chat_http_port(const chat_http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}

void chat_http_stop(chat_http *http)
{
    MHD_stop_daemon(http->daemon);
    free(http);
}
