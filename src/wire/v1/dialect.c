#include "wire/v1/v1.h"

#include "base/assert.h"

/* Centrifugo closes with an advice under this code (server-spec.md 1.5). */
#define CLOSE_ADVICE 3000

_Static_assert(sizeof(cf_wire_commands) <= CF_DIALECT_CURSOR, "the cursor has room for the commands");

static cf_wire_commands *commands_of(cf_dialect_cursor *cursor)
{
    return (cf_wire_commands *)cursor->state;
}

/* A binary frame is taken for a text (server-spec.md 1.3). */
static size_t begin(cf_dialect_cursor *cursor, cf_bytes message, bool binary, cf_buffer *scratch)
{
    cf_wire_commands *commands = commands_of(cursor);
    (void)binary;
    return cf_wire_commands_begin(commands, message, scratch) ? commands->count : 0;
}

static void next(cf_dialect_cursor *cursor, cf_command *command, cf_buffer *scratch)
{
    cf_wire_command text;
    bool found = cf_wire_commands_next(commands_of(cursor), &text, scratch);
    CF_ASSERT(found);
    *command = (cf_command){text.uid, cf_method_of(text.method), text.params};
}

static void move(cf_dialect_cursor *cursor, const char *message)
{
    cf_wire_commands_move(commands_of(cursor), message);
}

static bool params(cf_method method, cf_bytes text, cf_params *out, cf_buffer *scratch)
{
    return cf_wire_params(method, false, text, out, scratch);
}

/* An array is answered by an array, unless it has one command. */
static void between(cf_buffer *out, size_t nth, size_t of)
{
    if (of > 1)
        cf_buffer_append_byte(out, nth == 0 ? '[' : nth < of ? ',' : ']');
}

static void unsubscribed(cf_buffer *out, cf_bytes channel)
{
    cf_wire_write_reply(out, &(cf_reply){.method = CF_METHOD_UNSUBSCRIBE, .channel = channel});
}

static uint16_t end(cf_buffer *reason, cf_trouble trouble)
{
    const cf_trouble_facts *facts = cf_trouble_facts_of(trouble);
    cf_wire_write_advice(reason, facts->text, facts->reconnect);
    return CLOSE_ADVICE;
}

const cf_dialect cf_wire_v1 = {
    .begin = begin,
    .next = next,
    .move = move,
    .connect_params = cf_wire_connect_params,
    .subscribe_params = cf_wire_subscribe_params,
    .params = params,
    .reply = cf_wire_write_reply,
    .between = between,
    .publication = cf_wire_write_message,
    .join_leave = cf_wire_write_join_leave,
    .unsubscribed = unsubscribed,
    .end = end,
};
