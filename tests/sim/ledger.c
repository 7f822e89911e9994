#include "ledger.h"

#include "heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t sim_hash(cf_bytes bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (unsigned char)bytes.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void sim_ledger_free(sim_ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++)
        free(ledger->channels[i].published);
    *ledger = (sim_ledger){.count = 0};
}

sim_channel *sim_ledger_find(sim_ledger *ledger, cf_bytes name)
{
    for (size_t i = 0; i < ledger->count; i++)
        if (cf_bytes_equal(ledger->channels[i].name, name))
            return &ledger->channels[i];
    return NULL;
}

static void grow(sim_channel *channel)
{
    size_t capacity = channel->capacity > 0 ? channel->capacity * 2 : 64;
    sim_published *published = sim_alloc(capacity * sizeof(*published));
    if (channel->count > 0)
        memcpy(published, channel->published, channel->count * sizeof(*published));
    free(channel->published);
    channel->published = published;
    channel->capacity = capacity;
}

void sim_ledger_add(sim_channel *channel, cf_bytes uid, cf_bytes data)
{
    if (channel->count == channel->capacity)
        grow(channel);
    sim_published *published = &channel->published[channel->count++];
    published->uid_size = uid.size < SIM_UID_MAX ? uid.size : SIM_UID_MAX;
    memcpy(published->uid, uid.data, published->uid_size);
    published->data = sim_hash(data);
}

bool sim_ledger_follows(sim_channel *channel, const cf_publication *publication)
{
    char data[64] = "";
    sim_newest this = {.draft = 0};
    unsigned from;
    memcpy(data, publication->data.data, publication->data.size < sizeof(data) ? publication->data.size : sizeof(data) - 1);
    if (sscanf(data, "{\"from\":%u,\"draft\":%u,", &from, &this.draft) != 2)
        return true;
    memcpy(this.connection, publication->client.data,
           publication->client.size < SIM_UID_MAX ? publication->client.size : SIM_UID_MAX);
    sim_newest *newest = &channel->newest[from];
    bool follows = memcmp(newest->connection, this.connection, SIM_UID_MAX) != 0 || newest->draft < this.draft;
    *newest = this;
    return follows;
}

size_t sim_ledger_number(const sim_channel *channel, cf_bytes uid)
{
    for (size_t i = channel->count; i > 0; i--) {
        const sim_published *published = &channel->published[i - 1];
        if (cf_bytes_equal(cf_bytes_make(published->uid, published->uid_size), uid))
            return i;
    }
    return 0;
}
