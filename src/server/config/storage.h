/*
 * The memory behind a configuration's slices: blocks that live as long as it.
 */
#ifndef CF_SERVER_CONFIG_STORAGE_H
#define CF_SERVER_CONFIG_STORAGE_H

#include "server/config/config.h"

/* All return false or NULL without memory. */
bool cf_config_storage_open(cf_config *config, const cf_allocator *allocator);
/* Zeroed. */
void *cf_config_store(cf_config *config, size_t size);
/* A NUL-terminated copy. */
bool cf_config_store_text(cf_config *config, cf_bytes text, cf_bytes *stored);

#endif
