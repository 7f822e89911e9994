#include "server/body.h"
#include "server/broker.h"
#include "server/command/command.h"

static void reply(cf_session *session, cf_trouble trouble, const cf_publication *publications, size_t count)
{
    cf_buffer *out = cf_call_begin(session, trouble);
    cf_buffer_append(out, CF_BYTES("{\"channel\":"));
    cf_json_write_string(out, session->exchange->call.channel);
    cf_buffer_append(out, CF_BYTES(",\"data\":"));
    if (trouble != CF_TROUBLE_NONE)
        cf_buffer_append(out, CF_BYTES("null"));
    else
        cf_body_messages(out, publications, count);
    cf_buffer_append_byte(out, '}');
    cf_call_end(session);
}

static void answered(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    cf_session *session = user;
    (void)found;
    if (cf_call_enter(session)) {
        cf_turn_spend(&session->services->turn, count * CF_WORK_ENTRY);
        if (status == CF_ENGINE_OK)
            reply(session, CF_TROUBLE_NONE, publications, count);
        else
            reply(session, CF_TROUBLE_INTERNAL, NULL, 0);
    }
    cf_call_leave(session);
}

/* Server-spec.md 2.9. */
void cf_command_history(cf_session *session, cf_session_call *call)
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
    } else if (options->history_size <= 0 || options->history_lifetime <= 0) {
        reply(session, CF_TROUBLE_NOT_AVAILABLE, NULL, 0);
    } else {
        cf_call_wait(session);
        cf_broker_history(services->broker, params.channel, answered, session);
    }
}
