/*
 * sockjs-echo-server --port N: services for the tests of the SockJS protocol and of its clients, on the server's own transports:
 * /echo, /disabled_websocket_echo, /cookie_needed_echo, /close, /amplify; `websocket` below each is without SockJS's frames.
 * Answers are short (4096 bytes), and strangers have few sessions, so that limits are seen.
 */
#include "echo.h"

#include "server/net/listener.h"
#include "server/transport/sockjs.h"
#include "server/transport/upgrade.h"
#include "system/heap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANSWER_MAX  4096
#define STRANGERS   100
#define IDLE_TIME   75000 /* ms between two requests of a connection */
#define MESSAGE_MAX (16 * 1024 * 1024)
#define SERVICES    5

typedef struct echo_server {
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_timer_t wake;
    uv_signal_t terminate;
    cf_net net;
    cf_http_server http;
    cf_listener listener;
    cf_config config;
    cf_metrics metrics;
    echo_service services[SERVICES];
    cf_sockjs_server *sockjs[SERVICES];
} echo_server;

static const struct {
    const char *name;
    bool closes;
    bool amplifies;
    cf_sockjs_options options;
} kinds[SERVICES] = {
    {"/echo", false, false, {.websocket = true}},
    {"/disabled_websocket_echo", false, false, {.websocket = false}},
    {"/cookie_needed_echo", false, false, {.websocket = true, .cookie = true}},
    {"/close", true, false, {.websocket = true}},
    {"/amplify", false, true, {.websocket = true}},
};

/* ---- turns ---- */

static void enter(void *user)
{
    echo_server *server = user;
    for (size_t i = 0; i < SERVICES; i++) {
        server->services[i].services.now = cf_net_now(&server->net);
        server->services[i].services.unix_time = (int64_t)time(NULL);
    }
}

static bool input(void *user, size_t size)
{
    (void)user;
    (void)size;
    return false;
}

static void on_wake(uv_timer_t *timer)
{
    echo_server *server = timer->data;
    enter(server);
    cf_wheel_advance(server->net.wheel, cf_net_now(&server->net));
}

static void on_prepare(uv_prepare_t *handle)
{
    echo_server *server = handle->data;
    cf_listener_begin_round(&server->listener);
    bool all_ended = cf_net_begin_round(&server->net);
    for (size_t i = 0; i < SERVICES; i++)
        echo_end_turn(&server->services[i]);
    cf_time now = cf_net_now(&server->net);
    cf_time next = all_ended ? cf_wheel_next(server->net.wheel) : now;
    if (next == CF_TIME_NEVER)
        (void)uv_timer_stop(&server->wake);
    else
        (void)uv_timer_start(&server->wake, on_wake, next > now ? (uint64_t)(next - now) : 0, 0);
}

/* ---- requests ---- */

/* The number of the service, or SERVICES; *rest is what stands behind its name. */
static size_t find(const cf_http_request *request, cf_bytes *rest)
{
    for (size_t i = 0; i < SERVICES; i++) {
        cf_bytes name = cf_bytes_of(kinds[i].name);
        if (!cf_bytes_starts_with(request->path, name))
            continue;
        *rest = cf_bytes_slice(request->path, name.size + 1, request->path.size);
        if (request->path.size == name.size || request->path.data[name.size] == '/')
            return i;
    }
    return SERVICES;
}

static cf_http_body_limit body_limit(void *user, const cf_http_request *request, unsigned port)
{
    const echo_server *server = user;
    cf_bytes rest;
    size_t service = find(request, &rest);
    (void)port;
    return service < SERVICES ? cf_sockjs_server_body_limit(server->sockjs[service], request, rest) : (cf_http_body_limit){0};
}

static void on_request(void *user, cf_http_exchange *exchange, const cf_http_request *request, unsigned port)
{
    echo_server *server = user;
    cf_bytes rest;
    size_t service = find(request, &rest);
    cf_http_response response = cf_http_plain(404);
    (void)port;
    if (service < SERVICES && kinds[service].options.websocket && cf_bytes_equal(rest, CF_BYTES("websocket")))
        cf_upgrade_request(&server->services[service].services, exchange, request, CF_WEBSOCKET_RAW, NULL);
    else if (service < SERVICES)
        cf_sockjs_server_request(server->sockjs[service], exchange, request, rest);
    else
        cf_http_exchange_respond(exchange, &response);
}

