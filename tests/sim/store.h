/*
 * A store that answers late, behind the engine's interface: the memory engine at the other end of a wire. Operations of one
 * channel are carried out, and answered, in the order in which they were given, those of others in any; what is published
 * comes back in a stream of its own, which is behind what is stored. Some operations fail, carried out or not.
 *
 * It keeps what engine.h says of a sink and of answers: a history is answered when all that it contains has come out of the
 * stream, and so is a publish.
 */
#ifndef SIM_STORE_H
#define SIM_STORE_H

#include "server.h"

/* `memory` belongs to the store; its sink leads to sim_store_stream, and `sink` is the node's. */
cf_engine *sim_store_new(sim_server *server, cf_engine *memory, const cf_engine_sink *sink);
/* The engine of a second node, on the same memory engine. */
cf_engine *sim_store_join(cf_engine *first, const cf_engine_sink *sink);
/* When the next thing arrives, at either end. */
cf_time sim_store_next(cf_engine *engine);
/* What the memory engine hands out: it goes to the nodes that listen, later. */
void sim_store_stream(cf_engine *engine, const cf_publication *publication);
void sim_store_stream_join(cf_engine *engine, cf_method method, cf_bytes channel, const cf_client_info *info);

#endif
