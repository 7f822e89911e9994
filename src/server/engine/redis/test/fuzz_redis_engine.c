#include "server/engine/redis/test/rig.h"

#include "base/assert.h"
#include "base/test/allocator.h"

/*
 * Whatever comes instead of replies while operations wait: a byte for the line and the size of what comes on it, then that, and
 * so on. Each operation is answered once, or not at all.
 */

static void ask(rig *self)
{
    cf_engine *engine = self->engine;
    cf_channel_options kept = {.history_size = 3, .history_lifetime = 60};
    cf_publication publication = {.channel = CF_BYTES("a"), .data = CF_BYTES("1")};
    engine->ops->subscribe(engine, CF_BYTES("a"), rig_done, self);
    engine->ops->publish(engine, &publication, &kept, rig_done, self);
    engine->ops->history(engine, CF_BYTES("a"), &(cf_engine_history_query){.recover = true}, rig_history_done, self);
    engine->ops->presence(engine, CF_BYTES("a"), rig_presence_done, self);
    engine->ops->channels(engine, rig_channels_done, self);
}

static void play(rig *self, cf_bytes input)
{
    rig_greet(self);
    ask(self);
    while (input.size > 0) {
        unsigned char head = (unsigned char)input.data[0];
        size_t size = head / RIG_LINES;
        rig_receive(self, head % RIG_LINES, cf_bytes_slice(input, 1, 1 + size));
        rig_advance(self, 1);
        input = cf_bytes_slice(input, 1 + size, input.size);
    }
    rig_advance(self, 20000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = {0};
    cf_allocator allocator = test_allocator_make(&memory);
    rig self;
    if (rig_open(&self, &allocator, true))
        play(&self, cf_bytes_make((const char *)data, size));
    rig_close(&self);
    CF_ASSERT(memory.live == 0);
    return 0;
}
