/*
 * libcentrifuge: JSON of messages and answers, read and written without a JSON library.
 *
 *     static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
 *     {
 *         char text[1024];
 *         if (!centrifuge_json_text(centrifuge_json_find(message->data, "text"), text, sizeof text, NULL))
 *             printf("%s\n", text);
 *     }
 *
 *     char room[256];
 *     centrifuge_json_writer writer;
 *     centrifuge_bytes json;
 *     centrifuge_json_begin(&writer, room, sizeof room);
 *     centrifuge_json_open_object(&writer, NULL);
 *     centrifuge_json_add_text(&writer, "text", "hello");
 *     centrifuge_json_close(&writer);
 *     if (!centrifuge_json_end(&writer, &json))
 *         centrifuge_subscription_publish(subscription, json.bytes, json.size, NULL, NULL);
 *
 * Rules that hold everywhere:
 *
 * - Values. A JSON value is a slice of the text that it stands in: a centrifuge_bytes, white space around it or not. A value
 *   that is not there is one of size 0, which every function takes and calls JSON_KIND, so that one look at the end is enough.
 * - Strict. Text is JSON as RFC 8259 has it, in UTF-8, at most 512 arrays and objects in each other. What a message, join,
 *   leave or result carries has been checked already.
 * - Memory. Nothing is allocated and nothing has to be freed. What a function writes to is the application's.
 * - Threads. Every function may be called from any thread, and inside every callback.
 *
 * C99 or later, C++11 or later.
 */
#ifndef CENTRIFUGE_JSON_H
#define CENTRIFUGE_JSON_H

#include <centrifuge/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- JSON: reading a value --------------------------------------------------------------- */

/* What a value is. */
typedef enum centrifuge_json_kind {
    CENTRIFUGE_JSON_NONE, /* it is not there, or no JSON */
    CENTRIFUGE_JSON_NULL,
    CENTRIFUGE_JSON_BOOL,
    CENTRIFUGE_JSON_NUMBER,
    CENTRIFUGE_JSON_STRING,
    CENTRIFUGE_JSON_ARRAY,
    CENTRIFUGE_JSON_OBJECT
} centrifuge_json_kind;

/*
 * Is `text` one JSON value, with nothing but white space around it? `offset` (may be NULL) gets the bytes in front of what is
 * wrong. Errors: INVALID_JSON, INVALID_UTF8.
 */
CENTRIFUGE_API centrifuge_error centrifuge_json_check(centrifuge_bytes text, size_t *offset);

/* The kind of a value, judged by how it begins. */
CENTRIFUGE_API centrifuge_json_kind centrifuge_json_get_kind(centrifuge_bytes value);

/*
 * The value of a member of an object, the last one of that name. Of size 0 when there is none, or when `object` is no object.
 */
CENTRIFUGE_API centrifuge_bytes centrifuge_json_find(centrifuge_bytes object, const char *name);

/*
 * The text of a string, decoded, with a NUL behind it. `text` has room for `size` bytes and is "" after an error. `length` (may
 * be NULL) gets the bytes of the text without the NUL; with the error NO_ROOM a number that is enough. Errors: JSON_KIND (no
 * string), NO_ROOM, INVALID_ARGUMENT (no room at all, or a text with a NUL inside without `length`), INVALID_JSON,
 * INVALID_UTF8.
 */
CENTRIFUGE_API centrifuge_error centrifuge_json_text(centrifuge_bytes value, char *text, size_t size, size_t *length);

/* Is it a string with this text? */
CENTRIFUGE_API bool centrifuge_json_equal(centrifuge_bytes value, const char *text);

/*
 * A number without its fraction, and as it is. A number that does not fit is JSON_KIND, as is one of more than
 * CENTRIFUGE_JSON_NUMBER_MAX bytes for _double, of which a very small one is 0. On error the target is not touched. Errors of
 * the three: JSON_KIND, INVALID_ARGUMENT, INVALID_JSON, INVALID_UTF8.
 */
