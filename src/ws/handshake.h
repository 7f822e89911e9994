/*
 * The opening handshake (RFC 6455 section 4), both roles, no I/O.
 */
#ifndef CF_WS_HANDSHAKE_H
#define CF_WS_HANDSHAKE_H

#include "base/buffer.h"

#define CF_WS_KEY_SIZE    24 /* base64 of 16 random bytes */
#define CF_WS_ACCEPT_SIZE 28 /* base64 of a SHA-1 */
/* A client's key longer than this is refused, though any text is taken for one, as by the reference server. */
#define CF_WS_KEY_MAX 256
/* A response head larger than this is refused. */
#define CF_WS_RESPONSE_HEAD_MAX 16384

/* Sec-WebSocket-Accept for a key of at most CF_WS_KEY_MAX bytes (section 4.2.2, 5.4). No NUL is written. */
void cf_ws_accept_key(cf_bytes key, char accept[CF_WS_ACCEPT_SIZE]);

/* Without spaces and tabs around it. */
cf_bytes cf_ws_trim(cf_bytes text);
/* Is `token` in a header's comma-separated list? The case of letters does not matter. */
bool cf_ws_has_token(cf_bytes list, cf_bytes token);

/* ---- server ---- */

/* What a server needs to know of a request. Header values as received; empty when absent. */
typedef struct cf_ws_request {
    bool get;
    cf_bytes connection; /* all Connection headers joined with ", " */
    cf_bytes upgrade;
    cf_bytes version;
    cf_bytes key;
} cf_ws_request;

/* The HTTP status to answer with: 101, 405 (no GET) or 400. server-spec.md 1.3. */
int cf_ws_check_request(const cf_ws_request *request);
/*
 * May messages be compressed, both ways and each for itself? Looks for an offer of permessage-deflate that we can keep to (RFC
 * 7692 section 7.1): one that wants no smaller window of us. `offers`: all Sec-WebSocket-Extensions headers, joined with ", ".
 */
bool cf_ws_offers_deflate(cf_bytes offers);
/* The 101 response head. `deflate`: the offer is accepted. */
void cf_ws_append_response(cf_buffer *out, cf_bytes key, bool deflate);

/* ---- client ---- */

typedef struct cf_ws_header {
    cf_bytes name;
    cf_bytes value;
} cf_ws_header;

/* `random`: 16 bytes. Writes CF_WS_KEY_SIZE characters. */
void cf_ws_make_key(const uint8_t random[16], char key[CF_WS_KEY_SIZE]);
/*
 * `host` as it goes in the Host header (with the port unless it is the scheme's), `target` path and query, `authorization`
 * empty for none. A header Host among `headers` takes the place of `host`. No text may contain CR or LF.
 */
void cf_ws_append_request(cf_buffer *out, cf_bytes host, cf_bytes target, cf_bytes key, cf_bytes authorization,
                          const cf_ws_header *headers, size_t count);

typedef enum cf_ws_response_state {
    CF_WS_RESPONSE_MORE,   /* the head is not complete */
    CF_WS_RESPONSE_OK,     /* upgraded: frames begin at `used` */
    CF_WS_RESPONSE_STATUS, /* another HTTP status: `status` */
    CF_WS_RESPONSE_INVALID /* not HTTP, too large, or not a valid upgrade */
} cf_ws_response_state;

/*
 * Looks at all that was received so far; `key` is what was sent, `protocols` the subprotocols that were asked for, empty for
 * none. Heads with a status of 1xx before the answer are skipped (RFC 9110 section 15.2). `used` is the size of all heads.
 * `problem` gets a constant text that says what is wrong, for CF_WS_RESPONSE_INVALID. Header names and the tokens of Upgrade
 * and Connection match without regard to case; an unasked extension or subprotocol is invalid (section 4.1).
 */
cf_ws_response_state cf_ws_check_response(cf_bytes received, cf_bytes key, cf_bytes protocols, size_t *used, int *status,
                                          const char **problem);
/* The value of a header in a head that is complete; empty without it. */
cf_bytes cf_ws_response_header(cf_bytes head, cf_bytes name);

#endif
