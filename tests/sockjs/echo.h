/*
 * The services that the SockJS protocol's own tests want (echo_server.c), on the server's transports. What they do with messages
 * stands in echo_session.c, which has the functions of server/session.h in place of the server's.
 */
#ifndef CF_TESTS_SOCKJS_ECHO_H
#define CF_TESTS_SOCKJS_ECHO_H

#include "server/session.h"

typedef struct echo_service {
    cf_services services;
    bool closes;      /* each session, at once */
    bool amplifies;   /* `n` is answered with two to the n letters */
    cf_list due;      /* sessions that have something to send, or to be closed */
    cf_list turn_end; /* in `due`, behind those of this turn, while it ends */
} echo_service;

/* Sends what was said since the last time. */
void echo_end_turn(echo_service *service);

#endif
