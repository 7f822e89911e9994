/* The answers to presence and history, entry by entry. */
#include "values/values.h"

#include <string.h>

/* What the entries of both have; not all of it in either. */
typedef struct fields {
    centrifuge_bytes uid;
    centrifuge_bytes channel;
    centrifuge_bytes client;
    centrifuge_bytes user;
    centrifuge_bytes data;
    centrifuge_bytes info;
    centrifuge_bytes default_info;
    centrifuge_bytes channel_info;
} fields;

static const struct {
    const char *name;
    size_t offset;
} rows[] = {
    {"uid", offsetof(fields, uid)},
    {"channel", offsetof(fields, channel)},
    {"client", offsetof(fields, client)},
    {"user", offsetof(fields, user)},
    {"data", offsetof(fields, data)},
    {"info", offsetof(fields, info)},
    {"default_info", offsetof(fields, default_info)},
    {"channel_info", offsetof(fields, channel_info)},
};

static void read_fields(centrifuge_bytes entry, fields *read)
{
    centrifuge_json_items members;
    *read = (fields){0};
    centrifuge_json_walk(&members, entry);
    while (centrifuge_json_next(&members))
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            if (centrifuge_json_equal(members.name, rows[i].name))
                *(centrifuge_bytes *)(void *)((char *)read + rows[i].offset) = members.value;
}

/* With a NUL, in the room of the entry; "" for what is no string, and without room. */
static const char *string(centrifuge_entries *entries, centrifuge_bytes value)
{
    size_t length;
    char *text = entries->strings + entries->used;
    size_t room = sizeof entries->strings - entries->used;
    centrifuge_error error = room > 0 ? centrifuge_json_text(value, text, room, &length) : CENTRIFUGE_ERROR_NO_ROOM;
    if (error == CENTRIFUGE_ERROR_NO_ROOM && centrifuge_json_get_kind(value) == CENTRIFUGE_JSON_STRING)
        entries->error = error;
    if (error)
        return "";
    entries->used += length + 1;
    return text;
}

/* The strings of the last entry are over. */
static bool next_object(centrifuge_entries *entries, centrifuge_bytes *entry)
{
    entries->used = 0;
    while (centrifuge_json_next(&entries->items)) {
        *entry = entries->items.value;
        if (centrifuge_json_get_kind(*entry) == CENTRIFUGE_JSON_OBJECT)
            return true;
    }
    if (entries->items.error)
        entries->error = entries->items.error;
    return false;
}

/* As much as the application's struct has. */
static void hand_out(void *to, size_t size, const void *made, size_t known)
{
    memset(to, 0, size);
    memcpy(to, made, size < known ? size : known);
}

void centrifuge_entries_begin(centrifuge_entries *entries, centrifuge_bytes data)
{
    entries->error = CENTRIFUGE_ERROR_OK;
    entries->used = 0;
    centrifuge_json_walk(&entries->items, data);
}

bool centrifuge_entries_next_message_sized(centrifuge_entries *entries, centrifuge_message *message, size_t size)
{
    centrifuge_bytes entry;
    fields read;
    if (!next_object(entries, &entry))
        return false;
    read_fields(entry, &read);
    centrifuge_message made = {
        .channel = string(entries, read.channel),
        .data = read.data,
        .uid = string(entries, read.uid),
        .client = string(entries, read.client),
        .info = read.info,
        .raw = entry,
        .user = string(entries, centrifuge_json_find(read.info, "user")),
        .history = true,
    };
    hand_out(message, size, &made, sizeof made);
    return true;
}

bool centrifuge_entries_next_client_sized(centrifuge_entries *entries, centrifuge_client_info *client, size_t size)
{
    centrifuge_bytes entry;
    fields read;
    if (!next_object(entries, &entry))
        return false;
    read_fields(entry, &read);
    centrifuge_client_info made = {
        .client = string(entries, read.client),
        .user = string(entries, read.user),
        .default_info = read.default_info,
        .channel_info = read.channel_info,
        .raw = entry,
    };
    hand_out(client, size, &made, sizeof made);
    return true;
}
