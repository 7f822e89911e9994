/*
 * One engine for all workers of a process (server/team.h). Each worker has a store of its own, an engine as a single worker has
 * it, and each channel is at home at one of them: what is asked about it is carried out there, one after the other, and what
 * is published there goes to the workers with subscribers. What is asked at its home costs no crossing.
 *
 * Between two workers go errands: what is asked, and its answer, in one piece of memory. A publication is one, too: each worker
 * that has subscribers gets a reference to it, and it is answered when all have delivered it, those who are behind
 * (hub.h) included. So whoever publishes is never far ahead of a worker that is busy.
 *
 * No I/O: mailboxes carry the errands, and who drives the workers opens them.
 */
#ifndef CF_SERVER_ENGINE_SHARED_SHARED_H
#define CF_SERVER_ENGINE_SHARED_SHARED_H

#include "server/engine/engine.h"

/* Bytes of what one worker has asked of others, and is not answered yet. More is refused as if the store did not answer. */
#define CF_SHARED_WAITING_MAX (256 * 1024 * 1024)

/* `environment->member` is the worker; `store` makes its own engine. NULL without memory. */
cf_engine *cf_engine_shared_new(const cf_engine_host *host, cf_engine_maker store);

#endif
