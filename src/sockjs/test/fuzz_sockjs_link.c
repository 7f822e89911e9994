/*
 * A server for a client's connection, a line each: the first is its info; then 'g' and 'b' end what receives, well or badly,
 * 's' what was sent, 't' lets time pass, and everything else is a frame. Never are two transports alive, nothing is told before
 * it is open or after it is closed, and every connection ends.
 */
#include "base/test/allocator.h"
#include "sockjs/link.h"

#define STEP 1000 /* ms that 't' lets pass */

typedef struct peer {
    cf_sockjs_link link;
    cf_time now;
    bool receiving;
    bool open;
    bool closed;
} peer;

static void check(bool good)
{
    if (!good)
        abort();
}

static void carry_out(peer *self, const cf_sockjs_effect *effect)
{
    check(!self->closed);
    switch (effect->kind) {
    case CF_SOCKJS_EFFECT_RECEIVE:
        check(!self->receiving);
        self->receiving = true;
        break;
    case CF_SOCKJS_EFFECT_STOP:
        self->receiving = false;
        cf_sockjs_link_stopped(&self->link, self->now);
        break;
    case CF_SOCKJS_EFFECT_OPENED:
        check(!self->open);
        self->open = true;
        check(cf_sockjs_link_send(&self->link, CF_BYTES("hello")));
        break;
    case CF_SOCKJS_EFFECT_MESSAGE:
    case CF_SOCKJS_EFFECT_SEND:
        check(self->open);
        break;
    case CF_SOCKJS_EFFECT_CLOSED:
        self->closed = true;
        break;
    case CF_SOCKJS_EFFECT_INFO:
    case CF_SOCKJS_EFFECT_NONE:
        break;
    }
}

static void settle(peer *self)
{
    cf_sockjs_effect effect;
    while (cf_sockjs_link_next(&self->link, &effect))
        carry_out(self, &effect);
}

static void end_receiver(peer *self, bool well)
{
    if (!self->receiving)
        return;
    self->receiving = false;
    cf_sockjs_link_ended(&self->link, well);
}

static void say(peer *self, cf_bytes line)
{
    char kind = line.size == 1 ? line.data[0] : '\0';
    if (kind == 'g' || kind == 'b')
        end_receiver(self, kind == 'g');
    else if (kind == 's' && self->link.sending)
        cf_sockjs_link_sent(&self->link, true);
    else if (kind == 't')
        cf_sockjs_link_tick(&self->link, self->now += STEP);
    else if (self->receiving)
        cf_sockjs_link_received(&self->link, line);
    settle(self);
}

static cf_bytes take_line(cf_bytes *text)
{
    size_t end = (size_t)cf_bytes_find(*text, CF_BYTES("\n")); /* SIZE_MAX: there is none */
    cf_bytes line = cf_bytes_slice(*text, 0, end);
    *text = cf_bytes_slice(*text, line.size + 1, text->size);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const cf_sockjs_transport all[] = {CF_SOCKJS_WEBSOCKET, CF_SOCKJS_XHR_STREAMING, CF_SOCKJS_EVENTSOURCE,
                                              CF_SOCKJS_XHR};
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_bytes text = cf_bytes_make((const char *)data, size);
    peer self = {.now = STEP};
    cf_sockjs_link_init(&self.link, all, sizeof all / sizeof all[0], 1000, &allocator);
    cf_sockjs_link_start(&self.link, self.now);
    settle(&self);
    cf_sockjs_link_info(&self.link, take_line(&text), self.now);
    settle(&self);
    while (text.size > 0)
        say(&self, take_line(&text));
    cf_sockjs_link_close(&self.link, 1000, CF_BYTES(""));
    settle(&self);
    check(self.closed && !self.receiving);
    cf_sockjs_link_free(&self.link);
    check(memory.live == 0);
    return 0;
}
