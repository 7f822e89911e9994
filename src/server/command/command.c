#include "server/command/command.h"

static const cf_command_run commands[CF_METHOD_COUNT] = {
    [CF_METHOD_CONNECT] = cf_command_connect,     [CF_METHOD_REFRESH] = cf_command_refresh,
    [CF_METHOD_SUBSCRIBE] = cf_command_subscribe, [CF_METHOD_UNSUBSCRIBE] = cf_command_unsubscribe,
    [CF_METHOD_PUBLISH] = cf_command_publish,     [CF_METHOD_PRESENCE] = cf_command_presence,
    [CF_METHOD_HISTORY] = cf_command_history,     [CF_METHOD_PING] = cf_command_ping,
};

cf_command_run cf_command_of(cf_method method)
{
    return commands[method];
}

const cf_channel_options *cf_command_readable(cf_session_call *call)
{
    cf_session *session = call->session;
    cf_params params;
    if (!cf_call_params(call, &params))
        return NULL;
    call->channel = params.channel;
    bool is_member = cf_hub_find(session->services->hub, session, params.channel) != NULL;
    const cf_channel_options *options = cf_config_channel(session->services->config, params.channel);
    if (!is_member)
        cf_call_refuse(call, CF_TROUBLE_DENIED);
    else if (options == NULL)
        cf_call_refuse(call, CF_TROUBLE_NO_NAMESPACE);
    return is_member ? options : NULL;
}
