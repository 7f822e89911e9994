#include "server/node_state.h"

#include "server/command/command.h"
#include "wire/v1/v1.h"

/* What the HTTP API asks for (server-spec.md 5.3). */

/* ---- calls --------------------------------------------------------------- */

cf_node_call *cf_node_begin_call(const cf_node_call *call)
{
    cf_node *node = call->node;
    cf_node_call *created = node->ending ? NULL : cf_alloc(node->services.allocator, sizeof *created);
    if (created == NULL)
        return NULL;
    *created = *call;
    cf_list_append(&node->calls, &created->link);
    return created;
}

static cf_node_call *new_call(cf_node *node, cf_node_done done, cf_node_data_done data_done, void *user)
{
    return cf_node_begin_call(&(cf_node_call){.node = node, .done = done, .data_done = data_done, .user = user});
}

cf_node_call cf_node_end_call(void *call)
{
    cf_node_call *taken = call;
    cf_list_remove(&taken->link);
    cf_node_call copy = *taken;
    cf_free(copy.node->services.allocator, taken);
    return copy;
}

/* Who calls again when he hears of it is refused. */
void cf_node_end_calls(cf_node *node)
{
    node->ending = true;
    while (!cf_list_empty(&node->calls)) {
        cf_node_call ended = cf_node_end_call(CF_CONTAINER(node->calls.next, cf_node_call, link));
        if (ended.done != NULL)
            ended.done(ended.user, CF_TROUBLE_INTERNAL);
        else if (ended.figures_done != NULL)
            ended.figures_done(ended.user, NULL);
        else
            ended.data_done(ended.user, CF_TROUBLE_INTERNAL, CF_BYTES("null"));
    }
}

/* ---- publishing ---------------------------------------------------------- */

static void published(void *user, cf_engine_status status)
{
    cf_node_call ended = cf_node_end_call(user);
    if (status != CF_ENGINE_OK)
        cf_services_log(&ended.node->services, CF_SERVER_ERROR, "the engine failed to publish a message of the API");
    ended.done(ended.user, status == CF_ENGINE_OK ? CF_TROUBLE_NONE : CF_TROUBLE_INTERNAL);
}

void cf_node_publish(cf_node *node, cf_bytes channel, cf_bytes data, cf_bytes client, cf_bytes uid, cf_node_done done,
                     void *user)
{
    cf_services *services = &node->services;
    const cf_channel_options *options = cf_config_channel(services->config, channel);
    char id[CF_MESSAGE_ID_SIZE];
    if (options == NULL) {
        done(user, CF_TROUBLE_NO_NAMESPACE);
        return;
    }
    cf_node_call *waiting = new_call(node, done, NULL, user);
    if (waiting == NULL) {
        done(user, CF_TROUBLE_INTERNAL);
        return;
    }
    if (uid.size == 0) {
        cf_services_message_id(services, id);
        uid = cf_bytes_make(id, sizeof id);
    }
    cf_publication publication = {.uid = uid, .channel = channel, .data = data, .client = client};
    cf_broker_publish(&node->broker, &publication, options, published, waiting);
}

bool cf_node_hold_publish(cf_node *node, cf_bytes channel, cf_task *task)
{
    cf_channel *known = cf_hub_channel(&node->hub, channel);
    return known != NULL && cf_hub_hold_publish(&node->hub, known, task);
}

/* ---- what becomes of a user ---------------------------------------------- */

/* Done here; then the others are told. */
typedef struct user_call {
    cf_node *node;
    cf_node_done done;
    void *user;
    cf_control_kind kind;
    cf_buffer params;
} user_call;

static void told(void *user, cf_engine_status status)
{
    cf_node_call ended = cf_node_end_call(user);
    ended.done(ended.user, status == CF_ENGINE_OK ? CF_TROUBLE_NONE : CF_TROUBLE_INTERNAL);
}

static void done_here(void *user, cf_trouble trouble)
{
    user_call *call = user;
    cf_node *node = call->node;
    cf_node_call *waiting = trouble != CF_TROUBLE_NONE ? NULL : new_call(node, call->done, NULL, call->user);
    if (waiting != NULL)
        cf_node_tell(node, call->kind, cf_buffer_bytes(&call->params), told, waiting);
    else
        call->done(call->user, CF_TROUBLE_INTERNAL);
    cf_buffer_free(&call->params);
    cf_free(node->services.allocator, call);
}

