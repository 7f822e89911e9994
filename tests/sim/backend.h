/*
 * The application's backend as a client's driver sees it: it signs private
 * channels and renews credentials, soon or slowly, rightly or wrongly, twice,
 * late or not at all.
 */
#ifndef SIM_BACKEND_H
#define SIM_BACKEND_H

#include "client.h"

/* The effects CF_EFFECT_AUTHORIZE and CF_EFFECT_REFRESH; the answer may come before it returns. */
void sim_backend_ask(sim_client *client, const cf_effect *effect);
void sim_backend_cancel(sim_client *client, uint32_t id);
/* When the next answer comes. */
cf_time sim_backend_deadline(const sim_client *client);
/* Gives the answers that are due. */
void sim_backend_step(sim_client *client);
/* No effect waits: nobody asks for what is over. */
void sim_backend_settled(sim_client *client);
/* The client's life is over: no request is left. */
void sim_backend_end(sim_client *client);
/* Is a request of this kind neither answered nor cancelled? */
bool sim_backend_runs(const sim_client *client, bool authorize);
/* Credentials that are `age` seconds old. */
void sim_backend_sign(sim_client *client, int64_t age);

#endif
