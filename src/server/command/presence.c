#include "server/broker.h"
#include "server/command/command.h"

static void tell(cf_session_call *call, const cf_client_info *infos, size_t count)
{
    cf_turn_spend(&call->session->services->turn, count * CF_WORK_ENTRY);
    cf_call_reply(call, &(cf_reply){.channel = call->channel, .infos = infos, .count = count});
}

static void answered(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    cf_session_call *call = user;
    if (cf_call_enter(call)) {
        if (status == CF_ENGINE_OK)
            tell(call, infos, count);
        else
            cf_call_refuse(call, CF_TROUBLE_INTERNAL);
    }
    cf_call_leave(call);
}

/* Server-spec.md 2.9. */
void cf_command_presence(cf_session_call *call)
{
    const cf_channel_options *options = cf_command_readable(call);
    if (options == NULL)
        return;
    if (!options->presence) {
        cf_call_refuse(call, CF_TROUBLE_NOT_AVAILABLE);
        return;
    }
    cf_call_wait(call);
    cf_broker_presence(call->session->services->broker, call->channel, answered, call);
}
