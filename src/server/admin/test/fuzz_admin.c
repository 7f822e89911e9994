/*
 * Any bytes as messages of an operator, as a token and as a password: what goes out is valid JSON, and only who is allowed to
 * gets an answer.
 */
#include "base/assert.h"
#include "json/json.h"
#include "server/admin/login.h"
#include "server/admin/session.h"
#include "server/admin/token.h"
#include "system/heap.h"

#include <string.h>

static void random_bytes(void *user, void *out, size_t size)
{
    (void)user;
    memset(out, 7, size);
}

static uint64_t microseconds(void *user)
{
    (void)user;
    return 0;
}

typedef struct admin_user {
    cf_admin_session *session; /* NULL when it is gone */
    bool allowed;
} admin_user;

static void send_text(void *transport, cf_bytes text)
{
    const admin_user *self = transport;
    CF_ASSERT(cf_json_valid(text) && self->allowed);
}

static void pause_reading(void *transport, bool pause)
{
    (void)transport;
    (void)pause;
}

static void ended(void *transport, cf_trouble trouble)
{
    admin_user *self = transport;
    CF_ASSERT(trouble != CF_TROUBLE_NONE);
    self->session = NULL;
}

static const cf_admin_transport_ops ops = {send_text, pause_reading, ended};

static void pass_turn(cf_node *node)
{
    (void)cf_node_end_turn(node);
    cf_node_begin_turn(node, 1, 1);
    cf_node_go_on(node);
}

/* A message ends with a NUL. */
static void converse(cf_node *node, bool allowed, cf_bytes in)
{
    admin_user self = {.allowed = allowed};
    self.session = cf_admin_session_new(node, &ops, &self);
    CF_ASSERT(self.session != NULL);
    while (in.size > 0 && self.session != NULL) {
        const char *end = memchr(in.data, 0, in.size);
        size_t size = end == NULL ? in.size : (size_t)(end - in.data);
        cf_admin_session_receive(self.session, cf_bytes_make(in.data, size));
        pass_turn(node);
        in = cf_bytes_slice(in, size + 1, in.size);
    }
    if (self.session != NULL)
        cf_admin_session_gone(self.session);
}

static void log_in(cf_node *node, cf_bytes password)
{
    static cf_logins logins;
    cf_buffer body;
    cf_buffer_init(&body, &cf_heap, CF_BUFFER_NO_LIMIT);
    CF_ASSERT(cf_login(&logins, cf_node_services(node), "127.0.0.1", password, &body) != 200);
    cf_buffer_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whoever finds the password, or makes a token, has found a bug: neither stands in an input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const cf_server_environment environment = {
        .allocator = &cf_heap, .random = random_bytes, .microseconds = microseconds};
    cf_bytes in = {(const char *)data, size};
    cf_config config;
    cf_config_default(&config);
    config.admin_secret = CF_BYTES("\x01\xfe another secret than any input's");
    config.admin_password = CF_BYTES("\x01\xfe another password than any input's");
    config.channel = (cf_channel_options){.watch = true, .presence = true, .history_size = 3, .history_lifetime = 60};
    cf_node *node = cf_node_new(&environment, &config, cf_engine_memory_new, 0, 1);
    CF_ASSERT(node != NULL);
    cf_node_begin_turn(node, 1, 1);
    CF_ASSERT(!cf_admin_token_is_good(in, config.admin_secret, 1));
    log_in(node, in);
    converse(node, false, in);
    config.insecure_admin = true;
    converse(node, true, in);
    cf_node_free(node);
    return 0;
}
