#include "server/command/credentials.h"
#include "server/broker.h"

#include "wire/v1/sign.h"

/*
 * Server-spec.md 2.6 and 2.13. The steps: allowed? -> hub (and engine) -> presence -> recover -> join -> reply. A channel that
 * the server unsubscribed while the client's subscribe was waiting for the engine is refused at the end.
 */

static void refuse(cf_session *session, cf_trouble trouble)
{
    cf_call_reply(session, &(cf_reply){.trouble = trouble, .channel = session->exchange->call.channel});
}

static cf_hub_subscription *current(cf_session *session)
{
    return cf_hub_find(session->services->hub, session, session->exchange->call.channel);
}

static const cf_channel_options *options_of(cf_session *session)
{
    return cf_config_channel(session->services->config, session->exchange->call.channel);
}

static void publish_join(cf_session *session)
{
    const cf_channel_options *options = options_of(session);
    if (options == NULL || !options->join_leave)
        return;
    cf_client_info info = cf_session_info(session, current(session));
    cf_broker_tell(session->services->broker, CF_METHOD_JOIN, session->exchange->call.channel, &info);
}

/* What is published from here on comes behind the reply, though the join's chunk stands before it. */
static void join(cf_session *session)
{
    session->exchange->subscribed = true;
    publish_join(session);
}

static void succeed(cf_session *session, cf_bytes last)
{
    join(session);
    cf_call_reply(session, &(cf_reply){.channel = session->exchange->call.channel, .last = last});
}

static void succeed_recovered(cf_session *session, const cf_publication *publications, size_t count, bool recovered)
{
    join(session);
    cf_turn_spend(&session->services->turn, count * CF_WORK_ENTRY);
    cf_call_reply(session, &(cf_reply){
                               .channel = session->exchange->call.channel,
                               .recovers = true,
                               .recovered = recovered,
                               .publications = publications,
                               .count = count,
                           });
}

/* What was published since the session became a member, and the answer tells already. */
static void skip_known(cf_session *session, const cf_hub_subscription *subscription, const cf_publication *publications,
                       size_t count, bool found)
{
    if (count > 0)
        cf_hub_skip(session, subscription->channel, publications[0].uid);
    else if (found)
        cf_hub_skip(session, subscription->channel, session->exchange->call.last);
}

/*
 * A client that asked to recover and could not is told so. One that asks for the first time must not be told that the history is
 * empty: it would ask for all of it later.
 */
static void history_read(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    cf_session *session = user;
    if (cf_call_enter(session)) {
        if (status != CF_ENGINE_OK) {
            cf_services_log(session->services, CF_SERVER_ERROR, "the engine failed to read the history of a channel");
            count = 0;
            found = false;
        }
        const cf_hub_subscription *subscription = current(session);
        if (subscription != NULL && session->exchange->hold.messages.size > 0)
            skip_known(session, subscription, publications, count, found);
        if (subscription == NULL)
            refuse(session, CF_TROUBLE_DENIED);
        else if (session->exchange->call.recover)
            succeed_recovered(session, publications, count, found);
        else if (status != CF_ENGINE_OK)
            cf_call_fatal(session, CF_TROUBLE_INTERNAL);
        else
            succeed(session, count > 0 ? publications[0].uid : CF_BYTES(""));
    }
    cf_call_leave(session);
}

static bool has_history(const cf_channel_options *options)
{
    return options->recover && options->history_size > 0 && options->history_lifetime > 0;
}

static void recover(cf_session *session)
{
    cf_broker *broker = session->services->broker;
    const cf_session_call *call = &session->exchange->call;
    const cf_channel_options *options = options_of(session);
    bool enabled = options != NULL && options->recover;
    if (!enabled) {
        succeed(session, CF_BYTES(""));
        return;
    }
    if (!has_history(options)) {
        if (call->recover)
            succeed_recovered(session, NULL, 0, false);
        else
            succeed(session, CF_BYTES(""));
        return;
    }
    cf_call_wait(session);
    if (call->recover)
        cf_broker_recover(broker, call->channel, call->last, history_read, session);
    else
        cf_broker_newest(broker, call->channel, history_read, session);
}

static void present(void *user, cf_engine_status status)
{
    cf_session *session = user;
    if (cf_call_enter(session)) {
        if (status != CF_ENGINE_OK)
            cf_call_fatal(session, CF_TROUBLE_INTERNAL);
        else if (current(session) == NULL)
            refuse(session, CF_TROUBLE_DENIED);
        else
            recover(session);
    }
    cf_call_leave(session);
}

static void subscribed(cf_session *session)
{
    const cf_channel_options *options = options_of(session);
    cf_session_start_presence(session);
    if (options == NULL || !options->presence) {
        recover(session);
        return;
    }
    cf_hub_subscription *subscription = current(session);
    cf_client_info info = cf_session_info(session, subscription);
    cf_session_is_present(session, subscription);
    cf_call_wait(session);
    cf_broker_add_presence(session->services->broker, session->exchange->call.channel, &info, present, session);
}

static void withdraw(cf_session *session)
{
    cf_hub_unsubscribe(session->services->hub, session, current(session));
    refuse(session, CF_TROUBLE_DENIED);
}

void cf_command_subscribed(cf_session *session, cf_engine_status status)
{
    cf_call_wait(session);
    if (status != CF_ENGINE_OK)
        cf_call_fatal(session, CF_TROUBLE_INTERNAL);
    else if (session->exchange->call.withdrawn)
        withdraw(session);
    else
        subscribed(session);
    cf_call_leave(session);
}

static bool sign_matches(cf_session *session, const cf_subscribe_params *params)
{
    cf_bytes secret = session->services->config->secret;
    cf_sign expected;
    if (secret.size == 0 || !cf_bytes_equal(params->client, cf_session_id(session)))
        return false;
    cf_sign_channel(secret, params->client, params->channel, params->info, expected);
    return cf_sign_matches(expected, params->sign);
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
    if (cf_channel_is_private(rules, channel) && !sign_matches(session, params))
        return CF_TROUBLE_DENIED;
    return CF_TROUBLE_NONE;
}

void cf_command_subscribe(cf_session *session, cf_session_call *call)
{
    cf_services *services = session->services;
    cf_subscribe_params params;
    services->metrics->client_num_subscribe++;
    if (!session->ops->dialect->subscribe_params(call->params, &params, &session->exchange->scratch) ||
        params.channel.size == 0) {
        cf_call_fatal(session, CF_TROUBLE_INVALID);
        return;
    }
    call->channel = params.channel;
    call->last = params.last;
    call->recover = params.recover;
    const cf_channel_options *options = options_of(session);
    cf_trouble trouble = forbidden(session, &params, options);
    if (trouble != CF_TROUBLE_NONE) {
        refuse(session, trouble);
        return;
    }
    bool failed = false;
    cf_hub_text *info = NULL;
    if (cf_channel_is_private(&services->config->channel_rules, params.channel))
        info = cf_info_copy(session, params.info, &failed);
    bool hold = has_history(options);
    cf_hub_result result = failed ? CF_HUB_FAILED : cf_hub_subscribe(services->hub, session, params.channel, info, hold);
    if (result == CF_HUB_DONE)
        subscribed(session);
    else if (result == CF_HUB_FAILED)
        cf_call_fatal(session, CF_TROUBLE_INTERNAL);
}
