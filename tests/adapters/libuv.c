#define _POSIX_C_SOURCE 200809L

#include "scenario.h"
#include <centrifuge/adapters/libuv.h>

static uv_loop_t loop;
static centrifuge_libuv adapter;

void adapter_begin(centrifuge_options *options)
{
    uv_loop_init(&loop);
    centrifuge_libuv_attach(&adapter, &loop, options);
}

centrifuge_client **adapter_client(void)
{
    return &adapter.client;
}

void adapter_run(void)
{
    uv_run(&loop, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop) != 0)
        abort();
}

void adapter_end(void)
{
}
