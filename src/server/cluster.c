#include "server/node_state.h"

/* What this node tells the others, and does when they tell it something (server-spec.md 7.6). */

void cf_node_write_info(const cf_node *node, const cf_figures *figures, cf_buffer *out, bool live)
{
    cf_metrics_values shown = figures->shown;
    cf_control_begin_info(out, &(cf_node_info){
                                   .uid = cf_bytes_make(node->uid, sizeof node->uid),
                                   .version = CF_BYTES(CF_SERVER_VERSION),
                                   .name = node->services.config->name,
                                   .started_at = node->started_at,
                               });
    cf_metrics_take_gauges(figures->metrics, &shown);
    if (live)
        cf_metrics_write(figures->metrics, NULL, out);
    else
        cf_metrics_write_values(&shown, out);
    cf_buffer_append_byte(out, '}');
}

void cf_node_tell(cf_node *node, cf_control_kind kind, cf_bytes params, cf_engine_done done, void *user)
{
    cf_engine_control message = {cf_bytes_make(node->uid, sizeof node->uid), cf_control_method(kind), params};
    cf_broker_control(&node->broker, &message, done, user);
}

static void tell_life(void *user, const cf_figures *figures)
{
    cf_node *node = user;
    cf_buffer out;
    if (figures == NULL || node->ending)
        return;
    cf_buffer_init(&out, node->services.allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&out, CF_BYTES("{\"info\":"));
    cf_node_write_info(node, figures, &out, false);
    cf_buffer_append_byte(&out, '}');
    if (!out.failed)
        cf_node_tell(node, CF_CONTROL_PING, cf_buffer_bytes(&out), NULL, NULL);
    cf_buffer_free(&out);
}

/* The process is one node to others. */
void cf_node_show_life(cf_node *node)
{
    if (!cf_broker_is_alone(&node->broker) && cf_team_is_first(node->services.environment.member))
        cf_node_gather(node, tell_life, node);
}

/* Two pings may get lost. */
void cf_node_forget_silent(cf_node *node)
{
    int64_t seconds = node->services.config->node_ping_interval;
    if (seconds < INT32_MAX)
        cf_nodes_forget(&node->nodes, node->services.now - (2 * (seconds > 0 ? seconds : 1) + 1) * 1000);
}

/* ---- what others tell ---------------------------------------------------- */

static void ignore_end(void *user, cf_trouble trouble)
{
    (void)user;
    (void)trouble;
}

static void act(cf_node *node, const cf_control *control)
{
    if (control->kind == CF_CONTROL_PING) {
        if (!cf_nodes_heard(&node->nodes, &control->info, node->services.now))
            cf_services_notice(&node->services, CF_NOTICE_bad_control,
                               "node '%.*s' is not shown by stats: too many, or no memory", (int)control->info.name.size,
                               control->info.name.data);
        return;
    }
    cf_node_carry_out(node, control, ignore_end, NULL);
}

static void read_control(cf_node *node, const cf_engine_control *message, cf_buffer *scratch)
{
    cf_control control;
    if (cf_buffer_reserve(scratch, message->params.size + 1) && cf_control_read(message, &control, scratch))
        act(node, &control);
    else
        cf_services_notice(&node->services, CF_NOTICE_bad_control, "another node says '%.*s', which is not understood",
                           (int)message->method.size, message->method.data);
}

void cf_node_hear(void *user, const cf_engine_control *message)
{
    cf_node *node = CF_CONTAINER(user, cf_node, hub);
    cf_buffer scratch;
    if (cf_bytes_equal(message->node, cf_bytes_make(node->uid, sizeof node->uid)))
        return;
    node->services.metrics->node_num_control_msg_received++;
    cf_buffer_init(&scratch, node->services.allocator, CF_BUFFER_NO_LIMIT);
    read_control(node, message, &scratch);
    cf_buffer_free(&scratch);
}
