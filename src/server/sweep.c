#include "server/sweep.h"

#include <string.h>

#include "server/command/command.h"

typedef struct sweep {
    cf_task task;
    cf_user_walk walk;
    cf_services *services;
    void (*act)(cf_session *session, cf_bytes channel);
    cf_node_done done;
    void *user;
    size_t channel_size;
    char channel[];
} sweep;

static void disconnect_session(cf_session *session, cf_bytes channel)
{
    (void)channel;
    cf_turn_spend(&session->services->turn, CF_WORK_WRITE + session->subscription_count * CF_WORK_COMMAND);
    cf_session_close(session, CF_TROUBLE_DISCONNECT);
}

static void unsubscribe_session(cf_session *session, cf_bytes channel)
{
    cf_turn_spend(&session->services->turn, CF_WORK_COMMAND);
    cf_session_unsubscribe(session, channel);
}

static void unsubscribe_session_from_all(cf_session *session, cf_bytes channel)
{
    (void)channel;
    for (uint32_t i = session->subscription_count; i-- > 0;) {
        const cf_channel *subscribed = session->subscriptions[i].channel;
        unsubscribe_session(session, cf_bytes_make(subscribed->name, subscribed->name_size));
    }
}

/* ---- portions ------------------------------------------------------------ */

static void end_sweep(sweep *ended, cf_trouble trouble)
{
    cf_node_done done = ended->done;
    void *user = ended->user;
    cf_user_walk_end(&ended->walk);
    cf_free(ended->services->allocator, ended);
    done(user, trouble);
}

static void go_on(sweep *current)
{
    cf_turn *turn = &current->services->turn;
    while (current->walk.next != NULL) {
        if (cf_turn_share_is_spent(turn)) {
            cf_task_queue(&current->task);
            return;
        }
        current->act(cf_user_walk_on(&current->walk), cf_bytes_make(current->channel, current->channel_size));
    }
    end_sweep(current, CF_TROUBLE_NONE);
}

static void on_turn(cf_task *task)
{
    go_on(CF_CONTAINER(task, sweep, task));
}

/* The node is freed. */
static void on_drop(cf_task *task)
{
    end_sweep(CF_CONTAINER(task, sweep, task), CF_TROUBLE_INTERNAL);
}

static sweep *new_sweep(cf_services *services, cf_bytes user_id, cf_bytes channel)
{
    sweep *created = cf_alloc(services->allocator, sizeof *created + channel.size);
    if (created == NULL)
        return NULL;
    *created = (sweep){.services = services, .channel_size = channel.size};
    if (channel.size > 0)
        memcpy(created->channel, channel.data, channel.size);
    cf_task_init(&created->task, &services->turn, on_turn, on_drop);
    cf_users_begin_walk(&services->hub->users, &created->walk, user_id);
    return created;
}

static void begin_sweep(sweep *created, void (*act)(cf_session *, cf_bytes), cf_node_done done, void *user)
{
    if (created == NULL) {
        done(user, CF_TROUBLE_INTERNAL);
        return;
    }
    created->act = act;
    created->done = done;
    created->user = user;
    go_on(created);
}

void cf_sweep_disconnect(cf_services *services, cf_bytes user_id, cf_node_done done, void *user)
{
    begin_sweep(new_sweep(services, user_id, CF_BYTES("")), disconnect_session, done, user);
}

void cf_sweep_unsubscribe(cf_services *services, cf_bytes user_id, cf_bytes channel, cf_node_done done, void *user)
{
    begin_sweep(new_sweep(services, user_id, channel), channel.size > 0 ? unsubscribe_session : unsubscribe_session_from_all,
                done, user);
}
