#include "client/frame.h"

#include "client/call.h"
#include "client/connection.h"
#include "client/delivery.h"
#include "client/queue.h"
#include "client/subscribe.h"

/*
 * A frame is read message by message, each when all that the one before led to
 * has been taken.
 */

static void log_ignored(cf_client *client)
{
    const cf_json_reader *reader = &client->frame.messages.reader;
    cf_log_number(client, CF_LOG_WARNING, CF_BYTES("ignored a frame of "), reader->end - reader->start,
                  CF_BYTES(" bytes that holds no messages"));
}

void cf_client_transport_received(cf_client *client, uint32_t id, cf_bytes text, cf_time now)
{
    if (client->shut || id != client->link.id || !client->link.opened)
        return;
    CF_ASSERT(!client->frame.active);
    if (text.size > client->settings->options.message_size_max) {
        cf_client_break(client, CENTRIFUGE_ERROR_LIMIT_MESSAGE_SIZE);
        return;
    }
    cf_connection_alive(client, now);
    client->frame.active = cf_wire_messages_begin(&client->frame.messages, text);
    if (!client->frame.active)
        log_ignored(client);
}

cf_subscription *cf_client_transport_pushed(cf_client *client, uint32_t id, cf_bytes channel, cf_bytes uid, cf_time now)
{
    if (client->state != CF_CLIENT_CONNECTED || id != client->link.id || client->broken != CENTRIFUGE_ERROR_OK)
        return NULL;
    CF_ASSERT(!client->frame.active);
    cf_subscription *subscription = cf_subscription_pushed(client, channel, uid);
    if (subscription != NULL)
        cf_connection_alive(client, now);
    return subscription;
}

static cf_step end_frame(cf_client *client, cf_step step)
{
    client->frame.active = false;
    if (client->frame.scratch.capacity > CF_SCRATCH_KEPT)
        cf_buffer_free(&client->frame.scratch);
    return step;
}

static cf_step dispatch(cf_client *client, cf_time now, const cf_wire_message *message, cf_effect *effect)
{
    if (message->method == CF_METHOD_CONNECT)
        return cf_connection_on_connect(client, now, message);
    if (message->method == CF_METHOD_DISCONNECT)
        return cf_connection_on_disconnect(client, now, message);
    /* Nothing else means anything before the answer to connect. */
    if (client->state != CF_CLIENT_CONNECTED)
        return CF_STEP_DONE;
    switch (message->method) {
    case CF_METHOD_MESSAGE:
    case CF_METHOD_JOIN:
    case CF_METHOD_LEAVE:
        return cf_subscription_on_push(client, message, effect);
    case CF_METHOD_SUBSCRIBE:
        return cf_subscription_on_subscribe(client, now, message);
    case CF_METHOD_UNSUBSCRIBE:
        return cf_subscription_on_unsubscribe(client, now, message);
    case CF_METHOD_PUBLISH:
    case CF_METHOD_PRESENCE:
    case CF_METHOD_HISTORY:
        return cf_call_on_answer(client, message);
    case CF_METHOD_REFRESH:
        return cf_connection_on_refresh(client, now, message);
    default: /* ping and whatever is unknown */
        return CF_STEP_DONE;
    }
}

cf_step cf_frame_step(cf_client *client, cf_time now, cf_effect *effect)
{
    cf_frame *frame = &client->frame;
    cf_wire_message message;
    if (!frame->active)
        return CF_STEP_END;
    if (frame->replay != NULL)
        return cf_subscription_replay_step(client, now, effect);
    if (cf_wire_messages_next(&frame->messages, &message, &frame->scratch))
        return dispatch(client, now, &message, effect);
    if (frame->messages.reader.error != CF_JSON_OK) {
        log_ignored(client);
        return end_frame(client, CF_STEP_DONE);
    }
    if (!frame->scratch.failed)
        return end_frame(client, CF_STEP_END);
    cf_client_break(client, CENTRIFUGE_ERROR_NO_MEMORY);
    return CF_STEP_DONE;
}
