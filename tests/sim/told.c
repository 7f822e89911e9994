#include "told.h"

#include "wire/v1/v1.h"

static const sim_channel *find(sim_link *link, cf_bytes name, sim_told_channel **told)
{
    sim_ledger *ledger = &link->world->ledger;
    const sim_channel *channel = sim_ledger_find(ledger, name);
    if (channel != NULL)
        *told = &link->told[channel - ledger->channels];
    return channel;
}

/* ---- what was asked for --------------------------------------------------- */

static void asked(sim_link *link, const cf_wire_command *command)
{
    cf_subscribe_params params;
    cf_buffer scratch;
    sim_told_channel *told;
    cf_buffer_init(&scratch, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_reserve(&scratch, command->params.size + 1);
    if (cf_wire_subscribe_params(command->params, &params, &scratch)) {
        const sim_channel *channel = find(link, params.channel, &told);
        if (channel != NULL) {
            told->asked++;
            told->since = params.recover ? sim_ledger_number(channel, params.last) : 0;
            told->before = channel->handed[link->second];
        }
    }
    cf_buffer_free(&scratch);
}

void sim_told_asked(sim_link *link, cf_bytes text)
{
    cf_wire_commands commands;
    cf_wire_command command;
    cf_buffer scratch;
    cf_buffer_init(&scratch, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    if (cf_wire_commands_begin(&commands, text, &scratch))
        while (cf_wire_commands_next(&commands, &command, &scratch))
            if (cf_method_of(command.method) == CF_METHOD_SUBSCRIBE)
                asked(link, &command);
    cf_buffer_free(&scratch);
}

/* ---- answers -------------------------------------------------------------- */

static size_t number_of(const sim_channel *channel, cf_bytes body)
{
    cf_wire_message message;
    cf_buffer scratch;
    cf_buffer_init(&scratch, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    size_t number = cf_wire_read_body(body, &message, &scratch) ? sim_ledger_number(channel, message.b.uid) : 0;
    cf_buffer_free(&scratch);
    return number;
}

/* Of the messages in an answer, which come newest first without a hole; 0: there is none. */
static size_t read_newest(const sim_link *link, const sim_channel *channel, cf_bytes messages, size_t *oldest)
{
    cf_json_reader reader;
    cf_json_value value;
    size_t newest = 0;
    cf_json_reader_init(&reader, messages);
    if (messages.data == NULL || !cf_json_enter_array(&reader))
        return 0;
    while (cf_json_next_element(&reader) && cf_json_read(&reader, &value)) {
        size_t number = number_of(channel, cf_json_raw(&value));
        if (newest > 0 && number != *oldest - 1)
            sim_fail(link->world, "told-order", "link %u: %.*s #%zu before #%zu in an answer", link->number,
                     (int)channel->name.size, channel->name.data, number, *oldest);
        *oldest = number;
        newest = newest > 0 ? newest : number;
    }
    return newest;
}

/* Where what was published since the client asked is told. */
static void note_place(const sim_link *link, const sim_channel *channel, const sim_told_channel *told)
{
    if (!link->world->scenario.store || told->since == 0)
        return;
    size_t handed = channel->handed[link->second];
    if (handed > told->before && told->number > told->before)
        sim_met(link->world, SIM_SITUATION_STORE_TWICE);
    if (handed > told->before && told->number < handed)
        sim_met(link->world, SIM_SITUATION_STORE_HELD);
    if (channel->count > handed && channel->count > told->number)
        sim_met(link->world, SIM_SITUATION_STORE_BEHIND);
}

static void end_asked(sim_link *link, const cf_wire_message *message)
{
    sim_told_channel *told;
    if (find(link, message->b.channel, &told) != NULL)
        told->asked--;
}

static void answered(sim_link *link, const cf_wire_message *message)
{
    sim_told_channel *told;
    size_t oldest = 0;
    const sim_channel *channel = find(link, message->b.channel, &told);
    if (channel == NULL)
        return;
    size_t newest = read_newest(link, channel, message->b.messages, &oldest);
    size_t since = told->asked == 0 ? told->since : 0;
    if (message->b.recovered && newest > 0 && since > 0 && oldest != told->since + 1)
        sim_fail(link->world, "told-hole", "link %u: %.*s #%zu is the first that is recovered behind #%zu", link->number,
                 (int)channel->name.size, channel->name.data, oldest, since);
    if (newest == 0)
        newest = message->b.recovered ? since : sim_ledger_number(channel, message->b.last);
    if (link->moved && message->b.recovered && newest > since)
        sim_met(link->world, SIM_SITUATION_PAIR_RECOVERED);
    told->live = true;
    told->number = newest;
    note_place(link, channel, told);
}

/* ---- pushes --------------------------------------------------------------- */

static void pushed(sim_link *link, const cf_wire_message *message)
{
    sim_told_channel *told;
    const sim_channel *channel = find(link, message->b.channel, &told);
    if (channel == NULL || (!channel->recovers && !told->live))
        return;
    size_t number = sim_ledger_number(channel, message->b.uid);
    if (!told->live)
        sim_fail(link->world, "told-early", "link %u: %.*s #%zu, but the client is not subscribed yet", link->number,
                 (int)channel->name.size, channel->name.data, number);
    if (number <= told->number || sim_sabotage_now(link->world, SIM_SABOTAGE_TELL_TWICE))
        sim_fail(link->world, "told-order", "link %u: %.*s #%zu after #%zu", link->number, (int)channel->name.size,
                 channel->name.data, number, told->number);
    /* who does not recover may have left and come again before that is answered */
    if (channel->recovers && told->number > 0 && number != told->number + 1)
        sim_fail(link->world, "told-hole", "link %u: %.*s #%zu after #%zu", link->number, (int)channel->name.size,
                 channel->name.data, number, told->number);
    told->number = number;
}

static void left(sim_link *link, const cf_wire_message *message)
{
    sim_told_channel *told;
    if (find(link, message->b.channel, &told) != NULL) {
        told->ended++;
        told->live = false;
    }
}

void sim_told(sim_link *link, cf_bytes text)
{
    cf_wire_messages messages;
    cf_wire_message message;
    cf_buffer scratch;
    cf_buffer_init(&scratch, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    if (cf_wire_messages_begin(&messages, text))
        while (cf_wire_messages_next(&messages, &message, &scratch)) {
            if (message.method == CF_METHOD_SUBSCRIBE)
                end_asked(link, &message);
            if (message.has_error)
                continue;
            if (message.method == CF_METHOD_SUBSCRIBE)
                answered(link, &message);
            else if (message.method == CF_METHOD_MESSAGE)
                pushed(link, &message);
            else if (message.method == CF_METHOD_UNSUBSCRIBE)
                left(link, &message);
        }
    cf_buffer_free(&scratch);
}
