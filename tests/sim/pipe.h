/*
 * Bytes on their way in one direction: delayed, cut and joined, but in order.
 */
#ifndef SIM_PIPE_H
#define SIM_PIPE_H

#include "world.h"

typedef struct sim_packet {
    struct sim_packet *next;
    cf_time at;
    size_t size;
    char data[];
} sim_packet;

typedef struct sim_pipe {
    sim_packet *first;
    sim_packet **last;
    size_t bytes;
    cf_time newest; /* when the last packet arrives: order is kept */
    bool ended;     /* the writer has closed */
    cf_time end_at;
    cf_time stalled; /* the reader does not read before this */
} sim_pipe;

void sim_pipe_init(sim_pipe *pipe);
/* Nothing that is on its way arrives. */
void sim_pipe_clear(sim_pipe *pipe);
/* Behind the end nothing is written. */
void sim_pipe_write(sim_world *world, sim_pipe *pipe, cf_bytes bytes);
void sim_pipe_end(sim_world *world, sim_pipe *pipe);
/* When its reader has something to do. */
cf_time sim_pipe_due(const sim_pipe *pipe);
/* The first packet, joined with others that are due unless chance says packet by packet. There must be one. */
cf_buffer sim_pipe_read(sim_world *world, sim_pipe *pipe);

#endif