CENTRIFUGE_API centrifuge_error centrifuge_json_int(centrifuge_bytes value, int64_t *number);
CENTRIFUGE_API centrifuge_error centrifuge_json_double(centrifuge_bytes value, double *number);
/* true or false. */
CENTRIFUGE_API centrifuge_error centrifuge_json_bool(centrifuge_bytes value, bool *truth);

/* Bytes of a number that centrifuge_json_double reads at most. */
#define CENTRIFUGE_JSON_NUMBER_MAX 1024

/* ---- JSON: going through an array or object ------------------------------------------------ */

/* Where a walk is. `name` and `value` are for the application, the rest is the library's. */
typedef struct centrifuge_json_items {
    centrifuge_bytes name;  /* of a member, as JSON: see centrifuge_json_text and _equal; of size 0 in an array */
    centrifuge_bytes value; /* of the member or element */
    centrifuge_error error; /* why it ended; OK at the end of the array or object */
    centrifuge_bytes rest;  /* the library's */
    int state;              /* the library's */
} centrifuge_json_items;

/*
 * Begins a walk through the elements of an array or the members of an object, in their order:
 *
 *     centrifuge_json_items items;
 *     centrifuge_json_walk(&items, message->data);
 *     while (centrifuge_json_next(&items))
 *         printf("%.*s\n", (int)items.value.size, items.value.bytes);
 */
CENTRIFUGE_API void centrifuge_json_walk(centrifuge_json_items *items, centrifuge_bytes value);
/* The next one; false at the end. Then `error` is OK, or: JSON_KIND (neither array nor object), INVALID_JSON, INVALID_UTF8. */
CENTRIFUGE_API bool centrifuge_json_next(centrifuge_json_items *items);

/* ---- JSON: writing ------------------------------------------------------------------------- */

/* What is being written, and where. All of it is the library's. */
typedef struct centrifuge_json_writer {
    char *room;
    size_t size;
    size_t used;
    uint64_t objects;
    unsigned depth;
    int state;
    centrifuge_error error;
} centrifuge_json_writer;

/* Arrays and objects in each other that are written at most. Beyond: INVALID_ARGUMENT. */
#define CENTRIFUGE_JSON_WRITE_DEPTH_MAX 64

/*
 * Begins to write one value into `room` of `size` bytes, of which the last one written is a NUL. The first thing that goes
 * wrong is kept for centrifuge_json_end; what is added after it is ignored.
 */
CENTRIFUGE_API void centrifuge_json_begin(centrifuge_json_writer *writer, char *room, size_t size);

/*
 * Each adds a value: in an object with its `name`, else with NULL for it. A missing name, one too many and a second value
 * beside the first are INVALID_ARGUMENT; other errors are NO_ROOM and, for names and texts, INVALID_UTF8.
 */
CENTRIFUGE_API void centrifuge_json_open_object(centrifuge_json_writer *writer, const char *name);
CENTRIFUGE_API void centrifuge_json_open_array(centrifuge_json_writer *writer, const char *name);
/* Ends the array or object that was opened last. INVALID_ARGUMENT when none is open. */
CENTRIFUGE_API void centrifuge_json_close(centrifuge_json_writer *writer);

/* A string with this text, ended by NUL; without a text (NULL) null. */
CENTRIFUGE_API void centrifuge_json_add_text(centrifuge_json_writer *writer, const char *name, const char *text);
/* A string with a text of `size` bytes. */
CENTRIFUGE_API void centrifuge_json_add_bytes(centrifuge_json_writer *writer, const char *name, const char *text, size_t size);
/* A number. */
CENTRIFUGE_API void centrifuge_json_add_int(centrifuge_json_writer *writer, const char *name, int64_t number);
/* A number, with as many digits as it takes to read the same one again. INVALID_ARGUMENT for one that JSON lacks (NaN). */
CENTRIFUGE_API void centrifuge_json_add_double(centrifuge_json_writer *writer, const char *name, double number);
/* true or false. */
CENTRIFUGE_API void centrifuge_json_add_bool(centrifuge_json_writer *writer, const char *name, bool truth);
/* null. */
CENTRIFUGE_API void centrifuge_json_add_null(centrifuge_json_writer *writer, const char *name);
/* A value that is JSON already, byte for byte. Further error: INVALID_JSON. */
CENTRIFUGE_API void centrifuge_json_add_value(centrifuge_json_writer *writer, const char *name, centrifuge_bytes value);

