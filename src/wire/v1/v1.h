/*
 * Version 1 of the protocol, to and from C structs. Sources: client-spec.md 6,
 * server-spec.md 2.
 *
 * All cf_bytes that come out of a decoder are borrowed: from the text, or from
 * the scratch buffer that was handed in.
 */
#ifndef CF_WIRE_V1_H
#define CF_WIRE_V1_H

#include "json/json.h"
#include "wire/dialect.h"

/* Case-sensitive; CF_METHOD_UNKNOWN for any other name. */
cf_method cf_method_of(cf_bytes name);
cf_bytes cf_method_name(cf_method method);

/* ---- commands: the server's side ---------------------------------------- */

/* One command as received: any client's or API caller's. */
typedef struct cf_wire_command {
    cf_bytes uid;
    cf_bytes method;
    cf_bytes params; /* raw JSON; data NULL when absent */
} cf_wire_command;

/*
 * Goes through the commands of one transport message: an object is one command, an array any number (server-spec.md 0.1 J1-J8).
 * The whole text is checked before the first command comes out, so that nothing of a bad message is carried out.
 */
typedef struct cf_wire_commands {
    cf_json_reader reader;
    size_t count; /* in the whole text */
    bool array;
    size_t taken;
    cf_wire_command only; /* when it is no array */
} cf_wire_commands;

/*
 * False when the text is no list of commands, or an empty one (`array` is true then, which the HTTP API takes for fine), or
 * without memory (scratch->failed). `scratch` is cleared, then reserved for the text: decoded strings lie there.
 */
bool cf_wire_commands_begin(cf_wire_commands *commands, cf_bytes text, cf_buffer *scratch);
/* False when there are no more. `scratch` is the same one; slices of a command stay valid until the next call. */
bool cf_wire_commands_next(cf_wire_commands *commands, cf_wire_command *command, cf_buffer *scratch);
/* The text of an array stands elsewhere from now on. */
void cf_wire_commands_move(cf_wire_commands *commands, const char *text);

/*
 * False: absent parameters, no object, or a field of the wrong kind (`invalid message`). Appends decoded strings to `scratch`,
 * which must have room for all of params.
 */
bool cf_wire_connect_params(cf_bytes params, cf_connect_params *out, cf_buffer *scratch);
bool cf_wire_subscribe_params(cf_bytes params, cf_subscribe_params *out, cf_buffer *scratch);
/* For a ping, absent parameters are fine. `api`: as the HTTP API reads the method's parameters, else as from a client. */
bool cf_wire_params(cf_method method, bool api, cf_bytes params, cf_params *out, cf_buffer *scratch);

/* ---- commands: the client's side ----------------------------------------- */

/* Each appends one command object, keys in the order of client-spec.md 6.1; `uid` as a decimal string. */
void cf_wire_write_connect(cf_buffer *out, uint64_t uid, const cf_connect_params *params, bool insecure);
void cf_wire_write_refresh(cf_buffer *out, uint64_t uid, const cf_connect_params *params);
/*
 * `private_channel`: client, info and sign are written too; info and sign only where their data is not NULL. `recover`: with
 * `last`.
 */
void cf_wire_write_subscribe(cf_buffer *out, uint64_t uid, const cf_subscribe_params *params, bool private_channel);
/* unsubscribe, presence, history. */
void cf_wire_write_channel_command(cf_buffer *out, uint64_t uid, cf_method method, cf_bytes channel);
/* `data`: valid JSON, written byte for byte; the key is left out when its data is NULL. */
void cf_wire_write_publish(cf_buffer *out, uint64_t uid, cf_bytes channel, cf_bytes data);
void cf_wire_write_ping(cf_buffer *out, uint64_t uid);

/* ---- replies and pushes: the client's side -------------------------------- */

/*
 * One message from the server, all methods in one struct: a key that is missing, or has another kind than expected, leaves its
 * field zero, as a client must live with what a server sends. `raw` fields are JSON as received.
 */
