#include "server/broker.h"
#include "server/command/command.h"

static void reply(cf_session *session, cf_trouble trouble)
{
    cf_call_reply(session, &(cf_reply){.trouble = trouble, .channel = session->exchange->call.channel});
}

static void published(void *user, cf_engine_status status)
{
    cf_session *session = user;
    if (cf_call_enter(session))
        reply(session, status == CF_ENGINE_OK ? CF_TROUBLE_NONE : CF_TROUBLE_INTERNAL);
    cf_call_leave(session);
}

static void publish(cf_session *session, const cf_hub_subscription *subscription, const cf_params *params,
                    const cf_channel_options *options)
{
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
    cf_call_wait(session);
    cf_broker_publish(services->broker, &publication, options, published, session);
}

/* Server-spec.md 2.8. */
void cf_command_publish(cf_session *session, cf_session_call *call)
{
    const cf_config *config = session->services->config;
    cf_params params;
    if (!cf_call_params(session, call, &params))
        return;
    call->channel = params.channel;
    const cf_hub_subscription *subscription = cf_hub_find(session->services->hub, session, params.channel);
    const cf_channel_options *options = cf_config_channel(config, params.channel);
    if (params.channel.size == 0 || params.data.data == NULL)
        reply(session, CF_TROUBLE_INVALID);
    else if (subscription == NULL)
        reply(session, CF_TROUBLE_DENIED);
    else if (options == NULL)
        reply(session, CF_TROUBLE_INTERNAL);
    else if (!options->publish && !config->insecure)
        reply(session, CF_TROUBLE_DENIED);
    else if (!cf_call_hold(session, subscription->channel))
        publish(session, subscription, &params, options);
}
