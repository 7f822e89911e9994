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
    cf_session *session = call->session;
    cf_services *services = session->services;
    cf_params params;
    if (!cf_call_params(call, &params))
        return;
    call->channel = params.channel;
    const cf_channel_options *options = cf_config_channel(services->config, params.channel);
    if (cf_hub_find(services->hub, session, params.channel) == NULL) {
        cf_call_refuse(call, CF_TROUBLE_DENIED);
    } else if (options == NULL) {
        cf_call_refuse(call, CF_TROUBLE_NO_NAMESPACE);
    } else if (!options->presence) {
        cf_call_refuse(call, CF_TROUBLE_NOT_AVAILABLE);
    } else {
        cf_call_wait(call);
        cf_broker_presence(services->broker, params.channel, answered, call);
    }
}
