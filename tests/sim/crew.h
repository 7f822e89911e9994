/*
 * Two nodes as workers of one process: their engine is the shared one, and their letters arrive late, some at a time. Those of
 * one sender keep their order, since the mailbox keeps it.
 */
#ifndef SIM_CREW_H
#define SIM_CREW_H

#include "server.h"

#include "server/team.h"

typedef struct sim_crew sim_crew;

/* NULL without memory in the server's heap. */
sim_crew *sim_crew_new(sim_server *server);
/* The nodes are gone. */
void sim_crew_free(sim_crew *crew);
cf_team_member *sim_crew_member(sim_crew *crew, unsigned index);
/* The engine of the node that has this host; its messages are tapped for the ledger. */
cf_engine *sim_crew_engine(sim_crew *crew, const cf_engine_host *host);
/* When the next letter arrives. */
cf_time sim_crew_next(const sim_crew *crew);
/* In a turn of both: opens what has arrived. */
void sim_crew_open(sim_crew *crew);

#endif
