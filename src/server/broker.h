/*
 * The one place that speaks with the engine (engine.h): each operation with its metrics, what the node does not wait for, and
 * what is tried again when it fails (retract.h). Sessions, commands, the hub and the API ask here.
 *
 * Callbacks come as the engine's do: at once or later, exactly once unless the node is freed first.
 */
#ifndef CF_SERVER_BROKER_H
#define CF_SERVER_BROKER_H

#include "server/retract.h"

typedef struct cf_broker {
    cf_services *services;
    cf_engine *engine;
    size_t pending; /* operations that nobody waits for but a shutdown */
    cf_retractions retractions;
} cf_broker;

void cf_broker_init(cf_broker *broker, cf_services *services);
/* Time passes: when a turn begins and when it ends. Returns when the engine wants to be called next. */
cf_time cf_broker_advance(cf_broker *broker, cf_time now);
/* Ends the engine: no callback comes any more. */
void cf_broker_stop(cf_broker *broker);
/* After cf_broker_stop, and when nobody asks any more. */
void cf_broker_free(cf_broker *broker);

void cf_broker_publish(cf_broker *broker, const cf_publication *publication, const cf_channel_options *options,
                       cf_engine_done done, void *user);
/* CF_METHOD_JOIN or CF_METHOD_LEAVE. */
void cf_broker_tell(cf_broker *broker, cf_method method, cf_bytes channel, const cf_client_info *info);

/* Is there no other node? */
bool cf_broker_is_alone(const cf_broker *broker);
/* `done` NULL: nobody waits. Not where the broker is alone. */
void cf_broker_control(cf_broker *broker, const cf_engine_control *control, cf_engine_done done, void *user);

/* Before a subscribe, and before a presence is added: as cf_retract_reserve. */
bool cf_broker_reserve(cf_broker *broker, cf_bytes channel, cf_retraction **reserved);
void cf_broker_subscribe(cf_broker *broker, cf_bytes channel, cf_engine_done done, void *user);
/* The node's last subscriber has gone: tried until it succeeds, or until the channel is back. Takes what was reserved. */
void cf_broker_unsubscribe(cf_broker *broker, cf_bytes channel, cf_retraction *reserved);

void cf_broker_add_presence(cf_broker *broker, cf_bytes channel, const cf_client_info *info, cf_engine_done done, void *user);
/* The client is still there. */
void cf_broker_renew_presence(cf_broker *broker, cf_bytes channel, const cf_client_info *info);
/* Tried until it succeeds, or until cf_broker_keep_presence. Takes what was reserved. */
void cf_broker_remove_presence(cf_broker *broker, cf_bytes channel, cf_bytes client, cf_retraction *reserved);
/* The client is about to be present again: what was to take it out does not any more. */
void cf_broker_keep_presence(cf_broker *broker, cf_bytes channel, cf_bytes client);

void cf_broker_presence(cf_broker *broker, cf_bytes channel, cf_engine_presence_done done, void *user);
void cf_broker_history(cf_broker *broker, cf_bytes channel, cf_engine_history_done done, void *user);
/* What is newer than the message `since`; all where that is not found. */
void cf_broker_recover(cf_broker *broker, cf_bytes channel, cf_bytes since, cf_engine_history_done done, void *user);
void cf_broker_newest(cf_broker *broker, cf_bytes channel, cf_engine_history_done done, void *user);
/* Does the engine answer? Asks for the history of a channel that nobody can name; it counts nowhere. */
void cf_broker_probe(cf_broker *broker, cf_engine_history_done done, void *user);
/* Can the engine be used, as far as it knows? */
bool cf_broker_is_healthy(const cf_broker *broker);
void cf_broker_channels(cf_broker *broker, cf_engine_channels_done done, void *user);

#endif
