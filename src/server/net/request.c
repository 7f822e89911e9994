#include "server/net/request.h"

#include "server/net/url.h"

#include <http_parser.h>
#include <limits.h>
#include <string.h>

#define HEADER_NAME_MAX 32 /* longer ones are none that we know */

typedef struct slice {
    size_t offset; /* in `text` */
    size_t size;
} slice;

struct cf_http_parser {
    http_parser parser;
    const cf_allocator *allocator;
    size_t body_max;
    size_t head_size; /* bytes of it so far */
    bool head_done;
    bool done;
    bool told_continue;
    bool value_skipped; /* a second header of a kind of which the first counts */
    bool value_seen;    /* the last thing parsed was part of a value */
    int status;
    int header; /* that is being received, or -1 */
    char name[HEADER_NAME_MAX];
    size_t name_size;
    cf_buffer text; /* the target, then values of known headers */
    slice target;
    slice headers[CF_HTTP_HEADER_COUNT];
    cf_buffer body;
    cf_buffer path; /* decoded */
    cf_http_request request;
};

static const struct {
    const char *name;
    bool joined;
} known[] = {
#define KNOWN(member, name, joined) {name, joined},
    CF_HTTP_HEADERS(KNOWN)
#undef KNOWN
};

/* ---- what http-parser tells ---- */

static int refuse(cf_http_parser *self, int status)
{
    if (self->status == 0)
        self->status = status;
    return 1;
}

static int append_text(cf_http_parser *self, slice *target, const char *at, size_t size)
{
    cf_buffer_append(&self->text, (cf_bytes){at, size});
    if (self->text.failed)
        return refuse(self, 431);
    target->size += size;
    return 0;
}

static int on_url(http_parser *parser, const char *at, size_t size)
{
    cf_http_parser *self = parser->data;
    return append_text(self, &self->target, at, size);
}

