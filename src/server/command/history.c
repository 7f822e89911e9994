#include "server/broker.h"
#include "server/command/command.h"

static void tell(cf_session_call *call, const cf_publication *publications, size_t count)
{
    cf_turn_spend(&call->session->services->turn, count * CF_WORK_ENTRY);
    cf_call_reply(call, &(cf_reply){.channel = call->channel, .publications = publications, .count = count});
}

static void answered(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    cf_session_call *call = user;
    (void)found;
    if (cf_call_enter(call)) {
        if (status == CF_ENGINE_OK)
            tell(call, publications, count);
        else
            cf_call_refuse(call, CF_TROUBLE_INTERNAL);
    }
    cf_call_leave(call);
}

/* Server-spec.md 2.9. */
void cf_command_history(cf_session_call *call)
{
    const cf_channel_options *options = cf_command_readable(call);
    if (options == NULL)
        return;
    if (options->history_size <= 0 || options->history_lifetime <= 0) {
        cf_call_refuse(call, CF_TROUBLE_NOT_AVAILABLE);
        return;
    }
    cf_call_wait(call);
    cf_broker_history(call->session->services->broker, call->channel, answered, call);
}