/* ---- life ---- */

static void random_bytes(void *user, void *out, size_t size)
{
    (void)user;
    if (uv_random(NULL, NULL, out, size, 0, NULL) != 0)
        abort();
}

static bool set_up_service(echo_server *server, size_t i)
{
    echo_service *service = &server->services[i];
    service->closes = kinds[i].closes;
    service->amplifies = kinds[i].amplifies;
    cf_list_init(&service->due);
    service->services = (cf_services){
        .environment = {.allocator = &cf_heap, .random = random_bytes},
        .log_level = CF_SERVER_FATAL,
        .allocator = &cf_heap,
        .config = &server->config,
        .wheel = server->net.wheel,
        .metrics = &server->metrics,
    };
    cf_sockjs_options options = kinds[i].options;
    options.answer_max = ANSWER_MAX;
    options.strangers_max = STRANGERS;
    server->sockjs[i] = cf_sockjs_server_new(&service->services, &options);
    return server->sockjs[i] != NULL;
}

static void on_end(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static void set_up_loop(echo_server *server)
{
    (void)uv_loop_init(&server->loop);
    (void)uv_prepare_init(&server->loop, &server->prepare);
    (void)uv_timer_init(&server->loop, &server->wake);
    (void)uv_signal_init(&server->loop, &server->terminate);
    server->prepare.data = server->wake.data = server;
    (void)uv_prepare_start(&server->prepare, on_prepare);
    (void)uv_signal_start(&server->terminate, on_end, SIGTERM);
}

static bool set_up(echo_server *server)
{
    set_up_loop(server);
    server->config = (cf_config){
        .client_request_max_size = MESSAGE_MAX,
        .client_queue_max_size = MESSAGE_MAX,
        .sockjs_heartbeat_delay = 25,
        .sockjs_url = CF_BYTES("/sockjs.js"),
    };
    cf_wheel *wheel = cf_wheel_new(&cf_heap, (cf_time)uv_now(&server->loop));
    cf_net_init(&server->net, &server->loop, &cf_heap, wheel);
    server->net.enter = enter;
    server->net.input = input;
    server->net.user = server;
    server->http = (cf_http_server){
        .net = &server->net, .body_limit = body_limit, .request = on_request, .idle_timeout = IDLE_TIME, .user = server};
    bool good = wheel != NULL;
    for (size_t i = 0; good && i < SERVICES; i++)
        good = set_up_service(server, i);
    return good;
}

static void close_handle(uv_handle_t *handle, void *user)
{
    (void)user;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void tear_down(echo_server *server)
{
    enter(server);
    cf_net_drop_all(&server->net);
    for (size_t i = 0; i < SERVICES; i++)
        cf_sockjs_server_free(server->sockjs[i]);
    cf_listener_close(&server->listener);
    uv_walk(&server->loop, close_handle, NULL);
    (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    cf_wheel_free(server->net.wheel);
    (void)uv_loop_close(&server->loop);
}

/* Says where it listens, since the port may be 0. */
static int serve(echo_server *server, int port)
{
    int status = set_up(server) ? cf_listener_open(&server->listener, &server->http, "127.0.0.1", port, 1) : UV_ENOMEM;
    if (status == 0) {
        printf("sockjs-echo-server: http://127.0.0.1:%d\n", server->listener.port);
        (void)fflush(stdout);
        (void)uv_run(&server->loop, UV_RUN_DEFAULT);
    } else {
        fprintf(stderr, "sockjs-echo-server: cannot listen on port %d of 127.0.0.1: %s\n", port, uv_strerror(status));
    }
    tear_down(server);
    return status == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    long port = argc == 3 && strcmp(argv[1], "--port") == 0 ? strtol(argv[2], NULL, 10) : -1;
    if (port < 0 || port > UINT16_MAX) {
        fprintf(stderr, "usage: sockjs-echo-server --port NUMBER\n");
        return 2;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    echo_server *server = cf_alloc_zero(&cf_heap, 1, sizeof(*server));
    int status = server == NULL ? 1 : serve(server, (int)port);
    cf_free(&cf_heap, server);
    return status;
}
