/*
 * What the files of this room share: JSON for applications, over the strict reader and writer of json/, without the heap.
 */
#ifndef CF_VALUES_VALUES_H
#define CF_VALUES_VALUES_H

#include "json/json.h"

#include <centrifuge/json.h>

/* Reads one value, with nothing but white space around it. JSON_KIND when there is none. */
centrifuge_error cf_values_read(centrifuge_bytes text, cf_json_value *value);
/* How an application is told of what the reader met. */
centrifuge_error cf_values_error(cf_json_error error);

static inline centrifuge_bytes cf_values_slice(cf_bytes bytes)
{
    return (centrifuge_bytes){bytes.data, bytes.size};
}

/* A buffer that has `size` bytes of somebody else's memory, `used` of them filled, and never asks for more. */
static inline cf_buffer cf_values_room(char *room, size_t used, size_t size)
{
    return (cf_buffer){.data = room, .size = used, .capacity = size, .limit = size};
}

#endif
