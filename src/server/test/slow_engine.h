/*
 * The memory engine behind a wire that answers when the test says so: for what
 * a remote store does to sessions.
 */
#ifndef CF_SERVER_TEST_SLOW_ENGINE_H
#define CF_SERVER_TEST_SLOW_ENGINE_H

#include "server/engine/engine.h"

/* For harness_start. */
cf_engine *slow_engine_new(const cf_engine_host *host);
/* How many operations wait. */
size_t slow_engine_waiting(cf_engine *engine);
/* Carries out the oldest waiting operation; it fails with `status` unless that is CF_ENGINE_OK. */
void slow_engine_answer(cf_engine *engine, cf_engine_status status);
/* The oldest of one channel: a store may answer other channels earlier than it was asked for them. */
void slow_engine_answer_channel(cf_engine *engine, cf_bytes channel);
void slow_engine_answer_all(cf_engine *engine);
/* From now on everything is answered at once (after what waits already was). */
void slow_engine_hurry(cf_engine *engine);

#endif
