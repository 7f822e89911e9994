#include "server/broker.h"

#include "server/watch.h"
#include "wire/v1/v1.h"

/* ---- life ---------------------------------------------------------------- */

void cf_broker_init(cf_broker *broker, cf_services *services)
{
    *broker = (cf_broker){.services = services};
    cf_retract_init(&broker->retractions, broker);
}

cf_time cf_broker_advance(cf_broker *broker, cf_time now)
{
    return broker->engine->ops->advance(broker->engine, now);
}

void cf_broker_stop(cf_broker *broker)
{
    if (broker->engine != NULL)
        broker->engine->ops->destroy(broker->engine);
    broker->engine = NULL;
}

void cf_broker_free(cf_broker *broker)
{
    cf_retract_free(&broker->retractions);
}

/* ---- what nobody waits for ------------------------------------------------ */

static void note_end(void *user, cf_engine_status status)
{
    cf_broker *broker = user;
    broker->pending--;
    if (status != CF_ENGINE_OK)
        cf_services_log(broker->services, CF_SERVER_ERROR, "the engine failed: %s",
                        status == CF_ENGINE_NO_MEMORY ? "out of memory" : "the store does not answer");
}

void cf_broker_tell(cf_broker *broker, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    cf_metrics *metrics = broker->services->metrics;
    if (method == CF_METHOD_JOIN)
        metrics->node_num_join_msg_published++;
    else
        metrics->node_num_leave_msg_published++;
    broker->pending++;
    broker->engine->ops->publish_join_leave(broker->engine, method, channel, info, note_end, broker);
}

void cf_broker_renew_presence(cf_broker *broker, cf_bytes channel, const cf_client_info *info)
{
    broker->pending++;
    cf_broker_add_presence(broker, channel, info, note_end, broker);
}

bool cf_broker_reserve(cf_broker *broker, cf_bytes channel, cf_retraction **reserved)
{
    return cf_retract_reserve(&broker->retractions, channel, reserved);
}

void cf_broker_unsubscribe(cf_broker *broker, cf_bytes channel, cf_retraction *reserved)
{
    if (reserved != NULL) {
        cf_retract_subscription(reserved);
        return;
    }
    broker->pending++;
    broker->engine->ops->unsubscribe(broker->engine, channel, cf_config_channel(broker->services->config, channel), note_end,
                                     broker);
}

void cf_broker_remove_presence(cf_broker *broker, cf_bytes channel, cf_bytes client, cf_retraction *reserved)
{
    broker->services->metrics->node_num_remove_presence++;
    if (reserved != NULL) {
        cf_retract_presence(reserved, client);
        return;
    }
    broker->pending++;
    broker->engine->ops->presence_remove(broker->engine, channel, client, note_end, broker);
}

void cf_broker_keep_presence(cf_broker *broker, cf_bytes channel, cf_bytes client)
{
    cf_retract_cancel(&broker->retractions, channel, client);
}

/* With no other node, and no operator, there is nothing to write. */
static void show_watchers(cf_broker *broker, const cf_publication *publication)
{
    cf_services *services = broker->services;
    cf_buffer message;
    services->metrics->node_num_admin_msg_published++;
    cf_buffer_init(&message, services->allocator, CF_BUFFER_NO_LIMIT);
    if (broker->engine->ops->watch != NULL || cf_watch_is_wanted(services))
        cf_wire_write_publication(&message, publication);
    if (broker->engine->ops->watch == NULL) {
        cf_watch_hear(services, cf_buffer_bytes(&message));
    } else if (!message.failed) {
        broker->pending++;
        broker->engine->ops->watch(broker->engine, cf_buffer_bytes(&message), note_end, broker);
    }
    cf_buffer_free(&message);
}

/* ---- what somebody waits for ---------------------------------------------- */

void cf_broker_publish(cf_broker *broker, const cf_publication *publication, const cf_channel_options *options,
                       cf_engine_done done, void *user)
{
    broker->services->metrics->node_num_client_msg_published++;
    if (options->watch)
        show_watchers(broker, publication);
    broker->engine->ops->publish(broker->engine, publication, options, done, user);
}

bool cf_broker_is_alone(const cf_broker *broker)
{
    return broker->engine->ops->control == NULL;
}

void cf_broker_control(cf_broker *broker, const cf_engine_control *control, cf_engine_done done, void *user)
{
    broker->services->metrics->node_num_control_msg_published++;
    broker->pending += done == NULL;
    broker->engine->ops->control(broker->engine, control, done != NULL ? done : note_end, done != NULL ? user : broker);
}

void cf_broker_subscribe(cf_broker *broker, cf_bytes channel, cf_engine_done done, void *user)
{
    broker->engine->ops->subscribe(broker->engine, channel, done, user);
}

void cf_broker_add_presence(cf_broker *broker, cf_bytes channel, const cf_client_info *info, cf_engine_done done, void *user)
{
    broker->services->metrics->node_num_add_presence++;
    broker->engine->ops->presence_add(broker->engine, channel, info, broker->services->config->presence_expire_interval, done,
                                      user);
}

void cf_broker_presence(cf_broker *broker, cf_bytes channel, cf_engine_presence_done done, void *user)
{
    broker->services->metrics->node_num_presence++;
    broker->engine->ops->presence(broker->engine, channel, done, user);
}

void cf_broker_history(cf_broker *broker, cf_bytes channel, cf_engine_history_done done, void *user)
{
    broker->services->metrics->node_num_history++;
    broker->engine->ops->history(broker->engine, channel, &(cf_engine_history_query){.limit = 0}, done, user);
}

void cf_broker_recover(cf_broker *broker, cf_bytes channel, cf_bytes since, cf_engine_history_done done, void *user)
{
    cf_engine_history_query query = {.recover = true, .since = since};
    broker->services->metrics->node_num_history++;
    broker->engine->ops->history(broker->engine, channel, &query, done, user);
}

void cf_broker_newest(cf_broker *broker, cf_bytes channel, cf_engine_history_done done, void *user)
{
    broker->services->metrics->node_num_last_message_id++;
    broker->engine->ops->history(broker->engine, channel, &(cf_engine_history_query){.limit = 1}, done, user);
}

void cf_broker_probe(cf_broker *broker, cf_engine_history_done done, void *user)
{
    broker->engine->ops->history(broker->engine, CF_BYTES(""), &(cf_engine_history_query){.limit = 1}, done, user);
}

bool cf_broker_is_healthy(const cf_broker *broker)
{
    const cf_engine_ops *ops = broker->engine->ops;
    return ops->is_healthy == NULL || ops->is_healthy(broker->engine);
}

void cf_broker_channels(cf_broker *broker, cf_engine_channels_done done, void *user)
{
    broker->engine->ops->channels(broker->engine, done, user);
}
