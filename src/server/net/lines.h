/*
 * The lines of a request's head, and of a chunked body's trailers, held to RFC 9112: each ends with CRLF, none goes on in the
 * next one, no byte is a control. llhttp is more generous here, and what two readers of the same bytes read differently is how
 * requests are smuggled.
 */
#ifndef CF_SERVER_NET_LINES_H
#define CF_SERVER_NET_LINES_H

#include "base/bytes.h"

typedef struct cf_http_lines {
    bool started; /* the first byte of a line has been seen: an empty line before the request is none */
    bool done;    /* the empty line has been seen that ends them */
    bool old;     /* HTTP/1.0 */
    int status;   /* not 0: refuse with it, for `reason` */
    const char *reason;
    /* inside */
    bool request_line; /* not complete yet */
    bool empty_seen;
    bool carriage_return;
    bool line_begun;
    int spaces;           /* of the request line */
    size_t protocol_size; /* bytes behind the second of them */
} cf_http_lines;

/* Begins with a request line; without: with the first field. */
void cf_http_lines_init(cf_http_lines *lines, bool request_line);
/* How many of the bytes belong to the lines: all of them until done, or until one is refused, that one included. */
size_t cf_http_lines_read(cf_http_lines *lines, const char *data, size_t size);

#endif
