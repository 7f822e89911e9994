/*
 * How a server speaks with one kind of clients: a table of functions between what is said (wire.h) and the bytes of one version
 * of the protocol in one encoding. Sessions, commands and the hub know nothing else of it.
 */
#ifndef CF_WIRE_DIALECT_H
#define CF_WIRE_DIALECT_H

#include "base/buffer.h"
#include "wire/wire.h"

#include <stddef.h>

/* Where a dialect stands in the commands of one message. What it keeps here is its own affair. */
#define CF_DIALECT_CURSOR 128 /* bytes */
typedef struct cf_dialect_cursor {
    _Alignas(max_align_t) unsigned char state[CF_DIALECT_CURSOR];
} cf_dialect_cursor;

typedef struct cf_command {
    cf_bytes uid;
    cf_method method;
    cf_bytes params; /* encoded */
} cf_command;

typedef struct cf_dialect {
    bool binary; /* its messages are no texts */

    /*
     * How many commands the message has; 0: it is no good one, or there is no memory (scratch->failed), and nothing of it is
     * carried out. `binary`: it came as bytes, not as a text.
     */
    size_t (*begin)(cf_dialect_cursor *cursor, cf_bytes message, bool binary, cf_buffer *scratch);
    /* One of them, and not more often than there are. Its slices stay valid until the next call. */
    void (*next)(cf_dialect_cursor *cursor, cf_command *command, cf_buffer *scratch);
    /* The message stands elsewhere from now on. */
    void (*move)(cf_dialect_cursor *cursor, const char *message);
    /* Parameters of one command; false: `invalid message`. Decoded strings are appended to `scratch`. */
    bool (*connect_params)(cf_bytes params, cf_connect_params *out, cf_buffer *scratch); /* and refresh */
    bool (*subscribe_params)(cf_bytes params, cf_subscribe_params *out, cf_buffer *scratch);
    bool (*params)(cf_method method, cf_bytes params, cf_params *out, cf_buffer *scratch); /* of all other methods */

    void (*reply)(cf_buffer *out, const cf_reply *reply);
    /* What stands before the n-th reply of a message with `of` commands, counted from 0, and behind the last (nth == of). */
    void (*between)(cf_buffer *out, size_t nth, size_t of);

    void (*publication)(cf_buffer *out, const cf_publication *publication);
    void (*join_leave)(cf_buffer *out, cf_method method, cf_bytes channel, const cf_client_info *info);
    /* The server has unsubscribed the client. */
    void (*unsubscribed)(cf_buffer *out, cf_bytes channel);
    /* Why the connection is closed: returns the close code and appends the reason. */
    uint16_t (*end)(cf_buffer *reason, cf_trouble trouble);
} cf_dialect;

#endif
