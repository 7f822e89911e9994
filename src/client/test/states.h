/* What is true of every client's subscriptions between turns: the table in client/state.h. */
#ifndef CLIENT_TEST_STATES_H
#define CLIENT_TEST_STATES_H

#include "client/core.h"

/* All effects have been taken. Ends the program where a combination is impossible. */
void states_check(const cf_client *client);

#endif
