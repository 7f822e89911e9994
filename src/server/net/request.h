/*
 * An HTTP/1.1 request from bytes, without sockets: llhttp behind limits, and behind what it does not insist on (lines.h).
 * Of the headers only those that somebody here reads are kept.
 */
#ifndef CF_SERVER_NET_REQUEST_H
#define CF_SERVER_NET_REQUEST_H

#include "base/buffer.h"

/* Request line and headers together; beyond: 431. */
#define CF_HTTP_HEAD_MAX 16384

/* Bytes of a chunked body that are not its data: sizes, extensions and trailers; beyond this and CF_HTTP_FRAMING_SHARE: 431. */
#define CF_HTTP_FRAMING_MAX 16384
/* What a byte of data may bring along of them: the smallest chunk has five. */
#define CF_HTTP_FRAMING_SHARE 8

/* Of a header that is there twice, the first counts, or all count, joined with ", ", or the request is refused. */
typedef enum cf_http_repeat { CF_HTTP_FIRST, CF_HTTP_JOINED, CF_HTTP_ONCE } cf_http_repeat;

/* X(member, "name in lower case", repeat) */
#define CF_HTTP_HEADERS(X)                                                                                                     \
    X(host, "host", CF_HTTP_ONCE)                                                                                              \
    X(connection, "connection", CF_HTTP_JOINED)                                                                                \
    X(upgrade, "upgrade", CF_HTTP_JOINED)                                                                                      \
    X(transfer_encoding, "transfer-encoding", CF_HTTP_JOINED)                                                                  \
    X(websocket_version, "sec-websocket-version", CF_HTTP_FIRST)                                                               \
    X(websocket_key, "sec-websocket-key", CF_HTTP_ONCE)                                                                        \
    X(websocket_extensions, "sec-websocket-extensions", CF_HTTP_JOINED)                                                        \
    X(content_type, "content-type", CF_HTTP_FIRST)                                                                             \
    X(api_sign, "x-api-sign", CF_HTTP_FIRST)                                                                                   \
    X(expect, "expect", CF_HTTP_JOINED)                                                                                        \
    X(real_ip, "x-real-ip", CF_HTTP_FIRST)                                                                                     \
    X(forwarded_for, "x-forwarded-for", CF_HTTP_FIRST)                                                                         \
    X(origin, "origin", CF_HTTP_FIRST)                                                                                         \
    X(cookie, "cookie", CF_HTTP_FIRST)                                                                                         \
    X(if_none_match, "if-none-match", CF_HTTP_JOINED)                                                                          \
    X(request_headers, "access-control-request-headers", CF_HTTP_JOINED)

typedef enum cf_http_header {
#define CF_HTTP_HEADER_ENUM(member, name, repeat) CF_HTTP_HEADER_##member,
    CF_HTTP_HEADERS(CF_HTTP_HEADER_ENUM)
#undef CF_HTTP_HEADER_ENUM
        CF_HTTP_HEADER_COUNT
} cf_http_header;

/* Where a header's value stands in a request's text. Small, since a connection that waits keeps all of them. */
typedef struct cf_http_place {
    uint16_t offset;
    uint16_t size;
    bool present; /* it may be there and empty */
} cf_http_place;

typedef struct cf_http_request {
    cf_bytes method;
    bool get;
    bool head;       /* HEAD: the answer has no body */
    bool keep_alive; /* the client wants to send another one */
    bool old;        /* HTTP/1.0: it has to be told that it may */
    bool body_ahead; /* a body follows: true only before it was read */
    cf_bytes path;   /* percent-decoded, begins with '/' (or is '*') */
    cf_bytes query;  /* behind the '?', as received */
    cf_bytes body;
    const char *text;
    cf_http_place headers[CF_HTTP_HEADER_COUNT]; /* in it: for cf_http_request_header */
} cf_http_request;

/* The value as received, without the white space around it; empty when absent. */
static inline cf_bytes cf_http_request_header(const cf_http_request *request, cf_http_header which)
{
    cf_http_place place = request->headers[which];
    return place.size == 0 ? (cf_bytes){0} : cf_bytes_make(request->text + place.offset, place.size);
}

typedef enum cf_http_progress {
    CF_HTTP_MORE,     /* all input is used, the request is not complete */
    CF_HTTP_CONTINUE, /* as MORE, and the client waits for `100 Continue` before it sends the body */
    CF_HTTP_HEAD,     /* cf_http_parser_request may be looked at, its body comes: read on, or answer without it and close */
    CF_HTTP_COMPLETE, /* cf_http_parser_request may be looked at; what was not used belongs to the next one */
    CF_HTTP_FAILED    /* answer with cf_http_parser_status and close */
} cf_http_progress;

typedef struct cf_http_parser cf_http_parser;

/* What is taken of a body. */
typedef struct cf_http_body_limit {
    size_t max;            /* bytes; beyond: 413 */
    const char *too_large; /* the reason then: a constant text that names the option */
} cf_http_body_limit;

/* NULL without memory. */
cf_http_parser *cf_http_parser_new(const cf_allocator *allocator);
/* For bodies that come from now on; before, none may come. */
void cf_http_parser_limit_body(cf_http_parser *parser, cf_http_body_limit limit);
void cf_http_parser_free(cf_http_parser *parser);
/* Ready for the next request of the connection. */
void cf_http_parser_reset(cf_http_parser *parser);
/* Uses bytes from `data`, at most `size`; says how many in `used`. */
cf_http_progress cf_http_parser_read(cf_http_parser *parser, const char *data, size_t size, size_t *used);
/* Has it seen the first byte of a request, and its head, and waits for a body? For timeouts. */
bool cf_http_parser_begun(const cf_http_parser *parser);
bool cf_http_parser_in_body(const cf_http_parser *parser);
/* Bytes of the body that it holds. */
size_t cf_http_parser_body_size(const cf_http_parser *parser);
/* After HEAD and COMPLETE; valid until the parser is used again. */
const cf_http_request *cf_http_parser_request(const cf_http_parser *parser);
/* After FAILED: 400, 413, 417, 431, 501, 505 or, without memory, 503; and a constant text that says what is wrong. */
int cf_http_parser_status(const cf_http_parser *parser);
const char *cf_http_parser_reason(const cf_http_parser *parser);

#endif