static int on_header_field(http_parser *parser, const char *at, size_t size)
{
    cf_http_parser *self = parser->data;
    if (self->value_seen) {
        self->value_seen = false;
        self->header = -1;
        self->name_size = 0;
    }
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
static int join_value(cf_http_parser *self, slice *value)
{
    slice moved = {.offset = self->text.size};
    slice old = *value;
    if (!cf_buffer_reserve(&self->text, old.size + 2))
        return refuse(self, 431);
    if (append_text(self, &moved, self->text.data + old.offset, old.size) != 0 || append_text(self, &moved, ", ", 2) != 0)
        return 1;
    *value = moved;
    return 0;
}

static int begin_value(cf_http_parser *self)
{
    self->value_seen = true;
    self->header = self->head_done ? -1 : find_known(self); /* behind the body: trailers, which nobody reads */
    if (self->header < 0)
        return 0;
    slice *value = &self->headers[self->header];
    self->value_skipped = value->offset != 0 && !known[self->header].joined;
    if (value->offset != 0 && !self->value_skipped)
        return join_value(self, value);
    if (value->offset == 0)
        value->offset = self->text.size;
    return 0;
}

static int on_header_value(http_parser *parser, const char *at, size_t size)
{
    cf_http_parser *self = parser->data;
    if (!self->value_seen && begin_value(self) != 0)
        return 1;
    if (self->header < 0 || self->value_skipped)
        return 0;
    return append_text(self, &self->headers[self->header], at, size);
}

static int on_headers_complete(http_parser *parser)
{
    cf_http_parser *self = parser->data;
    self->head_done = true;
    parser->upgrade = 0; /* a body is a body; who upgrades is decided when the request is complete */
    if (parser->content_length != ULLONG_MAX && parser->content_length > self->body_max) {
        refuse(self, 413);
        return -1;
    }
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t size)
{
    cf_http_parser *self = parser->data;
    if (size > self->body_max - self->body.size)
        return refuse(self, 413);
    cf_buffer_append(&self->body, (cf_bytes){at, size});
    return self->body.failed ? refuse(self, 503) : 0;
}

static int on_message_complete(http_parser *parser)
{
    cf_http_parser *self = parser->data;
    self->done = true;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

/* ---- the parser ---- */

cf_http_parser *cf_http_parser_new(const cf_allocator *allocator, size_t body_max)
{
    cf_http_parser *self = cf_alloc_zero(allocator, 1, sizeof(*self));
    if (self == NULL)
        return NULL;
    self->allocator = allocator;
    self->body_max = body_max;
    cf_buffer_init(&self->text, allocator, 2 * CF_HTTP_HEAD_MAX);
    cf_buffer_init(&self->body, allocator, body_max);
    cf_buffer_init(&self->path, allocator, CF_HTTP_HEAD_MAX);
    cf_http_parser_reset(self);
    return self;
}

void cf_http_parser_free(cf_http_parser *self)
{
    if (self == NULL)
        return;
    cf_buffer_free(&self->text);
    cf_buffer_free(&self->body);
    cf_buffer_free(&self->path);
    cf_free(self->allocator, self);
}

void cf_http_parser_reset(cf_http_parser *self)
{
    http_parser_init(&self->parser, HTTP_REQUEST);
    self->parser.data = self;
    self->head_size = 0;
    self->head_done = self->done = self->told_continue = false;
    self->value_skipped = self->value_seen = false;
    self->status = 0;
    self->header = -1;
    self->name_size = 0;
    self->target = (slice){0};
    memset(self->headers, 0, sizeof(self->headers));
    cf_buffer_clear(&self->text);
    cf_buffer_free(&self->body);
    cf_buffer_clear(&self->path);
    self->request = (cf_http_request){0};
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static cf_bytes resolve(const cf_http_parser *self, slice value)
{
    if (value.size == 0)
        return (cf_bytes){0};
    cf_bytes bytes = {self->text.data + value.offset, value.size};
    while (bytes.size > 0 && is_space(bytes.data[bytes.size - 1]))
        bytes.size--;
    return bytes;
}

/* Origin form, absolute form or '*' (RFC 9112 section 3.2). */
static bool split_target(cf_bytes target, cf_bytes *path, cf_bytes *query)
{
    struct http_parser_url url;
    *query = (cf_bytes){0};
    *path = target;
    if (cf_bytes_equal(target, CF_BYTES("*")))
        return true;
    if (target.size > 0 && target.data[0] == '/') {
        ptrdiff_t mark = cf_bytes_find(target, CF_BYTES("?"));
        if (mark >= 0) {
            *path = cf_bytes_slice(target, 0, (size_t)mark);
            *query = cf_bytes_slice(target, (size_t)mark + 1, target.size);
        }
        return true;
    }
    http_parser_url_init(&url);
    if (http_parser_parse_url(target.data, target.size, 0, &url) != 0)
        return false;
    *path = url.field_set & (1U << UF_PATH) ? (cf_bytes){target.data + url.field_data[UF_PATH].off, url.field_data[UF_PATH].len}
                                            : CF_BYTES("/");
    if (url.field_set & (1U << UF_QUERY))
        *query = (cf_bytes){target.data + url.field_data[UF_QUERY].off, url.field_data[UF_QUERY].len};
    return true;
}

static cf_http_progress complete(cf_http_parser *self)
{
    cf_http_request *request = &self->request;
    cf_bytes path;
    request->method = cf_bytes_of(http_method_str((enum http_method)self->parser.method));
    request->get = self->parser.method == HTTP_GET;
    request->head = self->parser.method == HTTP_HEAD;
    request->keep_alive = http_should_keep_alive(&self->parser) != 0;
    for (size_t i = 0; i < CF_HTTP_HEADER_COUNT; i++)
        request->headers[i] = resolve(self, self->headers[i]);
    request->body = cf_buffer_bytes(&self->body);
    if (!split_target(resolve(self, self->target), &path, &request->query) || !cf_url_decode(path, false, &self->path)) {
        self->status = self->path.failed ? 503 : 400;
        return CF_HTTP_FAILED;
    }
    request->path = cf_buffer_bytes(&self->path);
    bool old = self->parser.http_major < 1 || (self->parser.http_major == 1 && self->parser.http_minor == 0);
    if (!old && request->headers[CF_HTTP_HEADER_host].size == 0 && self->headers[CF_HTTP_HEADER_host].offset == 0) {
        self->status = 400; /* RFC 9112 section 3.2 */
        return CF_HTTP_FAILED;
    }
    return CF_HTTP_COMPLETE;
}

static cf_http_progress failed(cf_http_parser *self)
{
    if (self->status == 0)
        self->status = HTTP_PARSER_ERRNO(&self->parser) == HPE_HEADER_OVERFLOW ? 431 : 400;
    return CF_HTTP_FAILED;
}

cf_http_progress cf_http_parser_read(cf_http_parser *self, const char *data, size_t size, size_t *used)
{
    *used = 0;
    while (*used < size) {
        size_t part = size - *used;
        if (!self->head_done && part > CF_HTTP_HEAD_MAX - self->head_size)
            part = CF_HTTP_HEAD_MAX - self->head_size;
        if (part == 0) {
            self->status = 431;
            return CF_HTTP_FAILED;
        }
        bool in_head = !self->head_done;
        size_t taken = http_parser_execute(&self->parser, &settings, data + *used, part);
        *used += taken;
        if (in_head)
            self->head_size += taken;
        if (self->done)
            return complete(self);
        if (HTTP_PARSER_ERRNO(&self->parser) != HPE_OK || taken != part)
            return failed(self);
    }
    if (self->head_done && !self->told_continue) {
        self->told_continue = true;
        if (cf_bytes_equal_fold(resolve(self, self->headers[CF_HTTP_HEADER_expect]), CF_BYTES("100-continue")))
            return CF_HTTP_CONTINUE;
    }
    return CF_HTTP_MORE;
}

bool cf_http_parser_begun(const cf_http_parser *self)
{
    return self->head_size > 0;
}

bool cf_http_parser_in_body(const cf_http_parser *self)
{
    return self->head_done;
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
