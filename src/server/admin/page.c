#include "server/admin/page.h"

#include "server/net/url.h"
#include "system/heap.h"

static const struct {
    cf_bytes ending;
    cf_bytes type;
} types[] = {
    {CF_LITERAL(".html"), CF_LITERAL("text/html; charset=utf-8")},
    {CF_LITERAL(".js"), CF_LITERAL("text/javascript; charset=utf-8")},
    {CF_LITERAL(".css"), CF_LITERAL("text/css; charset=utf-8")},
    {CF_LITERAL(".json"), CF_LITERAL("application/json")},
    {CF_LITERAL(".svg"), CF_LITERAL("image/svg+xml")},
    {CF_LITERAL(".png"), CF_LITERAL("image/png")},
    {CF_LITERAL(".jpg"), CF_LITERAL("image/jpeg")},
    {CF_LITERAL(".gif"), CF_LITERAL("image/gif")},
    {CF_LITERAL(".ico"), CF_LITERAL("image/x-icon")},
    {CF_LITERAL(".woff2"), CF_LITERAL("font/woff2")},
    {CF_LITERAL(".txt"), CF_LITERAL("text/plain; charset=utf-8")},
};

cf_bytes cf_page_type_of(cf_bytes name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (cf_bytes_ends_with(name, types[i].ending))
            return types[i].type;
    }
    return CF_BYTES("application/octet-stream");
}

static void respond(cf_http_exchange *exchange, cf_http_response response)
{
    cf_http_exchange_respond(exchange, &response);
}

void cf_page_redirect(cf_http_exchange *exchange, cf_bytes place, cf_bytes end)
{
    cf_buffer extra;
    cf_buffer_init(&extra, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&extra, CF_BYTES("Location: ./"));
    cf_url_encode_path(place, &extra);
    cf_buffer_append(&extra, end);
    cf_buffer_append(&extra, CF_BYTES("\r\n"));
    respond(exchange, extra.failed ? cf_http_plain(503) : (cf_http_response){.status = 301, .extra = cf_buffer_bytes(&extra)});
    cf_buffer_free(&extra);
}

static void answer_file(cf_http_exchange *exchange, const cf_http_request *request, const cf_page_file *file)
{
    bool known = cf_bytes_find(cf_http_request_header(request, CF_HTTP_HEADER_if_none_match), file->tag) >= 0;
    cf_http_response response = {.status = 304};
    cf_buffer extra;
    cf_buffer_init(&extra, &cf_heap, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&extra, CF_BYTES("Cache-Control: no-cache\r\nETag: "));
    cf_buffer_append(&extra, file->tag);
    cf_buffer_append(&extra, CF_BYTES("\r\n" CF_PAGE_HEADERS));
    if (!known)
        response = (cf_http_response){.status = 200, .content_type = cf_page_type_of(file->name), .body = file->content};
    response.extra = cf_buffer_bytes(&extra);
    respond(exchange, extra.failed ? cf_http_plain(503) : response);
    cf_buffer_free(&extra);
}

void cf_page_answer(cf_http_exchange *exchange, const cf_http_request *request, cf_bytes below)
{
    cf_bytes name = below.size > 0 ? below : CF_BYTES("index.html");
    if (cf_bytes_equal(below, CF_BYTES("index.html"))) {
        cf_page_redirect(exchange, CF_BYTES(""), CF_BYTES(""));
        return;
    }
    for (size_t i = 0; i < cf_page_file_count; i++) {
        if (cf_bytes_equal(cf_page_files[i].name, name)) {
            answer_file(exchange, request, &cf_page_files[i]);
            return;
        }
    }
    respond(exchange, cf_http_plain(404));
}
