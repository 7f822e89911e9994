#include "play.h"

#include <stdio.h>
#include <string.h>

/*
 * Bytes are a life of a client: what its user, its driver, its peer and its memory do, also inside effects. The rules of play.h
 * are what is checked. One byte is an operation, mostly with a second one as its argument:
 *
 *     0 ..              a play_action; argument
 *     OPERATION_ANSWER  the peer answers one command
 *     OPERATION_PASS    time passes; 2^argument ms
 *     OPERATION_REPLY   of the application's backend, to the oldest request: its size, its bytes
 *     OPERATION_RAW     a frame: its size, its bytes
 *     OPERATION_FRAME   a frame of the list below; which, uid
 *     OPERATION_FAIL    an allocation to come fails, with 128 all that follow it
 *     OPERATION_HEAL    no more
 *     OPERATION_INSIDE  every n-th effect has an action inside; 0 for none
 */
enum {
    OPERATION_ANSWER = PLAY_COUNT,
    OPERATION_PASS,
    OPERATION_REPLY,
    OPERATION_RAW,
    OPERATION_FRAME,
    OPERATION_FAIL,
    OPERATION_HEAL,
    OPERATION_INSIDE,
    OPERATION_COUNT
};

typedef struct source {
    const uint8_t *data;
    size_t size;
    unsigned period;
} source;

static unsigned next_byte(source *s)
{
    if (s->size == 0)
        return 0;
    s->size--;
    return *s->data++;
}

static const char *const frames[] = {
    "{\"method\":\"message\",\"body\":{\"uid\":\"m%u\",\"channel\":\"a\",\"data\":1}}",
    ("[{\"method\":\"message\",\"body\":{\"uid\":\"m%u\",\"channel\":\"a\",\"data\":1}},"
     "{\"method\":\"message\",\"body\":{\"uid\":\"n\",\"channel\":\"long:channel#name\",\"data\":1}},"
     "{\"method\":\"message\",\"body\":{\"uid\":\"o\",\"channel\":\"a\",\"data\":1}}]"),
    "{\"method\":\"join\",\"body\":{\"channel\":\"a\",\"data\":{\"client\":\"\\u00e4%u\"}}}",
    ("{\"uid\":\"%u\",\"method\":\"subscribe\",\"body\":{\"channel\":\"a\",\"messages\":[{\"uid\":\"3\",\"data\":3},"
     "{\"uid\":\"\\u0032\",\"data\":2},{\"uid\":\"1\",\"data\":1}]}}"),
    "{\"uid\":\"%u\",\"method\":\"subscribe\",\"body\":{\"channel\":\"a\",\"last\":null}}",
    "{\"uid\":\"%u\",\"method\":\"subscribe\",\"error\":\"e\",\"advice\":\"fix\",\"body\":{\"channel\":\"a\"}}",
    "{\"uid\":\"%u\",\"method\":\"subscribe\",\"error\":\"e\",\"body\":null}",
    "{\"method\":\"unsubscribe\",\"body\":{\"channel\":\"a\",\"data\":%u}}",
    "{\"uid\":\"%u\",\"method\":\"unsubscribe\",\"body\":{\"channel\":\"a\"}}",
    "{\"uid\":\"%u\",\"method\":\"publish\",\"error\":\"no\"}",
    "{\"uid\":\"%u\",\"method\":\"history\",\"body\":{\"data\":[]}}",
    "{\"uid\":\"%u\",\"method\":\"connect\",\"body\":{\"client\":\"c\"}}",
    "{\"uid\":\"%u\",\"method\":\"connect\",\"error\":\"limit exceeded\"}",
    "{\"uid\":\"%u\",\"method\":\"connect\",\"body\":{\"client\":\"\",\"expires\":true,\"expired\":true,\"ttl\":1}}",
    "{\"uid\":\"%u\",\"method\":\"connect\",\"body\":{\"client\":\"c\",\"expires\":true,\"expired\":false,\"ttl\":1}}",
    "{\"uid\":\"%u\",\"method\":\"refresh\",\"body\":{\"client\":\"\\u0064\",\"expires\":true,\"ttl\":1}}",
    "{\"uid\":\"%u\",\"method\":\"refresh\",\"body\":{\"expires\":true,\"expired\":true}}",
    "{\"uid\":\"%u\",\"method\":\"refresh\",\"error\":\"e\",\"advice\":\"retry\"}",
    "{\"uid\":\"%u\",\"method\":\"subscribe\",\"body\":{\"channel\":\"$p\",\"last\":\"m1\"}}",
    "{\"uid\":\"%u\",\"method\":\"disconnect\",\"body\":{\"reason\":\"r\",\"reconnect\":true}}",
    "{\"uid\":\"%u\",\"method\":\"disconnect\",\"body\":{\"reason\":\"r\",\"reconnect\":false}}",
    "[{\"uid\":\"%u\",\"method\":\"ping\"},{\"method\":\"disconnect\",\"error\":\"e\"},7,null,[]]",
};