/* NULL without memory. */
static user_call *new_user_call(cf_node *node, const cf_control *control, cf_node_done done, void *user)
{
    user_call *created = cf_alloc(node->services.allocator, sizeof *created);
    if (created == NULL)
        return NULL;
    *created = (user_call){.node = node, .done = done, .user = user, .kind = control->kind};
    cf_buffer_init(&created->params, node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_control_write(&created->params, control);
    if (!created->params.failed)
        return created;
    cf_buffer_free(&created->params);
    cf_free(node->services.allocator, created);
    return NULL;
}

static void call_for_user(cf_node *node, const cf_control *control, cf_node_done done, void *user)
{
    if (!node->ending && cf_broker_is_alone(&node->broker)) {
        cf_node_carry_out(node, control, done, user);
        return;
    }
    user_call *call = node->ending ? NULL : new_user_call(node, control, done, user);
    if (call == NULL)
        done(user, CF_TROUBLE_INTERNAL);
    else
        cf_node_carry_out(node, control, done_here, call);
}

void cf_node_unsubscribe(cf_node *node, cf_bytes user_id, cf_bytes channel, cf_node_done done, void *user)
{
    if (user_id.size == 0)
        done(user, CF_TROUBLE_INVALID);
    else if (channel.size > 0 && cf_config_channel(node->services.config, channel) == NULL)
        done(user, CF_TROUBLE_NO_NAMESPACE);
    else
        call_for_user(node, &(cf_control){.kind = CF_CONTROL_UNSUBSCRIBE, .user = user_id, .channel = channel}, done, user);
}

void cf_node_disconnect(cf_node *node, cf_bytes user_id, cf_node_done done, void *user)
{
    if (user_id.size == 0)
        done(user, CF_TROUBLE_INVALID);
    else
        call_for_user(node, &(cf_control){.kind = CF_CONTROL_DISCONNECT, .user = user_id}, done, user);
}

/* ---- what is known of a channel ------------------------------------------- */

static void refuse_data(cf_trouble trouble, cf_node_data_done done, void *user)
{
    done(user, trouble, CF_BYTES("null"));
}

static void answer_data(const cf_node_call *ended, const cf_buffer *out)
{
    if (out->failed)
        refuse_data(CF_TROUBLE_INTERNAL, ended->data_done, ended->user);
    else
        ended->data_done(ended->user, CF_TROUBLE_NONE, cf_buffer_bytes(out));
}

static void presence_read(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    cf_node_call ended = cf_node_end_call(user);
    cf_buffer out;
    cf_buffer_init(&out, ended.node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_turn_spend(&ended.node->services.turn, count * CF_WORK_ENTRY);
    cf_wire_write_presence(&out, infos, count);
    out.failed = out.failed || status != CF_ENGINE_OK;
    answer_data(&ended, &out);
    cf_buffer_free(&out);
}

static void history_read(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    cf_node_call ended = cf_node_end_call(user);
    cf_buffer out;
    (void)found;
    cf_buffer_init(&out, ended.node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_turn_spend(&ended.node->services.turn, count * CF_WORK_ENTRY);
    cf_wire_write_messages(&out, publications, count);
    out.failed = out.failed || status != CF_ENGINE_OK;
    answer_data(&ended, &out);
    cf_buffer_free(&out);
}

static void channels_read(void *user, cf_engine_status status, const cf_bytes *channels, size_t count)
{
    cf_node_call ended = cf_node_end_call(user);
    cf_buffer out;
    cf_buffer_init(&out, ended.node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_turn_spend(&ended.node->services.turn, count * CF_WORK_ENTRY);
    cf_buffer_append_byte(&out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            cf_buffer_append_byte(&out, ',');
        cf_json_write_string(&out, channels[i]);
    }
    cf_buffer_append_byte(&out, ']');
    out.failed = out.failed || status != CF_ENGINE_OK;
    answer_data(&ended, &out);
    cf_buffer_free(&out);
}

/* What stands in the way of asking for a channel's data; CF_TROUBLE_NONE: nothing. */
static cf_trouble reason_against(cf_bytes channel, const cf_channel_options *options, bool available)
{
    if (channel.size == 0)
        return CF_TROUBLE_INVALID;
    if (options == NULL)
        return CF_TROUBLE_NO_NAMESPACE;
    return available ? CF_TROUBLE_NONE : CF_TROUBLE_NOT_AVAILABLE;
}

void cf_node_presence(cf_node *node, cf_bytes channel, cf_node_data_done done, void *user)
{
    cf_services *services = &node->services;
    const cf_channel_options *options = cf_config_channel(services->config, channel);
    cf_trouble trouble = reason_against(channel, options, options != NULL && options->presence);
    cf_node_call *waiting = trouble != CF_TROUBLE_NONE ? NULL : new_call(node, NULL, done, user);
    if (waiting == NULL) {
        refuse_data(trouble != CF_TROUBLE_NONE ? trouble : CF_TROUBLE_INTERNAL, done, user);
        return;
    }
    cf_broker_presence(&node->broker, channel, presence_read, waiting);
}

void cf_node_history(cf_node *node, cf_bytes channel, cf_node_data_done done, void *user)
{
    cf_services *services = &node->services;
    const cf_channel_options *options = cf_config_channel(services->config, channel);
    bool available = options != NULL && options->history_size > 0 && options->history_lifetime > 0;
    cf_trouble trouble = reason_against(channel, options, available);
    cf_node_call *waiting = trouble != CF_TROUBLE_NONE ? NULL : new_call(node, NULL, done, user);
    if (waiting == NULL) {
        refuse_data(trouble != CF_TROUBLE_NONE ? trouble : CF_TROUBLE_INTERNAL, done, user);
        return;
    }
    cf_broker_history(&node->broker, channel, history_read, waiting);
}

void cf_node_channels(cf_node *node, cf_node_data_done done, void *user)
{
    cf_node_call *waiting = new_call(node, NULL, done, user);
    if (waiting == NULL) {
        refuse_data(CF_TROUBLE_INTERNAL, done, user);
        return;
    }
    cf_broker_channels(&node->broker, channels_read, waiting);
}

/* ---- what is known of the node -------------------------------------------- */

static void write_stats(const cf_node *node, const cf_figures *figures, cf_buffer *out)
{
    cf_buffer_append(out, CF_BYTES("{\"nodes\":["));
    cf_node_write_info(node, figures, out, false);
    cf_buffer_append(out, cf_buffer_bytes(&figures->others));
    cf_buffer_append(out, CF_BYTES("],\"metrics_interval\":"));
    cf_buffer_append_int(out, node->services.config->node_metrics_interval);
    cf_buffer_append_byte(out, '}');
}

static void write_node(const cf_node *node, const cf_figures *figures, cf_buffer *out)
{
    cf_node_write_info(node, figures, out, true);
}

static void answer_figures(void *user, const cf_figures *figures,
                           void (*write)(const cf_node *node, const cf_figures *figures, cf_buffer *out))
{
    cf_node_call ended = cf_node_end_call(user);
    cf_buffer out;
    cf_buffer_init(&out, ended.node->services.allocator, CF_BUFFER_NO_LIMIT);
    out.failed = figures == NULL;
    if (figures != NULL)
        write(ended.node, figures, &out);
    answer_data(&ended, &out);
    cf_buffer_free(&out);
}

static void stats_gathered(void *user, const cf_figures *figures)
{
    answer_figures(user, figures, write_stats);
}

static void node_gathered(void *user, const cf_figures *figures)
{
    answer_figures(user, figures, write_node);
}

/* Not in the list of calls: cf_node_gather comes back in any case. */
static void tell_figures(cf_node *node, cf_node_figures_done gathered, cf_node_data_done done, void *user)
{
    cf_node_call *waiting = cf_alloc(node->services.allocator, sizeof *waiting);
    if (waiting == NULL) {
        refuse_data(CF_TROUBLE_INTERNAL, done, user);
        return;
    }
    *waiting = (cf_node_call){.node = node, .data_done = done, .user = user};
    cf_node_gather(node, gathered, waiting);
}

void cf_node_stats(cf_node *node, cf_node_data_done done, void *user)
{
    tell_figures(node, stats_gathered, done, user);
}

void cf_node_node(cf_node *node, cf_node_data_done done, void *user)
{
    tell_figures(node, node_gathered, done, user);
}
