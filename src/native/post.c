/*
 * A stack without locks: any thread pushes, the owner takes all at once and turns the order around.
 */
#include "native/native.h"

/* On top of the stack of a client that is being destroyed. */
static cf_native_posted nothing_more;

/* Counted before it is made, so that threads together stay below the limit. */
static centrifuge_error make_posted(centrifuge_client *client, cf_native_posted **posted)
{
    centrifuge_error error = CENTRIFUGE_ERROR_LIMIT_POSTS;
    if (atomic_fetch_add(&client->post_count, 1) < atomic_load(&client->posts_max)) {
        *posted = cf_alloc(&cf_heap, sizeof **posted);
        error = *posted ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_NO_MEMORY;
    }
    if (error)
        atomic_fetch_sub(&client->post_count, 1);
    return error;
}

centrifuge_error centrifuge_client_post(centrifuge_client *client, void (*function)(centrifuge_client *client, void *user),
                                        void (*drop)(void *user), void *user)
{
    if (!client || !function)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (cf_native_copied(client))
        return CENTRIFUGE_ERROR_WRONG_THREAD;
    cf_native_posted *posted;
    centrifuge_error error = make_posted(client, &posted);
    if (error)
        return error;
    *posted = (cf_native_posted){
        .next = atomic_load_explicit(&client->posted, memory_order_relaxed), .function = function, .drop = drop, .user = user};
    do {
        if (posted->next == &nothing_more) {
            cf_free(&cf_heap, posted);
            atomic_fetch_sub(&client->post_count, 1);
            return CENTRIFUGE_ERROR_CLOSED;
        }
    } while (!atomic_compare_exchange_weak_explicit(&client->posted, &posted->next, posted, memory_order_release,
                                                    memory_order_relaxed));
    cf_native_wakeup_signal(&client->loop.wakeup);
    return CENTRIFUGE_ERROR_OK;
}

static cf_native_posted *take_all(centrifuge_client *client, cf_native_posted *left)
{
    cf_native_posted *newest = atomic_exchange_explicit(&client->posted, left, memory_order_acquire);
    cf_native_posted *oldest = NULL;
    while (newest) {
        cf_native_posted *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

void cf_native_post_run(centrifuge_client *client)
{
    client->taken = take_all(client, NULL);
    while (client->taken && !client->ending) {
        cf_native_posted posted = *client->taken;
        cf_free(&cf_heap, client->taken);
        client->taken = posted.next;
        atomic_fetch_sub(&client->post_count, 1);
        cf_native_callback_begin(client);
        posted.function(client, posted.user);
        cf_native_callback_end(client);
    }
}

/* What a copy has, its parent runs or drops. */
static void drop_list(const centrifuge_client *client, cf_native_posted *posted)
{
    while (posted) {
        cf_native_posted *next = posted->next;
        if (posted->drop && !cf_native_copied(client))
            posted->drop(posted->user);
        cf_free(&cf_heap, posted);
        posted = next;
    }
}

void cf_native_post_drop_all(centrifuge_client *client)
{
    cf_native_posted *taken = client->taken;
    client->taken = NULL;
    drop_list(client, taken);
    drop_list(client, take_all(client, &nothing_more));
}
