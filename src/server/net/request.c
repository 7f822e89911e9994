#include "server/net/request.h"

#include "base/percent.h"
#include "server/net/lines.h"
#include "server/net/url.h"
#include "ws/handshake.h"

#include <llhttp.h>
#include <string.h>

#define HEADER_NAME_MAX 32 /* longer ones are none that we know */

#define TEXT_MAX ((size_t)2 * CF_HTTP_HEAD_MAX)

_Static_assert(TEXT_MAX <= UINT16_MAX, "a place is anywhere in the text");

struct cf_http_parser {
    llhttp_t parser;
    const cf_allocator *allocator;
    cf_http_body_limit limit;
    cf_http_lines lines; /* of the head, then of the trailers */
    size_t head_size;    /* bytes of it so far */
    size_t framing;      /* bytes of a chunked body that are not its data */
    bool head_done;
    bool body_begun;
    bool trailers;
    bool done;
    bool told_continue;
    bool value_skipped; /* a second header of a kind of which the first counts */
    int status;
    const char *reason;
    int header; /* that is being received, or -1 */
    char name[HEADER_NAME_MAX];
    size_t name_size;
    cf_buffer text; /* the target, then values of known headers */
    cf_http_place target;
    cf_buffer body;
    cf_http_request request;
};

static const struct {
    const char *name;
    cf_http_repeat repeat;
} known[] = {
#define KNOWN(member, name, repeat) {name, repeat},
    CF_HTTP_HEADERS(KNOWN)
#undef KNOWN
};

/* ---- what llhttp tells ---- */

/* What its callbacks return for an error. The first reason stays. */
static int refuse_request(cf_http_parser *self, int status, const char *reason)
{
    if (self->status == 0) {
        self->status = status;
        self->reason = reason;
    }
    return -1;
}

static bool fail_parsing(cf_http_parser *self, int status, const char *reason)
{
    return refuse_request(self, status, reason) == 0;
}

static int append_text(cf_http_parser *self, cf_http_place *target, const char *at, size_t size)
{
    cf_buffer_append(&self->text, (cf_bytes){at, size});
    if (self->text.failed)
        return refuse_request(self, 431, "too many values in the head");
    target->size = (uint16_t)(target->size + size);
    return 0;
}

static int on_url(llhttp_t *parser, const char *at, size_t size)
{
    cf_http_parser *self = parser->data;
    return append_text(self, &self->target, at, size);
}

static int on_header_field(llhttp_t *parser, const char *at, size_t size)
{
    cf_http_parser *self = parser->data;
    size_t room = HEADER_NAME_MAX - self->name_size;
    memcpy(self->name + self->name_size, at, size < room ? size : room);
    self->name_size += size < room ? size : room;
    return 0;
}

static int find_known(const cf_http_parser *self)
{
    cf_bytes name = {self->name, self->name_size};
    for (int i = 0; i < CF_HTTP_HEADER_COUNT; i++) {
        if (cf_bytes_equal_fold(name, cf_bytes_of(known[i].name)))
            return i;
    }
    return -1;
}

/* The old value moves to the end of the text, so that the new one can follow it. */
static int join_value(cf_http_parser *self, cf_http_place *value)
{
    cf_http_place moved = {.present = true, .offset = (uint16_t)self->text.size};
    cf_http_place old = *value;
    if (!cf_buffer_reserve(&self->text, old.size + 2))
        return refuse_request(self, 431, "too many values in the head");
    if (append_text(self, &moved, self->text.data + old.offset, old.size) != 0 || append_text(self, &moved, ", ", 2) != 0)
        return -1;
    *value = moved;
    return 0;
}

static int begin_value(cf_http_parser *self)
{
    cf_http_place *value = &self->request.headers[self->header];
    cf_http_repeat repeat = known[self->header].repeat;
    self->value_skipped = value->present && repeat == CF_HTTP_FIRST;
    if (value->present && repeat == CF_HTTP_ONCE)
        return refuse_request(self, 400, "Host or Sec-WebSocket-Key is there twice");
    if (value->present && repeat == CF_HTTP_JOINED)
        return join_value(self, value);
    if (!value->present)
        *value = (cf_http_place){.present = true, .offset = (uint16_t)self->text.size};
    return 0;
}

