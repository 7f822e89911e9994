#include "server/body.h"
#include "server/broker.h"
#include "server/command/command.h"

static void reply(cf_session *session, cf_trouble trouble, const cf_client_info *infos, size_t count)
{
    cf_buffer *out = cf_call_begin(session, trouble);
    cf_buffer_append(out, CF_BYTES("{\"channel\":"));
    cf_json_write_string(out, session->exchange->call.channel);
    cf_buffer_append(out, CF_BYTES(",\"data\":"));
    if (trouble != CF_TROUBLE_NONE)
        cf_buffer_append(out, CF_BYTES("null"));
    else
        cf_body_presence(out, infos, count);
    cf_buffer_append_byte(out, '}');
    cf_call_end(session);
}

static void answered(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    cf_session *session = user;
    if (cf_call_enter(session)) {
        cf_turn_spend(&session->services->turn, count * CF_WORK_ENTRY);
        if (status == CF_ENGINE_OK)
            reply(session, CF_TROUBLE_NONE, infos, count);
        else
            reply(session, CF_TROUBLE_INTERNAL, NULL, 0);
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
        reply(session, CF_TROUBLE_DENIED, NULL, 0);
    } else if (options == NULL) {
        reply(session, CF_TROUBLE_NO_NAMESPACE, NULL, 0);
    } else if (!options->presence) {
        reply(session, CF_TROUBLE_NOT_AVAILABLE, NULL, 0);
    } else {
        cf_call_wait(session);
        cf_broker_presence(services->broker, params.channel, answered, session);
    }
}
