#include "server/engine/redis/test/rig.h"

#include <string.h>

/* ---- what the engine is given ------------------------------------------------- */

static void note(rig *self, cf_bytes what, cf_bytes which)
{
    cf_buffer_append(&self->heard, what);
    cf_buffer_append_byte(&self->heard, ' ');
    cf_buffer_append(&self->heard, which);
    cf_buffer_append_byte(&self->heard, '\n');
}

static void on_message(void *user, const cf_publication *publication)
{
    note(user, CF_BYTES("message"), publication->data);
}

static void on_join_leave(void *user, cf_method method, cf_bytes channel, const cf_client_info *info)
{
    (void)info;
    note(user, method == CF_METHOD_JOIN ? CF_BYTES("join") : CF_BYTES("leave"), channel);
}

static void on_control(void *user, const cf_engine_control *control)
{
    note(user, CF_BYTES("control"), control->method);
}

static void on_watched(void *user, cf_bytes message)
{
    note(user, CF_BYTES("watched"), message);
}

static void on_missed(void *user, cf_bytes channel)
{
    note(user, CF_BYTES("missed"), channel);
}

static void on_command(void *user, cf_bytes command)
{
    note(user, CF_BYTES("command"), command);
}

static bool is_busy(void *user)
{
    (void)user;
    return false;
}

static void enter(void *user)
{
    (void)user;
}

/* ---- the driver ----------------------------------------------------------------- */

static void *open_line(void *user, cf_redis_line *line, const char *host, int port, const char **why)
{
    rig *self = user;
    (void)host;
    (void)port;
    rig_line *free_one = self->lines;
    while (free_one->line != NULL)
        free_one++;
    if (self->refuses) {
        *why = "refused";
        return NULL;
    }
    free_one->line = line;
    cf_buffer_clear(&free_one->sent);
    return free_one;
}

static bool send_bytes(void *socket, cf_bytes bytes)
{
    rig_line *line = socket;
    cf_buffer_append(&line->sent, bytes);
    return !line->sent.failed;
}

static void close_line(void *socket)
{
    ((rig_line *)socket)->line = NULL;
}

static void destroy(void *user)
{
    (void)user;
}

/* ---- its life --------------------------------------------------------------------- */

bool rig_open(rig *self, const cf_allocator *allocator, bool queue)
{
    memset(self, 0, sizeof *self);
    self->allocator = allocator;
    self->environment = (cf_server_environment){.allocator = allocator, .enter = enter, .user = self};
    self->sink = (cf_engine_sink){
        .message = on_message,
        .join_leave = on_join_leave,
        .control = on_control,
        .watched = on_watched,
        .missed = on_missed,
        .command = on_command,
        .is_busy = is_busy,
        .user = self,
    };
    self->server = (cf_redis_server){.host = CF_BYTES("127.0.0.1"), .port = 6379, .database = CF_BYTES("0")};
    cf_config_default(&self->config);
    self->config.redis_servers = &self->server;
    self->config.redis_server_count = 1;
    self->config.redis_api = queue;
    cf_buffer_init(&self->heard, allocator, CF_BUFFER_NO_LIMIT);
    for (int i = 0; i < RIG_LINES; i++)
        cf_buffer_init(&self->lines[i].sent, allocator, CF_BUFFER_NO_LIMIT);
    cf_engine_host host = {
        .environment = &self->environment,
        .config = &self->config,
        .sink = &self->sink,
        .seed = 1,
        .node = CF_BYTES("node"),
    };
    self->engine = cf_redis_engine_new(&host, &(cf_redis_driver){open_line, send_bytes, close_line, destroy, self});
    return self->engine != NULL;
}

void rig_close(rig *self)
{
    if (self->engine != NULL)
        self->engine->ops->destroy(self->engine);
    cf_buffer_free(&self->heard);
    for (int i = 0; i < RIG_LINES; i++)
        cf_buffer_free(&self->lines[i].sent);
}

void rig_advance(rig *self, int64_t delay)
{
    self->now += delay;
    (void)self->engine->ops->advance(self->engine, self->now);
}

void rig_receive(rig *self, int line, cf_bytes bytes)
{
    if (self->lines[line].line != NULL)
        cf_redis_line_received(self->lines[line].line, bytes);
}

void rig_lose(rig *self, int line)
{
    if (self->lines[line].line != NULL)
        cf_redis_line_lost(self->lines[line].line, "cut");
}

void rig_greet(rig *self)
{
    rig_advance(self, 0);
    for (int i = 0; i < RIG_LINES; i++) {
        if (self->lines[i].line != NULL && self->lines[i].line->state == CF_REDIS_LINE_OPENING)
            cf_redis_line_opened(self->lines[i].line);
    }
    rig_advance(self, 0);
    rig_receive(self, RIG_STREAM,
                CF_BYTES("*3\r\n$9\r\nsubscribe\r\n$18\r\ncentrifugo.control\r\n:1\r\n"
                         "*3\r\n$9\r\nsubscribe\r\n$20\r\ncentrifugo.mark.node\r\n:2\r\n"));
    rig_receive(self, RIG_COMMANDS, CF_BYTES("$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"));
    rig_advance(self, 0);
    rig_receive(self, RIG_COMMANDS, CF_BYTES(":1\r\n"));
    rig_receive(self, RIG_STREAM, CF_BYTES("*3\r\n$7\r\nmessage\r\n$20\r\ncentrifugo.mark.node\r\n$1\r\n1\r\n"));
}

/* ---- answers ------------------------------------------------------------------------ */

static cf_bytes name_of(cf_engine_status status)
{
    return status == CF_ENGINE_OK ? CF_BYTES("ok") : status == CF_ENGINE_NO_MEMORY ? CF_BYTES("no memory") : CF_BYTES("failed");
}

void rig_done(void *user, cf_engine_status status)
{
    note(user, CF_BYTES("done"), name_of(status));
}

void rig_presence_done(void *user, cf_engine_status status, const cf_client_info *infos, size_t count)
{
    note(user, CF_BYTES("presence"), name_of(status));
    for (size_t i = 0; i < count; i++)
        note(user, CF_BYTES("present"), infos[i].client);
}

void rig_history_done(void *user, cf_engine_status status, const cf_publication *publications, size_t count, bool found)
{
    note(user, found ? CF_BYTES("found") : CF_BYTES("history"), name_of(status));
    for (size_t i = 0; i < count; i++)
        note(user, CF_BYTES("kept"), publications[i].data);
}

void rig_channels_done(void *user, cf_engine_status status, const cf_bytes *channels, size_t count)
{
    note(user, CF_BYTES("channels"), name_of(status));
    for (size_t i = 0; i < count; i++)
        note(user, CF_BYTES("channel"), channels[i]);
}
