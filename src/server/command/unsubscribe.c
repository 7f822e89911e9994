#include "server/command/command.h"

/*
 * Server-spec.md 2.7. What a client is subscribed to it can always leave, also when the namespace was removed by a reload
 * (10.2, fix 8). The engine's part is not waited for: nothing that it may answer could be mended by the client.
 */
void cf_command_unsubscribe(cf_session_call *call)
{
    cf_session *session = call->session;
    cf_services *services = session->services;
    cf_params params;
    if (!cf_call_params(call, &params))
        return;
    if (params.channel.size == 0) {
        cf_call_fatal(call, CF_TROUBLE_INVALID);
        return;
    }
    cf_hub_subscription *subscription = cf_hub_find(services->hub, session, params.channel);
    bool unknown = subscription == NULL && cf_config_channel(services->config, params.channel) == NULL;
    if (subscription != NULL)
        cf_session_leave_channel(session, subscription);
    cf_call_reply(call, &(cf_reply){.trouble = unknown ? CF_TROUBLE_NO_NAMESPACE : CF_TROUBLE_NONE, .channel = params.channel});
}
