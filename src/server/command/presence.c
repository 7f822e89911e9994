#include "server/broker.h"
#include "server/command/command.h"

static void refuse(cf_session *session, cf_trouble trouble)
{
    cf_call_reply(session, &(cf_reply){.trouble = trouble, .channel = session->exchange->call.channel});
}

static void tell(cf_session *session, const cf_client_info *infos, size_t count)
{
    cf_turn_spend(&session->services->turn, count * CF_WORK_ENTRY);
    cf_call_reply(session, &(cf_reply){.channel = session->exchange->call.channel, .infos = infos, .count = count});
}

static void answered(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    cf_session *session = user;
    if (cf_call_enter(session)) {
        if (status == CF_ENGINE_OK)
            tell(session, infos, count);
        else
            refuse(session, CF_TROUBLE_INTERNAL);
    }
    cf_call_leave(session);
}

/* Server-spec.md 2.9. */
void cf_command_presence(cf_session *session, cf_session_call *call)
{
    cf_services *services = session->services;
    cf_params params;
    if (!cf_call_params(session, call, &params))
        return;
    call->channel = params.channel;
    const cf_channel_options *options = cf_config_channel(services->config, params.channel);
    if (cf_hub_find(services->hub, session, params.channel) == NULL) {
        refuse(session, CF_TROUBLE_DENIED);
    } else if (options == NULL) {
        refuse(session, CF_TROUBLE_NO_NAMESPACE);
    } else if (!options->presence) {
        refuse(session, CF_TROUBLE_NOT_AVAILABLE);
    } else {
        cf_call_wait(session);
        cf_broker_presence(services->broker, params.channel, answered, session);
    }
}
