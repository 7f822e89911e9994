/*
 * The engine that makes many nodes one service: what they share is in one or several Redis (server-spec.md 7), as nodes of
 * Centrifugo 1.8 have it. Everything but uv.c is without I/O.
 */
#ifndef CF_SERVER_ENGINE_REDIS_REDIS_H
#define CF_SERVER_ENGINE_REDIS_REDIS_H

#include "server/engine/engine.h"
#include "server/engine/redis/line.h"

/* On the environment's loop. NULL without memory. */
cf_engine *cf_engine_redis_new(const cf_engine_host *host);

/* The same with another driver, which belongs to the engine, whatever comes out. */
cf_engine *cf_redis_engine_new(const cf_engine_host *host, const cf_redis_driver *driver);

#endif
