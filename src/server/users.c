#include "server/users.h"

#include <string.h>

#include "server/session_state.h"
#include "server/team.h"

void cf_users_init(cf_users *users, cf_services *services, uint32_t seed)
{
    *users = (cf_users){.services = services};
    cf_map_init(&users->map, services->allocator, seed);
    cf_list_init(&users->walks);
}

void cf_users_free(cf_users *users)
{
    cf_map_free(&users->map);
}

cf_user *cf_users_find(const cf_users *users, cf_bytes id)
{
    cf_map_node *node = cf_map_find(&users->map, id);
    return node == NULL ? NULL : CF_CONTAINER(node, cf_user, node);
}

/* ---- walks ---------------------------------------------------------------- */

static cf_session *session_of_user(cf_list *link)
{
    return CF_CONTAINER(link, cf_session, user_link);
}

cf_session *cf_user_walk_on(cf_user_walk *walk)
{
    cf_session *session = walk->next;
    walk->next = session == walk->last ? NULL : session_of_user(session->user_link.next);
    return session;
}

void cf_users_begin_walk(cf_users *users, cf_user_walk *walk, cf_bytes id)
{
    cf_user *user = cf_users_find(users, id);
    *walk = (cf_user_walk){.next = NULL};
    if (user == NULL)
        return;
    walk->next = session_of_user(user->sessions.next);
    walk->last = session_of_user(user->sessions.previous);
    cf_list_append(&users->walks, &walk->link);
}

void cf_user_walk_end(cf_user_walk *walk)
{
    cf_list_remove(&walk->link);
}

static void lead_walks_past(cf_users *users, const cf_session *session)
{
    CF_LIST_EACH (link, &users->walks) {
        cf_user_walk *walk = CF_CONTAINER(link, cf_user_walk, link);
        if (walk->next == session)
            (void)cf_user_walk_on(walk);
        else if (walk->next != NULL && walk->last == session)
            walk->last = session_of_user(session->user_link.previous);
    }
}

/* ---- who comes and goes --------------------------------------------------- */

static cf_user *add_user(cf_users *users, cf_bytes id)
{
    cf_user *user = cf_alloc_zero(users->services->allocator, 1, sizeof *user + id.size);
    if (user == NULL)
        return NULL;
    user->id_size = id.size;
    if (id.size > 0)
        memcpy(user->id, id.data, id.size);
    cf_list_init(&user->sessions);
    if (!cf_map_add(&users->map, &user->node, cf_bytes_make(user->id, user->id_size))) {
        cf_free(users->services->allocator, user);
        return NULL;
    }
    return user;
}

static void forget_unless_used(cf_users *users, cf_user *user)
{
    if (user->count > 0)
        return;
    cf_map_remove(&users->map, &user->node);
    cf_free(users->services->allocator, user);
}

/* 0: none. */
static int64_t limit_of(const cf_users *users, cf_bytes id)
{
    return id.size == 0 ? 0 : users->services->config->user_connection_limit;
}

bool cf_users_is_full(const cf_users *users, cf_bytes id)
{
    cf_team_member *member = users->services->environment.member;
    const cf_user *user = cf_users_find(users, id);
    int64_t limit = limit_of(users, id);
    if (limit <= 0)
        return false;
    return (member != NULL ? cf_roll_count(&member->team->roll, id) : user == NULL ? 0 : user->count) >= limit;
}

/* All workers together have one limit: who comes at the same time is counted one after the other. */
static cf_trouble enter_roll(const cf_users *users, cf_bytes id)
{
    cf_team_member *member = users->services->environment.member;
    switch (member == NULL ? CF_ROLL_ADDED : cf_roll_add(&member->team->roll, id, limit_of(users, id))) {
    case CF_ROLL_ADDED:
        return CF_TROUBLE_NONE;
    case CF_ROLL_FULL:
        return CF_TROUBLE_LIMIT_EXCEEDED;
    default:
        return CF_TROUBLE_INTERNAL;
    }
}

cf_trouble cf_users_enter(cf_users *users, cf_session *session, cf_bytes id)
{
    cf_user *user = cf_users_find(users, id);
    if (user == NULL)
        user = add_user(users, id);
    cf_trouble trouble = user == NULL ? CF_TROUBLE_INTERNAL : enter_roll(users, id);
    if (trouble != CF_TROUBLE_NONE) {
        if (user != NULL)
            forget_unless_used(users, user);
        return trouble;
    }
    session->user = user;
    cf_list_append(&user->sessions, &session->user_link);
    user->count++;
    users->sessions++;
    users->services->metrics->node_num_add_client_conn++;
    return CF_TROUBLE_NONE;
}

void cf_users_leave(cf_users *users, cf_session *session)
{
    cf_user *user = session->user;
    if (user == NULL)
        return;
    lead_walks_past(users, session);
    cf_list_remove(&session->user_link);
    if (users->services->environment.member != NULL)
        cf_roll_remove(&users->services->environment.member->team->roll, cf_bytes_make(user->id, user->id_size));
    session->user = NULL;
    users->sessions--;
    users->services->metrics->node_num_remove_client_conn++;
    user->count--;
    forget_unless_used(users, user);
}
