#include "server/broker.h"
#include "server/command/command.h"

static void published(void *user, cf_engine_status status)
{
    cf_session_call *call = user;
    if (cf_call_enter(call))
        cf_call_reply(call, &(cf_reply){.trouble = status == CF_ENGINE_OK ? CF_TROUBLE_NONE : CF_TROUBLE_INTERNAL,
                                        .channel = call->channel});
    cf_call_leave(call);
}

static void publish(cf_session_call *call, const cf_hub_subscription *subscription, const cf_params *params,
                    const cf_channel_options *options)
{
    cf_session *session = call->session;
    cf_services *services = session->services;
    char id[CF_MESSAGE_ID_SIZE];
    cf_services_message_id(services, id);
    cf_client_info info = cf_session_info(session, subscription);
    cf_publication publication = {
        .uid = cf_bytes_make(id, sizeof id),
        .channel = params->channel,
        .data = params->data,
        .client = info.client,
        .info = &info,
    };
    services->metrics->client_num_msg_published++;
    cf_call_wait(call);
    cf_broker_publish(services->broker, &publication, options, published, call);
}

/* Server-spec.md 2.8. */
void cf_command_publish(cf_session_call *call)
{
    cf_session *session = call->session;
    const cf_config *config = session->services->config;
    cf_params params;
    if (!cf_call_params(call, &params))
        return;
    call->channel = params.channel;
    const cf_hub_subscription *subscription = cf_hub_find(session->services->hub, session, params.channel);
    const cf_channel_options *options = cf_config_channel(config, params.channel);
    if (params.channel.size == 0 || params.data.data == NULL)
        cf_call_refuse(call, CF_TROUBLE_INVALID);
    else if (subscription == NULL)
        cf_call_refuse(call, CF_TROUBLE_DENIED);
    else if (options == NULL)
        cf_call_refuse(call, CF_TROUBLE_INTERNAL);
    else if (!options->publish && !config->insecure)
        cf_call_refuse(call, CF_TROUBLE_DENIED);
    else if (!cf_call_hold(call, subscription->channel))
        publish(call, subscription, &params, options);
}
