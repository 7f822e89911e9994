#include "server/admin/session.h"

#include "server/admin/info.h"
#include "server/admin/token.h"
#include "server/watch.h"

#include <string.h>

/* A message that waits until those before it are answered. */
typedef struct message {
    cf_list link;
    size_t size;
    char data[];
} message;

struct cf_admin_session {
    cf_node *node;
    cf_services *services;
    const cf_admin_transport_ops *ops;
    void *transport;
    cf_watcher watcher;
    cf_list waiting; /* messages */
    cf_api_call *call;
    cf_trouble trouble; /* why it ends */
    bool authenticated;
    bool carrying_out; /* a message's commands */
    bool working;      /* inside work() */
    bool paused;       /* the transport */
};

/* ---- replies to what is not the API's ---- */

static int reply(cf_buffer *out, const cf_wire_command *command, cf_bytes body)
{
    cf_buffer_append_byte(out, '{');
    if (command->uid.size > 0) {
        cf_buffer_append(out, CF_BYTES("\"uid\":"));
        cf_json_write_string(out, command->uid);
        cf_buffer_append_byte(out, ',');
    }
    cf_buffer_append(out, CF_BYTES("\"method\":"));
    cf_json_write_string(out, command->method);
    cf_buffer_append(out, CF_BYTES(",\"error\":null,\"body\":"));
    cf_buffer_append(out, body);
    cf_buffer_append_byte(out, '}');
    return 200;
}

static int reply_info(const cf_admin_session *session, cf_buffer *out, const cf_wire_command *command)
{
    cf_buffer info;
    cf_buffer_init(&info, session->services->allocator, CF_BUFFER_NO_LIMIT);
    cf_admin_write_info(&info, session->services->config, cf_node_engine_name(session->node));
    int status = info.failed ? 500 : reply(out, command, cf_buffer_bytes(&info));
    cf_buffer_free(&info);
    return status;
}

/* ---- connect ---- */

typedef struct connect_params {
    cf_bytes token;
    bool watch;
} connect_params;

static const cf_json_field connect_fields[] = {
    {"token", CF_JSON_FIELD_STRING, offsetof(connect_params, token)},
    {"watch", CF_JSON_FIELD_BOOL, offsetof(connect_params, watch)},
};

static bool read_params(cf_bytes text, connect_params *params, cf_buffer *scratch)
{
    cf_json_reader reader;
    if (text.data == NULL || !cf_buffer_reserve(scratch, text.size + 1))
        return false;
    cf_json_reader_init(&reader, text);
    return cf_json_read_fields(&reader, connect_fields, 2, true, params, scratch);
}

/* With `insecure_admin` nobody has to show one; who has shown none is out when that ends. */
static bool take_token(cf_admin_session *session, cf_bytes token)
{
    const cf_services *services = session->services;
    bool good = cf_admin_token_is_good(token, services->config->admin_secret, services->unix_time);
    session->authenticated = session->authenticated || good;
    return good || services->config->insecure_admin;
}

static int do_connect(cf_admin_session *session, const cf_wire_command *command, cf_buffer *out)
{
    cf_buffer scratch;
    connect_params params = {.watch = false};
    cf_buffer_init(&scratch, session->services->allocator, CF_BUFFER_NO_LIMIT);
    int status = read_params(command->params, &params, &scratch) ? 200 : scratch.failed ? 500 : 400;
    if (status == 200 && !take_token(session, params.token))
        status = 401;
    cf_buffer_free(&scratch);
    if (status != 200)
        return status;
    if (params.watch)
        cf_watch_begin(session->services, &session->watcher);
    return reply(out, command, CF_BYTES("true"));
}

bool cf_admin_session_is_authenticated(const cf_admin_session *session)
{
    return session->authenticated || session->services->config->insecure_admin;
}

static int own_command(void *user, const cf_wire_command *command, cf_buffer *out)
{
    cf_admin_session *session = user;
    if (cf_bytes_equal(command->method, CF_BYTES("connect")))
        return do_connect(session, command, out);
    if (!cf_admin_session_is_authenticated(session))
        return 401;
    if (cf_bytes_equal(command->method, CF_BYTES("ping")))
        return reply(out, command, CF_BYTES("\"pong\""));
    if (cf_bytes_equal(command->method, CF_BYTES("info")))
        return reply_info(session, out, command);
    return CF_API_PASS;
}

