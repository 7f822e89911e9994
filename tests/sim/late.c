#include "late.h"

#include "wire/v1/v1.h"

#include <string.h>

#define ANSWER_CHANCE 700  /* of 1000 */
#define ANSWER_DELAY  3000 /* ms, at most */

/* ---- which frames ---- */

static cf_bytes payload_of(cf_bytes frame)
{
    cf_ws_opcode opcode;
    cf_bytes payload = {NULL, 0};
    cf_ws_own_frame(frame, &opcode, &payload);
    return opcode == CF_WS_TEXT ? payload : cf_bytes_make(NULL, 0);
}

static cf_bytes kept(const sim_link *link, size_t i)
{
    const sim_late *late = &link->late;
    return cf_bytes_make(late->frames.data + late->starts[i], late->starts[i + 1] - late->starts[i]);
}

static bool reads(cf_bytes text, cf_wire_messages *messages, cf_buffer *scratch)
{
    cf_buffer_init(scratch, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    return text.size > 0 && cf_wire_messages_begin(messages, text);
}

/* Has each message of the frame this property? */
static bool all(cf_bytes frame, bool (*is)(const cf_wire_message *message))
{
    cf_wire_messages messages;
    cf_wire_message message;
    cf_buffer scratch;
    size_t count = 0;
    size_t good = 0;
    for (bool more = reads(payload_of(frame), &messages, &scratch);
         more && cf_wire_messages_next(&messages, &message, &scratch); count++)
        good += is(&message);
    cf_buffer_free(&scratch);
    return count > 0 && good == count;
}

static bool is_push(const cf_wire_message *message)
{
    return !message->has_uid &&
           (message->method == CF_METHOD_MESSAGE || message->method == CF_METHOD_JOIN || message->method == CF_METHOD_LEAVE);
}

static bool is_answer(const cf_wire_message *message)
{
    return message->has_uid && message->method == CF_METHOD_SUBSCRIBE;
}

/* ---- the answer, with what was published before the history was read ---- */

/* Of the push when it is a message of this channel; empty otherwise. */
static cf_bytes body_of(cf_bytes frame, cf_bytes channel)
{
    cf_wire_messages messages;
    cf_wire_message message;
    cf_buffer scratch;
    cf_bytes body = {NULL, 0};
    bool good = reads(payload_of(frame), &messages, &scratch) && cf_wire_messages_next(&messages, &message, &scratch);
    if (good && message.method == CF_METHOD_MESSAGE && cf_bytes_equal(message.b.channel, channel))
        body = message.body;
    cf_buffer_free(&scratch);
    return body;
}

/* The newest first, in front of those that the answer has. */
static size_t add_bodies(const sim_link *link, size_t pushes, const cf_wire_message *answer, cf_buffer *out)
{
    size_t added = 0;
    bool empty = answer->b.messages.size == 2;
    for (size_t i = pushes; i > 0; i--) {
        cf_bytes body = body_of(kept(link, i), answer->b.channel);
        if (body.size == 0)
            continue;
        if (added++ > 0)
            cf_buffer_append_byte(out, ',');
        cf_buffer_append(out, body);
    }
    if (added > 0 && !empty)
        cf_buffer_append_byte(out, ',');
    return added;
}

/* `pushes`: so many of the first are in the history when it is read. Returns how many of them it told. */
static size_t write_answer(const sim_link *link, size_t pushes, cf_buffer *out)
{
    cf_bytes text = payload_of(kept(link, 0));
    cf_wire_messages messages;
    cf_wire_message message;
    cf_buffer scratch;
    const char *from = text.data;
    size_t added = 0;
    for (bool more = reads(text, &messages, &scratch); more && cf_wire_messages_next(&messages, &message, &scratch);) {
        if (message.b.messages.data == NULL)
            continue;
        const char *to = message.b.messages.data + 1;
        cf_buffer_append(out, cf_bytes_make(from, (size_t)(to - from)));
        added += add_bodies(link, pushes, &message, out);
        from = to;
    }
    cf_buffer_append(out, cf_bytes_make(from, (size_t)(text.data + text.size - from)));
    cf_buffer_free(&scratch);
    return added;
}

static size_t send_answer(sim_link *link, size_t pushes)
{
    cf_buffer text, frame;
    cf_buffer_init(&text, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_init(&frame, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    size_t added = write_answer(link, pushes, &text);
    cf_ws_append_frame(&frame, CF_WS_TEXT, cf_buffer_bytes(&text), NULL);
    sim_link_write(link, &link->down, cf_buffer_bytes(&frame));
    cf_buffer_free(&text);
    cf_buffer_free(&frame);
    return added;
}

/* ---- what waits ---- */

static void note_order(const sim_link *link, size_t before, size_t told, size_t pushes)
{
    if (before > 0)
        sim_met(link->world, SIM_SITUATION_LATE_BEFORE);
    if (before > 0 && told > 0)
        sim_met(link->world, SIM_SITUATION_LATE_TWICE);
    if (before < pushes && told > before)
        sim_met(link->world, SIM_SITUATION_LATE_BEHIND);
}

void sim_late_release(sim_link *link)
{
    sim_late *late = &link->late;
    size_t pushes = late->count - 1;
    size_t before = sim_random_below(&link->world->random, (unsigned)pushes + 1);
    size_t told = sim_random_below(&link->world->random, (unsigned)pushes + 1);
    for (size_t i = 1; i <= before; i++)
        sim_link_write(link, &link->down, kept(link, i));
    note_order(link, before, send_answer(link, told), pushes);
    for (size_t i = before + 1; i < late->count; i++)
        sim_link_write(link, &link->down, kept(link, i));
    cf_buffer_clear(&late->frames);
    late->count = 0;
}

static void keep(sim_link *link, cf_bytes frame)
{
    sim_late *late = &link->late;
    if (late->count == 0)
        late->until = link->world->now + (int64_t)sim_random_below(&link->world->random, ANSWER_DELAY);
    cf_buffer_append(&late->frames, frame);
    late->starts[++late->count] = late->frames.size;
}

void sim_late_write(sim_link *link, cf_bytes frame)
{
    sim_world *world = link->world;
    const sim_late *late = &link->late;
    if (late->count > 0 && late->count < SIM_LATE_MAX && all(frame, is_push)) {
        keep(link, frame);
        return;
    }
    if (late->count > 0)
        sim_late_release(link);
    if (world->scenario.late && !world->calm && all(frame, is_answer) && sim_random_chance(&world->random, ANSWER_CHANCE))
        keep(link, frame);
    else
        sim_link_write(link, &link->down, frame);
}
