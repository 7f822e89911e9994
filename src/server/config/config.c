#include "server/config/config.h"

#include "server/config/options.h"
#include "server/config/storage.h"

#include <string.h>

const cf_channel_options *cf_config_channel(const cf_config *config, cf_bytes channel)
{
    cf_bytes name = cf_channel_namespace(&config->channel_rules, channel);
    if (name.size == 0)
        return &config->channel;
    for (size_t i = 0; i < config->namespace_count; i++) {
        if (cf_bytes_equal(config->namespaces[i].name, name))
            return &config->namespaces[i].options;
    }
    return NULL;
}

bool cf_config_next_text(cf_bytes *texts, cf_bytes *text)
{
    if (texts->data == NULL)
        return false;
    ptrdiff_t comma = cf_bytes_find(*texts, CF_BYTES(","));
    *text = cf_bytes_make(texts->data, comma < 0 ? texts->size : (size_t)comma);
    *texts = comma < 0 ? (cf_bytes){0} : cf_bytes_make(texts->data + comma + 1, texts->size - (size_t)comma - 1);
    return true;
}

static void set_default(cf_config *config, const cf_option *option)
{
    if (option->offset == SIZE_MAX)
        return;
    char *target = (char *)config + option->offset;
    if (option->kind == CF_OPTION_BOOL) {
        *(bool *)(void *)target = false;
    } else if (option->kind == CF_OPTION_STRING || option->kind == CF_OPTION_TEXTS) {
        *(cf_bytes *)(void *)target = cf_bytes_of(option->initial);
    } else {
        int64_t value = 0;
        (void)cf_bytes_to_int64(cf_bytes_of(option->initial), &value);
        *(int64_t *)(void *)target = value;
    }
}

void cf_config_default(cf_config *config)
{
    memset(config, 0, sizeof(*config));
    for (size_t i = 0; i < cf_option_count; i++)
        set_default(config, &cf_options[i]);
    config->api_port = config->admin_port = config->port;
    config->name = CF_BYTES("localhost_8000");
}

/* ---- storage ---- */

typedef struct block {
    struct block *next;
    max_align_t content[];
} block;

typedef struct storage {
    const cf_allocator *allocator;
    block *blocks;
} storage;

bool cf_config_storage_open(cf_config *config, const cf_allocator *allocator)
{
    storage *store = cf_alloc(allocator, sizeof(*store));
    if (store == NULL)
        return false;
    *store = (storage){.allocator = allocator};
    config->storage = store;
    return true;
}

void *cf_config_store(cf_config *config, size_t size)
{
    storage *store = config->storage;
    block *made = cf_alloc_zero(store->allocator, 1, sizeof(block) + size);
    if (made == NULL)
        return NULL;
    made->next = store->blocks;
    store->blocks = made;
    return made->content;
}

bool cf_config_store_text(cf_config *config, cf_bytes text, cf_bytes *stored)
{
    char *copy = cf_config_store(config, text.size + 1);
    if (copy == NULL)
        return false;
    if (text.size > 0)
        memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    *stored = (cf_bytes){copy, text.size};
    return true;
}

void cf_config_free(cf_config *config)
{
    storage *store = config->storage;
    if (store != NULL) {
        const cf_allocator *allocator = store->allocator;
        while (store->blocks != NULL) {
            block *next = store->blocks->next;
            cf_free(allocator, store->blocks);
            store->blocks = next;
        }
        cf_free(allocator, store);
    }
    cf_config_default(config);
}
