#include "pipe.h"

#include <stdlib.h>
#include <string.h>

void sim_pipe_init(sim_pipe *pipe)
{
    *pipe = (sim_pipe){.first = NULL};
    pipe->last = &pipe->first;
}

static sim_packet *take(sim_pipe *pipe)
{
    sim_packet *packet = pipe->first;
    pipe->first = packet->next;
    if (pipe->first == NULL)
        pipe->last = &pipe->first;
    pipe->bytes -= packet->size;
    return packet;
}

void sim_pipe_clear(sim_pipe *pipe)
{
    while (pipe->first != NULL)
        free(take(pipe));
}

cf_time sim_pipe_due(const sim_pipe *pipe)
{
    cf_time due = CF_TIME_NEVER;
    if (pipe->first != NULL)
        due = pipe->first->at;
    else if (pipe->ended)
        due = pipe->end_at;
    return due < pipe->stalled ? pipe->stalled : due;
}

static cf_time arrival(sim_world *world, sim_pipe *pipe)
{
    int64_t delay = world->calm ? 1 : (int64_t)sim_random_below(&world->random, (unsigned)world->scenario.delay_max + 1);
    if (pipe->newest < world->now + delay)
        pipe->newest = world->now + delay;
    return pipe->newest;
}

static void add(sim_world *world, sim_pipe *pipe, cf_bytes bytes)
{
    sim_packet *packet = sim_alloc(sizeof(*packet) + bytes.size);
    packet->at = arrival(world, pipe);
    packet->size = bytes.size;
    memcpy(packet->data, bytes.data, bytes.size);
    *pipe->last = packet;
    pipe->last = &packet->next;
    pipe->bytes += bytes.size;
}

void sim_pipe_write(sim_world *world, sim_pipe *pipe, cf_bytes bytes)
{
    if (pipe->ended)
        return;
    for (unsigned cuts = 0; bytes.size > 1 && cuts < 8 && sim_random_chance(&world->random, world->scenario.split); cuts++) {
        size_t piece = 1 + sim_random_below(&world->random, (unsigned)bytes.size - 1);
        add(world, pipe, cf_bytes_make(bytes.data, piece));
        bytes = cf_bytes_make(bytes.data + piece, bytes.size - piece);
    }
    if (bytes.size > 0)
        add(world, pipe, bytes);
}

void sim_pipe_end(sim_world *world, sim_pipe *pipe)
{
    if (pipe->ended)
        return;
    pipe->ended = true;
    pipe->end_at = arrival(world, pipe);
}

cf_buffer sim_pipe_read(sim_world *world, sim_pipe *pipe)
{
    cf_buffer bytes;
    cf_buffer_init(&bytes, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    bool join = sim_random_chance(&world->random, 700);
    do {
        sim_packet *packet = take(pipe);
        cf_buffer_append(&bytes, cf_bytes_make(packet->data, packet->size));
        free(packet);
    } while (join && pipe->first != NULL && pipe->first->at <= world->now);
    return bytes;
}
