#include "scenario.h"
#include <centrifuge/adapters/libevent.h>

static struct event_base *base;
static centrifuge_libevent adapter;

void adapter_begin(centrifuge_options *options)
{
    base = event_base_new();
    if (!base)
        abort();
    centrifuge_libevent_attach(&adapter, base, options);
}

centrifuge_client **adapter_client(void)
{
    return &adapter.client;
}

void adapter_run(void)
{
    event_base_dispatch(base);
    event_base_free(base);
}

void adapter_end(void)
{
}