typedef struct cf_wire_message {
    cf_method method;
    cf_bytes raw;        /* the whole message */
    uint64_t uid;        /* of the command that it answers; 0: of none of ours */
    bool has_uid;        /* neither missing nor "" */
    bool has_error;      /* the key is there and neither null nor "" */
    cf_json_value error; /* as received */
    cf_bytes error_text; /* decoded when it is a string, else its raw text */
    cf_bytes advice;     /* decoded; empty when missing */
    bool has_body;       /* an object */
    cf_bytes body;       /* raw; data NULL when missing */
    struct {
        cf_bytes uid;     /* decoded: of a message */
        cf_bytes channel; /* decoded */
        cf_bytes client;  /* decoded: of connect, refresh, message */
        cf_bytes info;    /* raw: of a message */
        cf_bytes data;    /* raw: of message, join, leave, presence, history; data NULL when missing */
        cf_bytes reason;  /* decoded: of disconnect */
        bool expires;
        bool expired;
        bool reconnect;
        bool recovered;
        int64_t ttl;       /* seconds */
        bool has_last;     /* the key is there, null too */
        cf_bytes last;     /* decoded; empty for null */
        cf_bytes messages; /* raw JSON array; data NULL when missing, null or no array */
    } b;
} cf_wire_message;

/*
 * Goes through the messages of one frame: an object is one, an array any number; other values are none. Nothing comes out of a
 * frame that is not good JSON as a whole: an array is checked before its first message, an object while it is read, as nearly
 * every frame is one. Elements of an array that are no objects are passed over.
 */
typedef struct cf_wire_messages {
    cf_json_reader reader;
    bool array;
    bool done;
} cf_wire_messages;

/* False when the frame is no array of good JSON (messages->reader.error says why) and does not begin as an object. */
bool cf_wire_messages_begin(cf_wire_messages *messages, cf_bytes text);
/*
 * False at the end, when the frame's one object is not good JSON (messages->reader.error says why), or else without memory
 * (scratch->failed). `scratch` is cleared and reserved; the message is valid until the next call.
 */
bool cf_wire_messages_next(cf_wire_messages *messages, cf_wire_message *message, cf_buffer *scratch);
/*
 * Reads one message body (`{uid, channel, data, client, info}`), as it stands in history and in recovered messages, into
 * message->b. `scratch` is cleared: it must be another one than that of a message that is still in use.
 */
bool cf_wire_read_body(cf_bytes body, cf_wire_message *message, cf_buffer *scratch);

/*
 * The advice in a close reason (client-spec.md 7.4.1 with D26 fixed): true when it is an object with a boolean `reconnect`.
 * `reason` is empty when missing. `scratch` is cleared.
 */
bool cf_wire_read_advice(cf_bytes text, cf_bytes *reason, bool *reconnect, cf_buffer *scratch);

/* ---- replies and pushes: the server's side -------------------------------- */

/* Pushes (server-spec.md 2.11, encoder P). */
void cf_wire_write_message(cf_buffer *out, const cf_publication *publication);
void cf_wire_write_join_leave(cf_buffer *out, cf_method method, cf_bytes channel, const cf_client_info *info);
/* Encoder G: as in history, presence and recovered messages. */
void cf_wire_write_publication(cf_buffer *out, const cf_publication *publication);
void cf_wire_write_info(cf_buffer *out, const cf_client_info *info);

/* The object of a presence result: {"<client id>":{...},...} */
void cf_wire_write_presence(cf_buffer *out, const cf_client_info *infos, size_t count);
/* The array of a history result, in the order given. */
void cf_wire_write_messages(cf_buffer *out, const cf_publication *publications, size_t count);

/* The reply to a client's command. */
void cf_wire_write_reply(cf_buffer *out, const cf_reply *reply);
/*
 * The envelope of a reply up to the value of `body`, and its end. `api`: as to a caller of the HTTP API, where `error` is
 * always written, null without one (server-spec.md 5.2). `uid` is omitted when empty.
 *
 *     cf_wire_begin_reply(...);  ... append the body's JSON ...;  cf_wire_end_reply(out);
 */
void cf_wire_begin_reply(cf_buffer *out, cf_bytes uid, cf_method method, cf_trouble trouble, bool api);
void cf_wire_end_reply(cf_buffer *out);

/* The reason of a close frame: {"reason":"...","reconnect":...} */
void cf_wire_write_advice(cf_buffer *out, cf_bytes reason, bool reconnect);

/* As a server speaks it (dialect.h). */
extern const cf_dialect cf_wire_v1;

#endif
