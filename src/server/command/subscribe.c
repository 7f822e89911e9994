#include "server/command/credentials.h"

#include "base/assert.h"
#include "server/broker.h"

/*
 * Server-spec.md 2.6 and 2.13. The steps: allowed? -> hub (and engine) -> presence -> recover -> join -> reply. A channel that
 * the server unsubscribed while the client's subscribe was waiting for the engine is refused at the end.
 */

static cf_hub_subscription *current(const cf_session_call *call)
{
    return cf_hub_find(call->session->services->hub, call->session, call->channel);
}

static const cf_channel_options *options_of(const cf_session_call *call)
{
    return cf_config_channel(call->session->services->config, call->channel);
}

static void publish_join(const cf_session_call *call)
{
    const cf_channel_options *options = options_of(call);
    if (options == NULL || !options->join_leave)
        return;
    cf_client_info info = cf_session_info(call->session, current(call));
    cf_broker_tell(call->session->services->broker, CF_METHOD_JOIN, call->channel, &info);
}

/* What is published from here on comes behind the reply, though the join's chunk stands before it. */
static void join(const cf_session_call *call)
{
    call->session->bundle->subscribed = true;
    publish_join(call);
}

static void succeed(cf_session_call *call, cf_bytes last)
{
    join(call);
    cf_call_reply(call, &(cf_reply){.channel = call->channel, .last = last});
}

static void succeed_recovered(cf_session_call *call, const cf_publication *publications, size_t count, bool recovered)
{
    join(call);
    cf_turn_spend(&call->session->services->turn, count * CF_WORK_ENTRY);
    cf_call_reply(call, &(cf_reply){
                            .channel = call->channel,
                            .recovers = true,
                            .recovered = recovered,
                            .publications = publications,
                            .count = count,
                        });
}

/* What was published since the session became a member, and the answer tells already. */
static void skip_known(const cf_session_call *call, const cf_publication *publications, size_t count, bool found)
{
    const cf_hub_subscription *subscription = current(call);
    if (cf_hold_is_empty(&call->session->bundle->hold) || call->withdrawn)
        return;
    if (count > 0)
        cf_hold_skip(&call->session->bundle->hold, subscription->channel, publications[0].uid);
    else if (found)
        cf_hold_skip(&call->session->bundle->hold, subscription->channel, call->last);
}

/*
 * A client that asked to recover and could not is told so. One that asks for the first time must not be told that the history
 * is empty: it would ask for all of it later.
 */
static void take_history(cf_session_call *call, const cf_publication *publications, size_t count, bool found, bool failed)
{
    skip_known(call, publications, count, found);
    if (call->withdrawn)
        cf_call_refuse(call, CF_TROUBLE_DENIED);
    else if (call->recover)
        succeed_recovered(call, publications, count, found);
    else if (failed)
        cf_call_fatal(call, CF_TROUBLE_INTERNAL);
    else
        succeed(call, count > 0 ? publications[0].uid : CF_BYTES(""));
}

static void history_read(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    cf_session_call *call = user;
    if (cf_call_enter(call) && status == CF_ENGINE_OK) {
        take_history(call, publications, count, found, false);
    } else if (cf_call_enter(call)) {
        cf_services_log(call->session->services, CF_SERVER_ERROR, "the engine failed to read the history of a channel");
        take_history(call, NULL, 0, false, true);
    }
    cf_call_leave(call);
}

static bool has_history(const cf_channel_options *options)
{
    return options->recover && options->history_size > 0 && options->history_lifetime > 0;
}

static void ask_history(cf_session_call *call)
{
    cf_broker *broker = call->session->services->broker;
    cf_call_wait(call);
    if (call->recover)
        cf_broker_recover(broker, call->channel, call->last, history_read, call);
    else
        cf_broker_newest(broker, call->channel, history_read, call);
}

static void recover(cf_session_call *call)
{
    const cf_channel_options *options = options_of(call);
    bool enabled = options != NULL && options->recover;
    if (enabled && has_history(options))
        ask_history(call);
    else if (enabled && call->recover)
        succeed_recovered(call, NULL, 0, false);
    else
        succeed(call, CF_BYTES(""));
}

static void present(void *user, cf_engine_status status)
{
    cf_session_call *call = user;
    if (cf_call_enter(call)) {
        if (status != CF_ENGINE_OK)
            cf_call_fatal(call, CF_TROUBLE_INTERNAL);
        else if (call->withdrawn)
            cf_call_refuse(call, CF_TROUBLE_DENIED);
        else
            recover(call);
    }
    cf_call_leave(call);
}

