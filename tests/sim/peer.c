#include "peer.h"

#include "wire/v1/v1.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEER_CHANNELS_MAX 8

/* What the peer remembers of a connection. */
typedef struct peer {
    sim_link *link;
    cf_bytes channels[PEER_CHANNELS_MAX]; /* asked for: names of the ledger */
    size_t count;
    unsigned pushed;
    bool bad_frames; /* this one breaks the framing too */
} peer;

static bool chance(const peer *self, unsigned per_mille)
{
    return !self->link->world->calm && sim_random_chance(&self->link->world->random, per_mille);
}

static void send_bytes(peer *self, cf_bytes bytes)
{
    sim_link_write(self->link, &self->link->down, bytes);
}

static void send_frame(peer *self, cf_ws_opcode opcode, cf_bytes payload)
{
    cf_buffer frame;
    cf_buffer_init(&frame, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_frame(&frame, opcode, payload, NULL);
    send_bytes(self, cf_buffer_bytes(&frame));
    cf_buffer_free(&frame);
}

static void hang_up(peer *self, uint16_t code, cf_bytes reason)
{
    cf_buffer frame;
    cf_buffer_init(&frame, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_ws_append_close(&frame, code, reason, NULL);
    send_bytes(self, cf_buffer_bytes(&frame));
    cf_buffer_free(&frame);
    sim_link_end(self->link, &self->link->down);
}

/* ---- ways to spoil a text ---- */

static void wrap_with_junk(peer *self, cf_buffer *text)
{
    cf_buffer wrapped;
    (void)self;
    cf_buffer_init(&wrapped, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&wrapped, CF_BYTES("[null,1,\"x\",[],{},{\"method\":7},"));
    cf_buffer_append(&wrapped, cf_buffer_bytes(text));
    cf_buffer_append(&wrapped, CF_BYTES(",true]"));
    cf_buffer_free(text);
    *text = wrapped;
}

static void flip_byte(peer *self, cf_buffer *text)
{
    sim_random *random = &self->link->world->random;
    text->data[sim_random_below(random, (unsigned)text->size)] = (char)sim_random_next(random);
}

static void cut_short(peer *self, cf_buffer *text)
{
    cf_buffer_truncate(text, sim_random_below(&self->link->world->random, (unsigned)text->size));
}

static void append_garbage(peer *self, cf_buffer *text)
{
    (void)self;
    cf_buffer_append(text, CF_BYTES("]}garbage"));
}

static void nest(peer *self, cf_buffer *text)
{
    cf_buffer deep;
    cf_buffer_init(&deep, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    unsigned depth = 1 + sim_random_below(&self->link->world->random, 2000);
    for (unsigned i = 0; i < depth; i++)
        cf_buffer_append_byte(&deep, '[');
    cf_buffer_append(&deep, cf_buffer_bytes(text));
    for (unsigned i = 0; i < depth; i++)
        cf_buffer_append_byte(&deep, ']');
    cf_buffer_free(text);
    *text = deep;
}

static void (*const spoilers[])(peer *self, cf_buffer *text) = {wrap_with_junk, flip_byte, cut_short, append_garbage, nest};

/* Says it, perhaps spoilt, twice, in pieces, or not at all. */
static void say(peer *self, cf_buffer *text)
{
    sim_random *random = &self->link->world->random;
    if (chance(self, 60))
        return;
    if (text->size > 0 && chance(self, 120))
        SIM_PICK(random, spoilers)(self, text);
    if (chance(self, 50)) {
        cf_bytes all = cf_buffer_bytes(text);
        size_t cut = sim_random_below(random, (unsigned)all.size + 1);
        const char head = (char)CF_WS_TEXT; /* without FIN */
        const char length = (char)(cut < 126 ? cut : 0);
        send_bytes(self, cf_bytes_make(&head, 1));
        send_bytes(self, cf_bytes_make(&length, 1));
        send_bytes(self, cf_bytes_slice(all, 0, cut < 126 ? cut : 0));
        send_frame(self, CF_WS_PING, CF_BYTES("between"));
        send_frame(self, CF_WS_CONTINUATION, cf_bytes_slice(all, cut < 126 ? cut : 0, all.size));
        return;
    }
    for (unsigned times = chance(self, 60) ? 2 : 1; times > 0; times--)
        send_frame(self, chance(self, 50) ? CF_WS_BINARY : CF_WS_TEXT, cf_buffer_bytes(text));
}

static void say_text(peer *self, const char *text)
{
    cf_buffer buffer;
    cf_buffer_init(&buffer, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&buffer, cf_bytes_of(text));
    say(self, &buffer);
    cf_buffer_free(&buffer);
}

/* ---- answers ---- */

static void odd_body(peer *self, cf_buffer *out)
{
    static const char *const bodies[] = {"null",
                                         "[]",
                                         "{}",
                                         "7",
                                         "\"body\"",
                                         "{\"channel\":null}",
                                         "{\"channel\":[1],\"status\":\"yes\"}",
                                         "{\"client\":1}",
                                         "{\"channel\":\"nobody asked\",\"status\":true}",
                                         "{\"expires\":true,\"expired\":true,\"ttl\":-5,\"client\":\"\"}",
                                         "{\"messages\":{\"0\":1},\"last\":7,\"recovered\":\"no\",\"channel\":\"plain\"}"};
    cf_buffer_append(out, cf_bytes_of(SIM_PICK(&self->link->world->random, bodies)));
}

static void good_body(peer *self, cf_buffer *out, cf_method method, cf_bytes channel)
{
    if (method == CF_METHOD_CONNECT || method == CF_METHOD_REFRESH) {
        cf_buffer_append(out, CF_BYTES("{\"version\":\"\",\"client\":\"hostile-"));
        cf_buffer_append_int(out, self->link->number);
        if (chance(self, 150))
            cf_buffer_append(out, CF_BYTES("\",\"expires\":true,\"expired\":true,\"ttl\":0}"));
        else if (chance(self, 300))
            cf_buffer_append(out, CF_BYTES("\",\"expires\":true,\"expired\":false,\"ttl\":3}"));
        else
            cf_buffer_append(out, CF_BYTES("\",\"expires\":false,\"expired\":false,\"ttl\":0}"));
        return;
    }
    cf_buffer_append(out, CF_BYTES("{\"channel\":"));
    cf_json_write_string(out, channel);
    if (method == CF_METHOD_SUBSCRIBE && chance(self, 300))
        cf_buffer_append(
            out,
            CF_BYTES(",\"status\":true,\"last\":\"p\",\"messages\":[{\"uid\":\"p2\",\"channel\":\"plain\",\"data\":2},null,"
                     "{\"uid\":\"p1\",\"data\":{}}],\"recovered\":true}"));
    else if (method == CF_METHOD_SUBSCRIBE)
        cf_buffer_append(out, CF_BYTES(",\"status\":true,\"last\":\"\",\"messages\":null,\"recovered\":false}"));
    else if (method == CF_METHOD_PRESENCE)
        cf_buffer_append(out, CF_BYTES(",\"data\":{}}"));
    else if (method == CF_METHOD_HISTORY)
        cf_buffer_append(out, CF_BYTES(",\"data\":[]}"));
    else
        cf_buffer_append(out, CF_BYTES(",\"status\":true}"));
}

static void append_error(peer *self, cf_buffer *out)
{
    static const char *const errors[] = {"\"limit exceeded\",\"advice\":\"fix\"",
                                         "\"internal server error\",\"advice\":\"retry\"",
                                         "null",
                                         "\"\"",
                                         "0",
                                         "false",
                                         "{\"code\":[1,2]}",
                                         "\"\\u0000\\ud800\",\"advice\":{}"};
    cf_buffer_append(out, CF_BYTES(",\"error\":"));
    cf_buffer_append(out, cf_bytes_of(SIM_PICK(&self->link->world->random, errors)));
}

static void answer(peer *self, const cf_wire_command *command, cf_method method, cf_bytes channel)
{
    cf_buffer out;
    cf_buffer_init(&out, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&out, CF_BYTES("{\"uid\":"));
    if (chance(self, 40))
        cf_buffer_append(&out, CF_BYTES("\"424242\""));
    else if (chance(self, 40))
        cf_buffer_append(&out, CF_BYTES("null"));
    else
        cf_json_write_string(&out, command->uid);
    cf_buffer_append(&out, CF_BYTES(",\"method\":"));
    cf_json_write_string(&out, chance(self, 30) ? CF_BYTES("history") : command->method);
    if (chance(self, method == CF_METHOD_CONNECT ? 40 : 120))
        append_error(self, &out);
    if (!chance(self, 30)) {
        cf_buffer_append(&out, CF_BYTES(",\"body\":"));
        if (chance(self, 80))
            odd_body(self, &out);
        else
            good_body(self, &out, method, channel);
    }
    cf_buffer_append_byte(&out, '}');
    say(self, &out);
    cf_buffer_free(&out);
}

static void remember(peer *self, cf_bytes channel)
{
    sim_channel *known = sim_ledger_find(&self->link->world->ledger, channel);
    if (known != NULL && self->count < PEER_CHANNELS_MAX)
        self->channels[self->count++] = known->name;
}

static void handle_message(peer *self, cf_bytes text)
{
    cf_buffer scratch;
    cf_buffer_init(&scratch, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_wire_commands commands;
    cf_wire_command command;
    if (!cf_wire_commands_begin(&commands, text, &scratch))
        sim_fail(self->link->world, "commands-valid", "client sent %.*s", (int)text.size, text.data);
    while (cf_wire_commands_next(&commands, &command, &scratch)) {
        cf_method method = cf_method_of(command.method);
        cf_params params = {.channel = {NULL, 0}};
        cf_subscribe_params subscribe = {.channel = {NULL, 0}};
        cf_buffer values;
        cf_buffer_init(&values, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
        cf_buffer_reserve(&values, text.size);
        if (method == CF_METHOD_SUBSCRIBE && cf_wire_subscribe_params(command.params, &subscribe, &values))
            remember(self, params.channel = subscribe.channel);
        else if (method != CF_METHOD_CONNECT && method != CF_METHOD_REFRESH)
            cf_wire_params(method, false, command.params, &params, &values);
        answer(self, &command, method, params.channel);
        cf_buffer_free(&values);
    }
    cf_buffer_free(&scratch);
}

/* ---- what nobody asked for ---- */

static void push_message(peer *self)
{
    char text[200];
    self->pushed++;
    cf_bytes channel = self->count > 0 ? self->channels[sim_random_below(&self->link->world->random, (unsigned)self->count)]
                                       : CF_BYTES("plain");
    snprintf(text, sizeof(text), "{\"method\":\"message\",\"body\":{\"uid\":\"h%u\",\"channel\":\"%.*s\",\"data\":{\"n\":%u}}}",
             self->pushed, (int)channel.size, channel.data, self->pushed);
    say_text(self, text);
}

static void push_odd(peer *self)
{
    static const char *const texts[] = {
        "{\"method\":\"message\"}",
        "{\"method\":\"message\",\"body\":null}",
        "{\"method\":\"message\",\"body\":{\"channel\":\"plain\"}}",
        "{\"method\":\"join\",\"body\":{\"channel\":\"plain\",\"data\":{}}}",
        "{\"method\":\"leave\",\"body\":{\"channel\":7}}",
        "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"plain\",\"status\":true}}",
        "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"deep:a\"}}",
        "{\"method\":\"unsubscribe\",\"error\":1,\"body\":{\"channel\":\"plain\"}}",
        "{\"method\":\"disconnect\",\"body\":{\"reason\":\"go\",\"reconnect\":true}}",
        "{\"method\":\"disconnect\",\"body\":{}}",
        "{\"method\":\"disconnect\"}",
        "{\"method\":\"connect\",\"body\":{\"client\":\"again\"}}",
        "{\"method\":\"connect\",\"body\":{\"expires\":true,\"expired\":true}}",
        "{\"method\":\"refresh\",\"body\":{\"ttl\":1}}",
        "{\"method\":\"publish\",\"uid\":\"3\"}",
        "{\"error\":\"no method\"}",
        "[]",
        "[[[]]]",
        "null",
        "1e999",
        "\"text\"",
        "",
        " ",
        "{\"method\":\"nonsense\",\"error\":\"boo\"}",
        "{\"method\":\"ping\"}",
        "\xff",
        "{\"method\":\"message\",\"method\":\"join\"}",
    };
    say_text(self, SIM_PICK(&self->link->world->random, texts));
}

static void push_close(peer *self)
{
    static const char *const reasons[] = {"{\"reason\":\"bye\",\"reconnect\":true}",
                                          "{\"reason\":\"bye\",\"reconnect\":false}",
                                          "42",
                                          "\"bye\"",
                                          "[]",
                                          "true",
                                          "null",
                                          "disconnect",
                                          "",
                                          "plain words",
                                          "{\"reconnect\":\"yes\"}",
                                          "{\"reason\":5,\"reconnect\":true}",
                                          "{\"reason\":"};
    static const uint16_t codes[] = {3000, 3000, 3000, 1000, 1001, 1006, 1011, 4999};
    hang_up(self, SIM_PICK(&self->link->world->random, codes), cf_bytes_of(SIM_PICK(&self->link->world->random, reasons)));
}

static void push_control(peer *self)
{
    send_frame(self, CF_WS_PING, CF_BYTES("are you there"));
    send_frame(self, CF_WS_PONG, CF_BYTES(""));
}

static void push_bad_frame(peer *self)
{
    static const cf_bytes frames[] = {
        {"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10}, /* 2^63 and more bytes to come */
        {"\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xff", 10}, /* 2 GB to come */
        {"\xf1\x01x", 3},                                 /* reserved bits */
        {"\x83\x00", 2},                                  /* reserved opcode */
        {"\x80\x01x", 3},                                 /* continuation of nothing */
        {"\x89\x7e\x00\x80", 4},                          /* a ping of 128 bytes */
        {"\x81\x81\x01\x02\x03\x04x", 7},                 /* masked by a server */
        {"\x88\x01x", 3},                                 /* half a close code */
        {"\x88\x02\x00\x01", 4},                          /* close code 1 */
        {"\x81\x02\xc3\x28", 4},                          /* no UTF-8 */
    };
    if (self->bad_frames)
        send_bytes(self, SIM_PICK(&self->link->world->random, frames));
}

static void push_huge(peer *self)
{
    cf_buffer text;
    cf_buffer_init(&text, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    cf_buffer_append(&text, CF_BYTES("{\"method\":\"message\",\"body\":{\"uid\":\"big\",\"channel\":\"plain\",\"data\":\""));
    for (unsigned i = 0; i < 100000; i++)
        cf_buffer_append_byte(&text, 'a');
    cf_buffer_append(&text, CF_BYTES("\"}}"));
    say(self, &text);
    cf_buffer_free(&text);
}

static void push_endless(peer *self)
{
    if (!self->bad_frames)
        return;
    send_bytes(self, CF_BYTES("\x01\x01["));
    for (unsigned i = 0; i < 200; i++)
        send_bytes(self, CF_BYTES("\x00\x04 [[["));
}

static void (*const pushes[])(peer *self) = {push_message, push_message, push_message,   push_odd,  push_odd,    push_odd,
                                             push_close,   push_control, push_bad_frame, push_huge, push_endless};

void sim_peer_act(sim_link *link)
{
    peer *self = link->peer;
    SIM_PICK(&link->world->random, pushes)(self);
}

/* ---- the link ---- */

void sim_peer_accept(sim_link *link)
{
    static const char *const heads[] = {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
                                        "HTTP/1.1 200 OK\r\n\r\nhello", "SSH-2.0-OpenSSH\r\n",
                                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"};
    peer *self = sim_alloc(sizeof(*self));
    self->link = link;
    self->bad_frames = sim_random_chance(&link->world->random, 300);
    link->peer = self;
    cf_buffer head;
    cf_buffer_init(&head, &sim_plain_allocator, CF_BUFFER_NO_LIMIT);
    if (chance(self, 50))
        cf_buffer_append(&head, cf_bytes_of(SIM_PICK(&link->world->random, heads)));
    else
        cf_ws_append_response(&head, cf_bytes_make(link->key, CF_WS_KEY_SIZE), false);
    send_bytes(self, cf_buffer_bytes(&head));
    cf_buffer_free(&head);
    while (chance(self, 100))
        sim_peer_act(link);
}

void sim_peer_receive(sim_link *link, char *data, size_t size)
{
    peer *self = link->peer;
    size_t used = 0;
    for (;;) {
        cf_ws_event event;
        used += cf_ws_decoder_read(&link->server_decoder, data + used, size - used, &event);
        if (event.kind == CF_WS_EVENT_NONE)
            return;
        if (event.kind == CF_WS_EVENT_ERROR)
            sim_fail(link->world, "frames-valid", "client broke the framing: %.*s", (int)event.payload.size,
                     event.payload.data);
        if (event.kind == CF_WS_EVENT_MESSAGE)
            handle_message(self, event.payload);
        if (event.kind == CF_WS_EVENT_CLOSE) {
            link->server_open = false;
            sim_peer_lost(link);
            sim_link_end(link, &link->down);
            return;
        }
    }
}

void sim_peer_lost(sim_link *link)
{
    free(link->peer);
    link->peer = NULL;
}