/*
 * Ends it. `json` gets what was written, in the room and with a NUL behind it; of size 0 after an error. Errors: the first one
 * that was met, INVALID_ARGUMENT (something is open, or nothing was added).
 */
CENTRIFUGE_API centrifuge_error centrifuge_json_end(centrifuge_json_writer *writer, centrifuge_bytes *json);

/* ---- entries of answers ------------------------------------------------------------------- */

/* Bytes of the strings of one entry, with a NUL each. */
#define CENTRIFUGE_ENTRY_STRINGS_MAX 2048

/*
 * A walk through the answer to presence or history: `data` of a centrifuge_result, or what centrifuge_backend_presence and
 * centrifuge_backend_history give as `data`. `error` is for the application, the rest is the library's.
 */
typedef struct centrifuge_entries {
    centrifuge_error error; /* why it ended, or what was left out: OK, or see centrifuge_entries_next_message */
    centrifuge_json_items items;
    size_t used;
    char strings[CENTRIFUGE_ENTRY_STRINGS_MAX];
} centrifuge_entries;

/* A client in a channel. The strings are valid until the next one is read. */
typedef struct centrifuge_client_info {
    const char *client;            /* id of its connection */
    const char *user;              /* the user's id; "" for an anonymous one */
    centrifuge_bytes default_info; /* JSON: the option `info` of the client; size 0 when absent */
    centrifuge_bytes channel_info; /* JSON: given with the sign of a private channel; size 0 when absent */
    centrifuge_bytes raw;          /* JSON: all of it as received */
} centrifuge_client_info;

/*
 * Begins a walk, in the order of the answer: of history from the newest message on.
 *
 *     static void on_history(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
 *     {
 *         centrifuge_entries entries;
 *         centrifuge_message message;
 *         centrifuge_entries_begin(&entries, result->data);
 *         while (centrifuge_entries_next_message(&entries, &message))
 *             on_message(subscription, &message, user);
 *     }
 */
CENTRIFUGE_API void centrifuge_entries_begin(centrifuge_entries *entries, centrifuge_bytes data);

/*
 * The next message of a history, or client of a presence; false at the end. An entry that is none, as no object, is passed
 * over. A string for which CENTRIFUGE_ENTRY_STRINGS_MAX has no room is "", `raw` has it, and `error` says NO_ROOM from then on.
 * Call as centrifuge_entries_next_message(&entries, &message) and centrifuge_entries_next_client(&entries, &client). Errors in
 * `error`: JSON_KIND (`data` is no array, no object), INVALID_JSON, INVALID_UTF8, NO_ROOM.
 */
CENTRIFUGE_API bool centrifuge_entries_next_message_sized(centrifuge_entries *entries, centrifuge_message *message,
                                                          size_t size);
CENTRIFUGE_API bool centrifuge_entries_next_client_sized(centrifuge_entries *entries, centrifuge_client_info *client,
                                                         size_t size);
#define centrifuge_entries_next_message(entries, message)                                                                      \
    centrifuge_entries_next_message_sized((entries), (message), sizeof(centrifuge_message))
#define centrifuge_entries_next_client(entries, client)                                                                        \
    centrifuge_entries_next_client_sized((entries), (client), sizeof(centrifuge_client_info))

#ifdef __cplusplus
}
#endif

#endif
