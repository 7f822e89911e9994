/* Any bytes as HTTP requests: cut at every place they mean the same. */
#include "base/assert.h"
#include "server/net/request.h"
#include "server/net/router.h"
#include "system/heap.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MAX 4096

/* What came of the input: the requests one after the other, in a text to compare. */
static void write_request(cf_buffer *out, const cf_http_request *request)
{
    cf_buffer_append(out, request->method);
    cf_buffer_append_byte(out, ' ');
    cf_buffer_append(out, request->path);
    cf_buffer_append_byte(out, '?');
    cf_buffer_append(out, request->query);
    for (size_t i = 0; i < CF_HTTP_HEADER_COUNT; i++) {
        cf_buffer_append_byte(out, '\n');
        cf_buffer_append(out, cf_http_request_header(request, (cf_http_header)i));
    }
    cf_buffer_append(out, CF_BYTES("\n\n"));
    cf_buffer_append(out, request->body);
    cf_buffer_append_int(out, request->keep_alive);
}

static void route(const cf_http_request *request)
{
    static const cf_route all[] = {{.path = CF_LITERAL("/connection/websocket"), .ports = 1},
                                   {.path = CF_LITERAL("/connection/"), .ports = 1},
                                   {.path = CF_LITERAL("/api/"), .ports = 3}};
    static const cf_routes routes = {.all = all, .count = 3};
    cf_route_match match = {.route = NULL};
    cf_buffer location;
    cf_buffer_init(&location, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_route_result result = cf_route_find(&routes, 1, request->path, request->query, &match, &location);
    CF_ASSERT(result != CF_ROUTE_FOUND || match.route->path.size + match.below.size == request->path.size);
    if (result == CF_ROUTE_REDIRECT) {
        CF_ASSERT(location.size > 0 && location.data[0] == '/');
        CF_ASSERT(memchr(location.data, '\n', location.size) == NULL && memchr(location.data, '\r', location.size) == NULL);
    }
    cf_buffer_free(&location);
}

static void parse(const char *data, size_t size, size_t step, cf_buffer *out)
{
    cf_http_parser *parser = cf_http_parser_new(&cf_heap);
    CF_ASSERT(parser != NULL);
    cf_http_parser_limit_body(parser, (cf_http_body_limit){BODY_MAX, "its body is larger than the limit"});
    size_t at = 0;
    while (at < size) {
        size_t part = size - at < step ? size - at : step;
        size_t used = 0;
        cf_http_progress progress = cf_http_parser_read(parser, data + at, part, &used);
        CF_ASSERT(used <= part);
        at += used;
        if (progress == CF_HTTP_FAILED) {
            cf_buffer_append_int(out, cf_http_parser_status(parser));
            break;
        }
        if (progress == CF_HTTP_COMPLETE) {
            const cf_http_request *request = cf_http_parser_request(parser);
            CF_ASSERT(request->body.size <= BODY_MAX);
            write_request(out, request);
            route(request);
            cf_http_parser_reset(parser);
        } else {
            CF_ASSERT(used == part || progress == CF_HTTP_HEAD);
        }
    }
    cf_http_parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {SIZE_MAX, 1, 7};
    cf_buffer results[3];
    for (size_t i = 0; i < 3; i++) {
        cf_buffer_init(&results[i], &cf_heap, CF_BUFFER_NO_LIMIT);
        parse((const char *)data, size, steps[i], &results[i]);
        CF_ASSERT(cf_bytes_equal(cf_buffer_bytes(&results[i]), cf_buffer_bytes(&results[0])));
    }
    for (size_t i = 0; i < 3; i++)
        cf_buffer_free(&results[i]);
    return 0;
}
