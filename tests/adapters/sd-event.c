#define _POSIX_C_SOURCE 200809L

#include "scenario.h"
#include <centrifuge/adapters/sd-event.h>

static sd_event *event;
static centrifuge_sd_event adapter;

void adapter_begin(centrifuge_options *options)
{
    if (sd_event_new(&event) < 0)
        abort();
    centrifuge_sd_event_attach(&adapter, event, options);
}

centrifuge_client **adapter_client(void)
{
    return &adapter.client;
}

void adapter_run(void)
{
    sd_event_loop(event);
    sd_event_unref(event);
}

void adapter_end(void)
{
    sd_event_exit(event, 0);
}
