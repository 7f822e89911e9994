/*
 * What sockets and requests need of their client: the time, random bytes, room to read, a turn that comes soon.
 */
#include "native/native.h"
#include "system/random.h"

#include <string.h>

bool cf_native_seed(centrifuge_client *client)
{
    client->random_left = sizeof client->random;
    return cf_random_bytes(client->random, sizeof client->random);
}

/*
 * A system call for each frame's mask would cost more than the frame: bytes are taken in advance. Should the source fail after
 * it has worked once, the same bytes are used again: better than to lose the connection.
 */
void cf_native_random(centrifuge_client *client, void *data, size_t size)
{
    CF_ASSERT(size <= sizeof client->random);
    if (client->random_left < size)
        (void)cf_native_seed(client);
    client->random_left -= size;
    memcpy(data, client->random + client->random_left, size);
}

static uint32_t random_bits(void *user)
{
    uint32_t bits;
    cf_native_random(user, &bits, sizeof bits);
    return bits;
}

cf_environment cf_native_environment(centrifuge_client *client)
{
    return (cf_environment){.allocator = &cf_heap, .random = random_bits, .user = client};
}

cf_time cf_native_now(centrifuge_client *client)
{
    return client->now = cf_native_clock_now();
}

char *cf_native_read_buffer(centrifuge_client *client)
{
    if (!client->read_buffer)
        client->read_buffer = cf_alloc(&cf_heap, CF_NATIVE_SOCKET_READ_SIZE);
    return client->read_buffer;
}

bool cf_native_copied(const centrifuge_client *client)
{
    return atomic_load_explicit(&client->process, memory_order_relaxed) != cf_native_process_self();
}

/* Once for all that is asked for until the loop has the lock again. */
static void rouse(centrifuge_client *client)
{
    client->asleep = false;
    cf_native_wakeup_signal(&client->loop.wakeup);
}

void cf_native_kick(centrifuge_client *client)
{
    client->kicked = true;
    if (client->asleep)
        rouse(client);
    if (client->in_turn)
        return;
    cf_time now = cf_native_clock_now();
    cf_native_loop_arm(&client->loop, now, now);
}
