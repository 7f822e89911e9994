/*
 * What a client sends, and when: every call once, nothing out of a batch, and
 * always with the newest credentials.
 */
#ifndef SIM_SENT_H
#define SIM_SENT_H

#include "client.h"

/* A new life, with the credentials of its options. */
void sim_sent_start(sim_client *client);
/* The core was given what sim_backend_sign has signed. Not `certain`: perhaps it has taken it, or has sent the former ones since. */
void sim_sent_credentials(sim_client *client, bool certain);
/* False when sabotage has lost the text. */
bool sim_sent_text(sim_client *client, cf_bytes text);
/* A turn begins: effects are about to be taken. */
void sim_sent_turn(sim_client *client);
void sim_sent_opened(sim_client *client);
/* No effect waits. */
void sim_sent_settled(sim_client *client);

/* The user. */
void sim_sent_start_batching(sim_client *client);
void sim_sent_flush(sim_client *client, bool stop);
void sim_sent_start_auth_batching(sim_client *client);
void sim_sent_stop_auth_batching(sim_client *client);

/* Bytes of data of calls that were not sent yet, at rest. */
size_t sim_sent_kept(const sim_client *client);

#endif