static void subscribed(cf_session_call *call)
{
    cf_session *session = call->session;
    const cf_channel_options *options = options_of(call);
    cf_session_start_presence(session);
    if (options == NULL || !options->presence) {
        recover(call);
        return;
    }
    cf_hub_subscription *subscription = current(call);
    cf_client_info info = cf_session_info(session, subscription);
    if (!cf_session_is_present(session, subscription)) {
        cf_call_fatal(call, CF_TROUBLE_INTERNAL);
        return;
    }
    cf_call_wait(call);
    cf_broker_add_presence(session->services->broker, call->channel, &info, present, call);
}

static void withdraw(cf_session_call *call)
{
    cf_hub_unsubscribe(call->session->services->hub, call->session, current(call));
    cf_call_refuse(call, CF_TROUBLE_DENIED);
}

/* Engines mostly answer in the order in which they were asked: then it is the first. */
static cf_session_call *take_asked(const cf_session *session, cf_bytes channel)
{
    cf_session_call *call = NULL;
    CF_LIST_EACH (link, &session->bundle->asked) {
        call = CF_CONTAINER(link, cf_session_call, asked);
        if (cf_bytes_equal(call->channel, channel))
            break;
    }
    CF_ASSERT(call != NULL);
    cf_list_remove(&call->asked);
    return call;
}

void cf_command_subscribed(cf_session *session, const cf_channel *channel, cf_engine_status status)
{
    cf_session_call *call = take_asked(session, cf_bytes_make(channel->name, channel->name_size));
    cf_call_wait(call);
    if (status != CF_ENGINE_OK)
        cf_call_fatal(call, CF_TROUBLE_INTERNAL);
    else if (call->withdrawn)
        withdraw(call);
    else
        subscribed(call);
    cf_call_leave(call);
}

/* CF_TROUBLE_NONE: allowed. */
static cf_trouble forbidden(cf_session *session, const cf_subscribe_params *params, const cf_channel_options *options)
{
    const cf_config *config = session->services->config;
    const cf_channel_rules *rules = &config->channel_rules;
    cf_bytes channel = params->channel;
    if ((int64_t)channel.size > config->max_channel_length || session->subscription_count >= config->client_channel_limit)
        return CF_TROUBLE_LIMIT_EXCEEDED;
    if (cf_hub_find(session->services->hub, session, channel) != NULL)
        return CF_TROUBLE_SUBSCRIBED;
    if (!cf_channel_user_allowed(rules, channel, cf_session_user(session)) ||
        !cf_channel_client_allowed(rules, channel, cf_session_id(session)))
        return CF_TROUBLE_DENIED;
    if (options == NULL)
        return CF_TROUBLE_NO_NAMESPACE;
    if (cf_session_user(session).size == 0 && !options->anonymous && !config->insecure)
        return CF_TROUBLE_DENIED;
    if (cf_channel_is_private(rules, channel) && !cf_credentials_sign_matches(session, params))
        return CF_TROUBLE_DENIED;
    return CF_TROUBLE_NONE;
}

static void subscribe(cf_session_call *call, const cf_subscribe_params *params, const cf_channel_options *options)
{
    cf_session *session = call->session;
    cf_services *services = session->services;
    bool is_private = cf_channel_is_private(&services->config->channel_rules, params->channel);
    cf_bytes signed_info = is_private ? cf_credentials_info(session, params->info) : CF_BYTES("");
    cf_hub_text *info = signed_info.size > 0 ? cf_hub_text_new(services->allocator, signed_info) : NULL;
    cf_hub_result result = CF_HUB_FAILED;
    if (signed_info.size == 0 || info != NULL)
        result = cf_hub_subscribe(services->hub, session, params->channel, info, has_history(options));
    if (result == CF_HUB_DONE)
        subscribed(call);
    else if (result == CF_HUB_FAILED)
        cf_call_fatal(call, CF_TROUBLE_INTERNAL);
    else
        cf_list_append(&session->bundle->asked, &call->asked);
}

void cf_command_subscribe(cf_session_call *call)
{
    cf_session *session = call->session;
    cf_subscribe_params params;
    session->services->metrics->client_num_subscribe++;
    if (!session->ops->dialect->subscribe_params(call->command.params, &params, &session->bundle->scratch) ||
        params.channel.size == 0) {
        cf_call_fatal(call, CF_TROUBLE_INVALID);
        return;
    }
    call->channel = params.channel;
    call->last = params.last;
    call->recover = params.recover;
    const cf_channel_options *options = options_of(call);
    cf_trouble trouble = forbidden(session, &params, options);
    if (trouble == CF_TROUBLE_NONE)
        subscribe(call, &params, options);
    else
        cf_call_refuse(call, trouble);
}