/* ---- the loop over the messages ---- */

static cf_trouble trouble_of(int status)
{
    switch (status) {
    case 400:
        return CF_TROUBLE_INVALID;
    case 401:
        return CF_TROUBLE_UNAUTHORIZED;
    case 404:
        return CF_TROUBLE_NO_METHOD;
    default:
        return CF_TROUBLE_INTERNAL;
    }
}

static void work(cf_admin_session *session);

static void carried_out(void *user, int status, cf_bytes content_type, cf_bytes body)
{
    cf_admin_session *session = user;
    (void)content_type;
    session->call = NULL;
    session->carrying_out = false;
    if (status != 200)
        session->trouble = trouble_of(status);
    else if (!cf_bytes_equal(body, CF_BYTES("[]")))
        session->ops->send(session->transport, body);
    if (!session->working)
        work(session);
}

static void carry_out(cf_admin_session *session, cf_bytes commands)
{
    session->carrying_out = true;
    cf_api_call *call = cf_api_carry_out(session->node, commands, own_command, carried_out, session);
    if (session->carrying_out)
        session->call = call;
}

static void carry_out_next(cf_admin_session *session)
{
    message *next = CF_CONTAINER(cf_list_take(&session->waiting), message, link);
    carry_out(session, cf_bytes_make(next->data, next->size));
    cf_free(session->services->allocator, next);
}

static void free_session(cf_admin_session *session)
{
    cf_list *link;
    if (session->call != NULL)
        cf_api_cancel(session->call);
    cf_watch_end(session->services, &session->watcher);
    while ((link = cf_list_take(&session->waiting)) != NULL)
        cf_free(session->services->allocator, CF_CONTAINER(link, message, link));
    cf_free(session->services->allocator, session);
}

static void end_admin_session(cf_admin_session *session)
{
    session->ops->close(session->transport, session->trouble);
    free_session(session);
}

static void pause(cf_admin_session *session, bool paused)
{
    if (session->paused == paused)
        return;
    session->paused = paused;
    session->ops->pause(session->transport, paused);
}

/* Those that wait, until one has to wait for the engine itself. */
static void work(cf_admin_session *session)
{
    session->working = true;
    while (session->trouble == CF_TROUBLE_NONE && !session->carrying_out && !cf_list_empty(&session->waiting))
        carry_out_next(session);
    session->working = false;
    if (session->trouble == CF_TROUBLE_NONE)
        pause(session, session->carrying_out);
    else
        end_admin_session(session);
}

static void keep(cf_admin_session *session, cf_bytes text)
{
    message *kept = cf_alloc(session->services->allocator, sizeof *kept + text.size);
    if (kept == NULL) {
        session->trouble = CF_TROUBLE_INTERNAL;
        return;
    }
    kept->size = text.size;
    memcpy(kept->data, text.data, text.size);
    cf_list_append(&session->waiting, &kept->link);
}

void cf_admin_session_receive(cf_admin_session *session, cf_bytes text)
{
    if (text.size == 0)
        return;
    keep(session, text);
    work(session);
}

/* ---- life ---- */

static void show(cf_watcher *watcher, cf_bytes text)
{
    const cf_admin_session *session = CF_CONTAINER(watcher, cf_admin_session, watcher);
    session->ops->send(session->transport, text);
}

cf_admin_session *cf_admin_session_new(cf_node *node, const cf_admin_transport_ops *ops, void *transport)
{
    cf_services *services = cf_node_services(node);
    cf_admin_session *session = cf_alloc_zero(services->allocator, 1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->node = node;
    session->services = services;
    session->ops = ops;
    session->transport = transport;
    session->watcher.show = show;
    cf_list_init(&session->waiting);
    return session;
}

void cf_admin_session_gone(cf_admin_session *session)
{
    free_session(session);
}