static int on_header_field_complete(llhttp_t *parser)
{
    cf_http_parser *self = parser->data;
    if (self->name_size == 0)
        return refuse_request(self, 400, "a header without a name");
    self->header = self->head_done ? -1 : find_known(self); /* behind the body: trailers, which nobody reads */
    self->name_size = 0;
    return self->header < 0 ? 0 : begin_value(self);
}

static int on_header_value(llhttp_t *parser, const char *at, size_t size)
{
    cf_http_parser *self = parser->data;
    if (self->header < 0 || self->value_skipped)
        return 0;
    return append_text(self, &self->request.headers[self->header], at, size);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static cf_bytes resolve(const cf_http_parser *self, cf_http_place value)
{
    if (value.size == 0)
        return (cf_bytes){0};
    cf_bytes bytes = {self->text.data + value.offset, value.size};
    while (bytes.size > 0 && is_space(bytes.data[bytes.size - 1]))
        bytes.size--;
    return bytes;
}

static cf_bytes header(const cf_http_parser *self, cf_http_header which)
{
    return resolve(self, self->request.headers[which]);
}

/* RFC 9112 section 6.1. An empty value is one too: llhttp would see no body behind it. */
static int check_transfer_encoding(cf_http_parser *self)
{
    if (!self->request.headers[CF_HTTP_HEADER_transfer_encoding].present)
        return 0;
    if (self->lines.old)
        return refuse_request(self, 400, "Transfer-Encoding in a request of HTTP/1.0");
    if (!cf_bytes_equal_fold(header(self, CF_HTTP_HEADER_transfer_encoding), CF_BYTES("chunked")))
        return refuse_request(self, 501, "a Transfer-Encoding other than chunked");
    return 0;
}

static int on_headers_complete(llhttp_t *parser)
{
    cf_http_parser *self = parser->data;
    self->head_done = true;
    self->request.body_ahead = (parser->flags & F_CHUNKED) != 0 || parser->content_length > 0;
    parser->upgrade = 0; /* a body is a body; who upgrades is decided when the request is complete */
    return check_transfer_encoding(self);
}

static int on_body(llhttp_t *parser, const char *at, size_t size)
{
    cf_http_parser *self = parser->data;
    if (size > self->limit.max - self->body.size)
        return refuse_request(self, 413, self->limit.too_large);
    cf_buffer_append(&self->body, (cf_bytes){at, size});
    return self->body.failed ? refuse_request(self, 503, "no memory for its body") : 0;
}

/*
 * Behind the last chunk come lines again. What its size alone puts over the limit is not waited for. It stops at every chunk,
 * so that what is no data is counted where it ends.
 */
static int on_chunk_header(llhttp_t *parser)
{
    cf_http_parser *self = parser->data;
    self->trailers = parser->content_length == 0;
    if (self->trailers)
        cf_http_lines_init(&self->lines, false);
    if (parser->content_length > self->limit.max - self->body.size)
        return refuse_request(self, 413, self->limit.too_large);
    return HPE_PAUSED;
}

static int on_message_complete(llhttp_t *parser)
{
    cf_http_parser *self = parser->data;
    self->done = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_field_complete = on_header_field_complete,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
    .on_message_complete = on_message_complete,
};

/* Chunks of a byte, or an extension or trailer without end, must not cost more than the data that they bring. */
static bool count_framing(cf_http_parser *self, size_t size)
{
    self->framing += size;
    if (self->framing <= CF_HTTP_FRAMING_MAX + CF_HTTP_FRAMING_SHARE * self->body.size)
        return true;
    return fail_parsing(self, 431, "too much in a chunked body that is not data");
}

/* Says how many bytes were taken: all of them, but at a chunk and at the end of the request. */
static bool execute(cf_http_parser *self, const char *data, size_t size, size_t *taken)
{
    size_t before = self->body.size;
    llhttp_errno_t problem = llhttp_execute(&self->parser, data, size);
    *taken = problem == HPE_OK ? size : (size_t)(llhttp_get_error_pos(&self->parser) - data);
    llhttp_resume(&self->parser);
    if (self->body_begun && !count_framing(self, *taken - (self->body.size - before)))
        return false;
    if (problem == HPE_OK || problem == HPE_PAUSED)
        return true;
    return fail_parsing(self, 400, llhttp_get_error_reason(&self->parser));
}

/* ---- the parser ---- */

cf_http_parser *cf_http_parser_new(const cf_allocator *allocator)
{
    cf_http_parser *self = cf_alloc_zero(allocator, 1, sizeof(*self));
    if (self == NULL)
        return NULL;
    self->allocator = allocator;
    self->limit.too_large = "it has a body";
    cf_buffer_init(&self->text, allocator, TEXT_MAX);
    cf_buffer_init(&self->body, allocator, 0);
    cf_http_parser_reset(self);
    return self;
}

void cf_http_parser_free(cf_http_parser *self)
{
    if (self == NULL)
        return;
    cf_buffer_free(&self->text);
    cf_buffer_free(&self->body);
    cf_free(self->allocator, self);
}

void cf_http_parser_limit_body(cf_http_parser *self, cf_http_body_limit limit)
{
    self->limit = limit;
    self->body.limit = limit.max;
}

void cf_http_parser_reset(cf_http_parser *self)
{
    llhttp_init(&self->parser, HTTP_REQUEST, &settings);
    self->parser.data = self;
    cf_http_lines_init(&self->lines, true);
    self->head_size = self->framing = 0;
    self->head_done = self->body_begun = self->trailers = self->done = self->told_continue = false;
    self->value_skipped = false;
    self->status = 0;
    self->reason = NULL;
    self->header = -1;
    self->name_size = 0;
    self->target = (cf_http_place){0};
    cf_buffer_clear(&self->text);
    cf_buffer_free(&self->body);
    self->request = (cf_http_request){0};
}

/* ---- the head ---- */

/* RFC 9112 section 3.2: one Host, which may be empty; HTTP/1.0 needs none. */
static bool check_host(cf_http_parser *self)
{
    if (!self->request.headers[CF_HTTP_HEADER_host].present && !self->lines.old)
        (void)refuse_request(self, 400, "no Host");
    else if (!cf_url_is_host(header(self, CF_HTTP_HEADER_host)))
        (void)refuse_request(self, 400, "Host is not a host and perhaps a port");
    return self->status == 0;
}

/* RFC 9110 section 10.1.1: HTTP/1.0 knows no expectations. */
static bool check_expect(cf_http_parser *self)
{
    cf_bytes expect = header(self, CF_HTTP_HEADER_expect);
    if (expect.size > 0 && !self->lines.old && !cf_bytes_equal_fold(expect, CF_BYTES("100-continue")))
        (void)refuse_request(self, 417, "an Expect other than 100-continue");
    return self->status == 0;
}

/* Where it stands in the text, which costs no memory of its own. */
static bool decode_path(const cf_http_parser *self, cf_bytes *path)
{
    if (cf_bytes_find(*path, CF_BYTES("%")) < 0)
        return true;
    cf_buffer decoded = {.data = self->text.data + (path->data - self->text.data),
                         .capacity = path->size,
                         .limit = path->size,
                         .allocator = self->allocator};
    bool good = cf_percent_decode(*path, false, &decoded);
    *path = cf_buffer_bytes(&decoded);
    return good;
}

static bool resolve_target(cf_http_parser *self)
{
    cf_http_request *request = &self->request;
    bool options = self->parser.method == HTTP_OPTIONS;
    if (!cf_url_split_target(resolve(self, self->target), options, &request->path, &request->query))
        (void)refuse_request(self, 400, "a target that is neither a path nor an http address");
    else if (!decode_path(self, &request->path))
        (void)refuse_request(self, 400, "a bad escape in the path");
    return self->status == 0;
}

static bool wants_more(const cf_http_parser *self)
{
    cf_bytes connection = header(self, CF_HTTP_HEADER_connection);
    if (cf_ws_has_token(connection, CF_BYTES("close")))
        return false;
    return !self->lines.old || cf_ws_has_token(connection, CF_BYTES("keep-alive"));
}

static bool fill_request(cf_http_parser *self)
{
    cf_http_request *request = &self->request;
    request->method = cf_bytes_of(llhttp_method_name((llhttp_method_t)self->parser.method));
    request->get = self->parser.method == HTTP_GET;
    request->head = self->parser.method == HTTP_HEAD;
    request->old = self->lines.old;
    request->keep_alive = wants_more(self);
    request->text = self->text.data;
    for (int i = 0; i < CF_HTTP_HEADER_COUNT; i++)
        request->headers[i].size = (uint16_t)header(self, (cf_http_header)i).size;
    return check_host(self) && check_expect(self) && resolve_target(self);
}

static cf_http_progress end_head(cf_http_parser *self)
{
    if (!self->head_done) /* it reads the lines differently */
        (void)refuse_request(self, 400, "no HTTP request");
    if (self->status != 0 || !fill_request(self))
        return CF_HTTP_FAILED;
    return self->request.body_ahead ? CF_HTTP_HEAD : CF_HTTP_COMPLETE;
}

/* Lines as far as they go. What is wrong first is told, however the bytes come: a byte that we refuse stays ours. */
static bool read_lines(cf_http_parser *self, const char *data, size_t size, size_t *used)
{
    size_t taken;
    *used = cf_http_lines_read(&self->lines, data, size);
    bool bad = self->lines.status != 0;
    if (!execute(self, data, *used - bad, &taken))
        return false;
    return !bad || fail_parsing(self, self->lines.status, self->lines.reason);
}

static cf_http_progress read_head(cf_http_parser *self, const char *data, size_t size, size_t *used)
{
    size_t room = CF_HTTP_HEAD_MAX - self->head_size;
    if (!read_lines(self, data, size < room ? size : room, used))
        return CF_HTTP_FAILED;
    self->head_size += *used;
    if (self->lines.done)
        return end_head(self);
    if (self->head_size < CF_HTTP_HEAD_MAX)
        return CF_HTTP_MORE;
    (void)refuse_request(self, 431, "its head is larger than 16384 bytes");
    return CF_HTTP_FAILED;
}

/* ---- the body ---- */

static bool begin_body(cf_http_parser *self)
{
    self->body_begun = true;
    if (self->parser.content_length <= self->limit.max)
        return true;
    return fail_parsing(self, 413, self->limit.too_large);
}

static bool read_body(cf_http_parser *self, const char *data, size_t size, size_t *used)
{
    if (!self->trailers)
        return execute(self, data, size, used);
    if (!read_lines(self, data, size, used))
        return false;
    return self->lines.done == self->done || fail_parsing(self, 400, "no HTTP trailers"); /* it reads the lines differently */
}

static cf_http_progress wait_for_body(cf_http_parser *self)
{
    bool told = self->told_continue || self->request.old || header(self, CF_HTTP_HEADER_expect).size == 0;
    self->told_continue = true;
    return told ? CF_HTTP_MORE : CF_HTTP_CONTINUE;
}

cf_http_progress cf_http_parser_read(cf_http_parser *self, const char *data, size_t size, size_t *used)
{
    *used = 0;
    if (!self->head_done)
        return read_head(self, data, size, used);
    if (!self->body_begun && !begin_body(self))
        return CF_HTTP_FAILED;
    while (!self->done && *used < size) {
        size_t taken;
        if (!read_body(self, data + *used, size - *used, &taken))
            return CF_HTTP_FAILED;
        *used += taken;
    }
    if (!self->done)
        return wait_for_body(self);
    self->request.body_ahead = false;
    self->request.body = cf_buffer_bytes(&self->body);
    return CF_HTTP_COMPLETE;
}

bool cf_http_parser_begun(const cf_http_parser *self)
{
    return self->head_done || self->lines.started;
}

bool cf_http_parser_in_body(const cf_http_parser *self)
{
    return self->head_done && self->request.body_ahead;
}

size_t cf_http_parser_body_size(const cf_http_parser *self)
{
    return self->body.size;
}

const cf_http_request *cf_http_parser_request(const cf_http_parser *self)
{
    return &self->request;
}

int cf_http_parser_status(const cf_http_parser *self)
{
    return self->status;
}

const char *cf_http_parser_reason(const cf_http_parser *self)
{
    return self->reason;
}