static play_action inside(play *p, const cf_effect *effect, unsigned *argument)
{
    source *s = p->inside_user;
    (void)effect;
    if (s->period == 0 || p->effects % s->period != 0 || s->size == 0)
        return PLAY_NOTHING;
    play_action action = (play_action)(next_byte(s) % PLAY_COUNT);
    *argument = next_byte(s);
    return action;
}

static void receive_frame(play *p, source *s)
{
    char text[512];
    unsigned which = next_byte(s);
    snprintf(text, sizeof(text), frames[which % (sizeof(frames) / sizeof(frames[0]))], next_byte(s));
    play_receive_text(p, text);
}

static void receive_raw(play *p, source *s)
{
    size_t size = next_byte(s);
    const char *data = (const char *)s->data;
    if (size > s->size)
        size = s->size;
    s->data += size;
    s->size -= size;
    play_receive(p, data, size);
}

static void reply_raw(play *p, source *s)
{
    size_t size = next_byte(s);
    const char *data = (const char *)s->data;
    if (size > s->size)
        size = s->size;
    s->data += size;
    s->size -= size;
    play_reply(p, data, size);
}

static void operate(play *p, source *s)
{
    unsigned operation = next_byte(s) % OPERATION_COUNT;
    unsigned argument;
    switch (operation) {
    case OPERATION_ANSWER:
        play_answer(p);
        break;
    case OPERATION_PASS:
        play_pass(p, (int64_t)1 << next_byte(s) % 18);
        break;
    case OPERATION_REPLY:
        reply_raw(p, s);
        break;
    case OPERATION_RAW:
        receive_raw(p, s);
        break;
    case OPERATION_FRAME:
        receive_frame(p, s);
        break;
    case OPERATION_FAIL:
        argument = next_byte(s);
        p->fail_at = p->allocations + 1 + argument % 128;
        p->fail_on = argument >= 128;
        break;
    case OPERATION_HEAL:
        p->fail_at = 0;
        break;
    case OPERATION_INSIDE:
        s->period = next_byte(s);
        break;
    default:
        play_act(p, (play_action)operation, next_byte(s));
        break;
    }
}

static void choose_options(play *p, unsigned choice)
{
    if (choice & 1)
        p->options.resubscribe = false;
    if (choice & 2)
        p->options.queue_size_max = 200;
    if (choice & 4)
        p->options.message_size_max = 100;
    if (choice & 8) {
        p->options.calls_max = 2;
        p->options.subscriptions_max = 2;
    }
    if (choice & 16) {
        p->options.ping_interval = 100;
        p->options.pong_wait_timeout = 300;
    }
    if (choice & 32)
        p->options.batch = true;
    if (choice & 64) {
        p->options.refresh_attempts = 2;
        p->options.auth_timeout = p->options.refresh_timeout = 500;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static play p;
    source s = {data, size, 0};
    play_init(&p);
    choose_options(&p, next_byte(&s));
    p.inside = inside;
    p.inside_user = &s;
    if (play_start(&p)) {
        while (s.size > 0)
            operate(&p, &s);
    }
    p.inside = NULL;
    play_end(&p);
    return 0;
}
