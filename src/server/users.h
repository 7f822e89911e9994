/* Users with at least one authenticated session, and these sessions. */
#ifndef CF_SERVER_USERS_H
#define CF_SERVER_USERS_H

#include "base/map.h"
#include "server/services.h"

struct cf_session;

typedef struct cf_user {
    cf_map_node node;
    cf_list sessions;
    uint32_t count;
    size_t id_size;
    char id[];
} cf_user;

typedef struct cf_users {
    cf_services *services;
    cf_map map;
    cf_list walks;   /* that are not over */
    size_t sessions; /* of all users */
} cf_users;

void cf_users_init(cf_users *users, cf_services *services, uint32_t seed);
/* Sessions are gone already. */
void cf_users_free(cf_users *users);
/* NULL: nobody. */
cf_user *cf_users_find(const cf_users *users, cf_bytes id);
/* Has the user, who is not anonymous, as many connections as one may have, at all workers of this process? */
bool cf_users_is_full(const cf_users *users, cf_bytes id);
/*
 * The session is this user's from now on; or CF_TROUBLE_LIMIT_EXCEEDED (of user_connection_limit), or CF_TROUBLE_INTERNAL
 * without memory.
 */
cf_trouble cf_users_enter(cf_users *users, struct cf_session *session, cf_bytes id);
/* Whether it has entered or not. */
void cf_users_leave(cf_users *users, struct cf_session *session);

/*
 * From one session of a user to the next, over several turns: those that were there at the beginning, and have not ended yet.
 */
typedef struct cf_user_walk {
    cf_list link;            /* in users->walks */
    struct cf_session *next; /* NULL: the walk is over */
    struct cf_session *last;
} cf_user_walk;

void cf_users_begin_walk(cf_users *users, cf_user_walk *walk, cf_bytes id);
/* Returns `next`, which the caller may close, and moves on. */
struct cf_session *cf_user_walk_on(cf_user_walk *walk);
/* Whether it is over or not. */
void cf_user_walk_end(cf_user_walk *walk);

#endif
