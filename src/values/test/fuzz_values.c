/*
 * The public JSON functions against the reader below them: what a walk finds is what the text has, slices lie inside of it,
 * what is written is read again as it was, and no function fails where another one succeeds.
 */
#include "json/json.h"

#include <centrifuge/json.h>

#include <stdlib.h>
#include <string.h>

#define CHECK(condition) ((condition) ? (void)0 : abort())

#define ROOM_SIZE 4096
#define WALK_MAX  64 /* levels */

static void check_inside(centrifuge_bytes slice, centrifuge_bytes input)
{
    CHECK(slice.bytes >= input.bytes && slice.size <= input.size);
    CHECK((size_t)(slice.bytes - input.bytes) <= input.size - slice.size);
}

/* Decoded and written again it is the same text; too little room is told. */
static void check_string(centrifuge_bytes value)
{
    char text[ROOM_SIZE], room[8 * ROOM_SIZE], again[ROOM_SIZE];
    size_t length, second;
    centrifuge_json_writer writer;
    centrifuge_bytes written;
    if (centrifuge_json_text(value, text, sizeof text, &length)) {
        CHECK(value.size > sizeof text);
        return;
    }
    CHECK(length == 0 || centrifuge_json_text(value, again, length, &second) == CENTRIFUGE_ERROR_NO_ROOM);
    CHECK(centrifuge_json_text(value, again, length + 1, &second) == CENTRIFUGE_ERROR_OK && second == length);
    centrifuge_json_begin(&writer, room, sizeof room);
    centrifuge_json_add_bytes(&writer, NULL, text, length);
    CHECK(!centrifuge_json_end(&writer, &written));
    CHECK(!centrifuge_json_text(written, again, sizeof again, &second));
    CHECK(second == length && memcmp(text, again, length) == 0);
}

static void check_number(centrifuge_bytes value)
{
    char room[64];
    double number, back;
    centrifuge_json_writer writer;
    centrifuge_bytes written;
    if (centrifuge_json_double(value, &number))
        return;
    centrifuge_json_begin(&writer, room, sizeof room);
    centrifuge_json_add_double(&writer, NULL, number);
    CHECK(!centrifuge_json_end(&writer, &written) && !centrifuge_json_double(written, &back));
    CHECK(!(back < number) && !(back > number));
}

static void walk(centrifuge_bytes value, int level)
{
    centrifuge_json_items items;
    centrifuge_json_kind kind = centrifuge_json_get_kind(value);
    CHECK(!centrifuge_json_check(value, NULL));
    if (kind == CENTRIFUGE_JSON_STRING)
        check_string(value);
    if (kind == CENTRIFUGE_JSON_NUMBER)
        check_number(value);
    centrifuge_json_walk(&items, value);
    while (level < WALK_MAX && centrifuge_json_next(&items)) {
        check_inside(items.value, value);
        if (items.name.size > 0)
            check_string(items.name);
        walk(items.value, level + 1);
    }
    bool container = kind == CENTRIFUGE_JSON_ARRAY || kind == CENTRIFUGE_JSON_OBJECT;
    CHECK(level == WALK_MAX || items.error == (container ? CENTRIFUGE_ERROR_OK : CENTRIFUGE_ERROR_JSON_KIND));
}

static void read_entries(centrifuge_bytes input)
{
    centrifuge_entries entries;
    centrifuge_message message;
    centrifuge_client_info client;
    centrifuge_entries_begin(&entries, input);
    while (centrifuge_entries_next_message(&entries, &message))
        CHECK(strlen(message.uid) + strlen(message.client) + strlen(message.user) < sizeof entries.strings);
    centrifuge_entries_begin(&entries, input);
    while (centrifuge_entries_next_client(&entries, &client))
        check_inside(client.raw, input);
}

/* Whatever calls follow each other: what comes out is JSON. */
static void write_by(const uint8_t *data, size_t size)
{
    char room[256];
    centrifuge_json_writer writer;
    centrifuge_bytes written;
    centrifuge_json_begin(&writer, room, size % sizeof room);
    for (size_t i = 0; i < size; i++) {
        const char *name = data[i] & 0x80 ? "n" : NULL;
        switch (data[i] & 7) {
        case 0:
            centrifuge_json_open_object(&writer, name);
            break;
        case 1:
            centrifuge_json_open_array(&writer, name);
            break;
        case 2:
        case 3:
            centrifuge_json_close(&writer);
            break;
        case 4:
            centrifuge_json_add_bytes(&writer, name, (const char *)data + i, size - i < 4 ? size - i : 4);
            break;
        case 5:
            centrifuge_json_add_int(&writer, name, data[i]);
            break;
        case 6:
            centrifuge_json_add_double(&writer, name, data[i] / 3.0);
            break;
        default:
            centrifuge_json_add_value(&writer, name, (centrifuge_bytes){(const char *)data + i, 1});
        }
    }
    if (!centrifuge_json_end(&writer, &written))
        CHECK(!centrifuge_json_check(written, NULL) && room[written.size] == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    centrifuge_bytes input = {(const char *)data, size};
    bool valid = cf_json_valid(cf_bytes_make((const char *)data, size));
    CHECK((centrifuge_json_check(input, NULL) == CENTRIFUGE_ERROR_OK) == valid);
    if (valid)
        walk(input, 0);
    read_entries(input);
    write_by(data, size);
    return 0;
}
