#include "push.h"

#include "watch.h"

static bool read_push(sim_client *client, cf_wire_message *message)
{
    cf_wire_messages messages;
    bool begun = cf_wire_messages_begin(&messages, cf_bytes_make(client->text, client->text_size));
    return begun && !messages.array && cf_wire_messages_next(&messages, message, &client->push.scratch) &&
           message->method == CF_METHOD_MESSAGE && message->b.uid.size > 0;
}

static bool reads(const sim_client *client)
{
    return client->index % 2 == 1 && client->text_size <= client->options.message_size_max;
}

static cf_event event_of(cf_subscription *subscription, const cf_wire_message *message)
{
    return (cf_event){
        .kind = CF_EVENT_MESSAGE,
        .subscription = subscription,
        .raw = message->body,
        .channel = message->b.channel,
        .uid = message->b.uid,
        .data = message->b.data,
        .client = message->b.client,
        .info = message->b.info,
    };
}

static bool take(sim_client *client, uint32_t transport)
{
    cf_wire_message message;
    if (!read_push(client, &message))
        return false;
    cf_subscription *subscription =
        cf_client_transport_pushed(client->core, transport, message.b.channel, message.b.uid, client->world->now);
    client->push.event = event_of(subscription, &message);
    return subscription != NULL;
}

bool sim_push_take(sim_client *client, uint32_t transport)
{
    if (!reads(client))
        return false;
    cf_buffer_init(&client->push.scratch, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    client->push.taken = take(client, transport);
    if (!client->push.taken)
        cf_buffer_free(&client->push.scratch);
    return client->push.taken;
}

void sim_push_tell(sim_client *client)
{
    client->push.taken = false;
    sim_met(client->world, SIM_SITUATION_PUSH_TAKEN);
    sim_watch_event(client, &client->push.event);
    cf_buffer_free(&client->push.scratch);
}
