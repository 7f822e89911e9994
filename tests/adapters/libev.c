#include "scenario.h"
#include <centrifuge/adapters/libev.h>

static struct ev_loop *loop;
static centrifuge_libev adapter;

void adapter_begin(centrifuge_options *options)
{
    loop = ev_loop_new(EVFLAG_AUTO);
    centrifuge_libev_attach(&adapter, loop, options);
}

centrifuge_client **adapter_client(void)
{
    return &adapter.client;
}

void adapter_run(void)
{
    ev_run(loop, 0);
    ev_loop_destroy(loop);
}

void adapter_end(void)
{
}
