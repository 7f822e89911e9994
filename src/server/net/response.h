/*
 * HTTP response heads, and the plain ones that every endpoint shares.
 */
#ifndef CF_SERVER_NET_RESPONSE_H
#define CF_SERVER_NET_RESPONSE_H

#include "base/buffer.h"

#define CF_HTTP_TEXT CF_BYTES("text/plain; charset=utf-8")
#define CF_HTTP_HTML CF_BYTES("text/html; charset=utf-8")

/* How the end of a body is told: by its size, by chunks, or by the connection's end. */
typedef enum cf_http_framing { CF_HTTP_SIZED, CF_HTTP_CHUNKED, CF_HTTP_UNTIL_END } cf_http_framing;

typedef struct cf_http_response {
    int status;
    cf_bytes content_type; /* empty: none */
    cf_bytes extra;        /* whole header lines, each with its CRLF; empty: none */
    cf_bytes body;
    const cf_bytes *parts; /* the body, where it lies in several places; NULL: it is `body` */
    size_t part_count;
    cf_http_framing framing; /* of one that is streamed, whose body follows */
} cf_http_response;

const char *cf_http_reason(int status);
/* An answer in plain words: `Bad Request` and so on; "404 page not found" for 404. */
cf_http_response cf_http_plain(int status);

#define CF_HTTP_DATE_SIZE 32
/* As in RFC 9110 section 5.6.7; `text` is empty where the time has no date. */
void cf_http_write_date(int64_t unix_time, char text[CF_HTTP_DATE_SIZE]);

/* What becomes of the connection. A client of HTTP/1.0 has to be told that it may send another request. */
typedef enum cf_http_end { CF_HTTP_CLOSE, CF_HTTP_KEEP, CF_HTTP_KEEP_OLD } cf_http_end;

/* `date` as in RFC 9110 section 5.6.7. */
void cf_http_write_head(cf_buffer *out, const cf_http_response *response, cf_bytes date, cf_http_end end);
size_t cf_http_body_size(const cf_http_response *response);

#endif
