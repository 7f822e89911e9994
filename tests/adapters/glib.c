#include "scenario.h"
#include <centrifuge/adapters/glib.h>

static GMainContext *context;
static centrifuge_glib adapter;
static bool ended;

void adapter_begin(centrifuge_options *options)
{
    ended = false;
    context = g_main_context_new();
    centrifuge_glib_attach(&adapter, context, options);
}

centrifuge_client **adapter_client(void)
{
    return &adapter.client;
}

void adapter_run(void)
{
    while (!ended)
        g_main_context_iteration(context, TRUE);
    g_main_context_unref(context);
}

void adapter_end(void)
{
    ended = true;
}
