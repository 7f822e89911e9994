#include "wire/v1/v1.h"

#include "base/assert.h"

static const cf_json_field command_fields[] = {
    {"uid", CF_JSON_FIELD_STRING, offsetof(cf_wire_command, uid)},
    {"method", CF_JSON_FIELD_STRING, offsetof(cf_wire_command, method)},
    {"params", CF_JSON_FIELD_RAW, offsetof(cf_wire_command, params)},
};

static bool read_command(cf_json_reader *reader, cf_wire_command *command, cf_buffer *scratch)
{
    *command = (cf_wire_command){{NULL, 0}, {NULL, 0}, {NULL, 0}};
    cf_buffer_truncate(scratch, 0);
    return cf_json_read_fields(reader, command_fields, sizeof(command_fields) / sizeof(command_fields[0]), true, command,
                               scratch);
}

/* Checks the whole array and counts its commands. */
static bool check_array(cf_bytes text, size_t *count, cf_buffer *scratch)
{
    cf_json_reader reader;
    cf_wire_command command;
    cf_json_reader_init(&reader, text);
    cf_json_enter_array(&reader);
    while (cf_json_next_element(&reader)) {
        if (!read_command(&reader, &command, scratch))
            return false;
        (*count)++;
    }
    return cf_json_finish(&reader);
}

bool cf_wire_commands_begin(cf_wire_commands *commands, cf_bytes text, cf_buffer *scratch)
{
    *commands = (cf_wire_commands){.array = false};
    cf_buffer_clear(scratch);
    cf_json_reader_init(&commands->reader, text);
    /* J1: the very first byte decides, white space in front is an error */
    if (text.size == 0 || (text.data[0] != '{' && text.data[0] != '[') || !cf_buffer_reserve(scratch, text.size))
        return false;
    if (text.data[0] == '{') {
        commands->count =
            read_command(&commands->reader, &commands->only, scratch) && cf_json_finish(&commands->reader) ? 1 : 0;
        return commands->count == 1;
    }
    size_t count = 0;
    if (!check_array(text, &count, scratch))
        return false;
    commands->array = true;
    commands->count = count;
    cf_json_enter_array(&commands->reader);
    return count > 0;
}

bool cf_wire_commands_next(cf_wire_commands *commands, cf_wire_command *command, cf_buffer *scratch)
{
    if (commands->taken == commands->count)
        return false;
    commands->taken++;
    if (!commands->array) {
        *command = commands->only;
        return true;
    }
    bool found = cf_json_next_element(&commands->reader);
    bool read = read_command(&commands->reader, command, scratch);
    CF_ASSERT(found && read); /* as when they were counted */
    return true;
}

void cf_wire_commands_move(cf_wire_commands *commands, const char *text)
{
    cf_json_reader *reader = &commands->reader;
    reader->at = text + (reader->at - reader->start);
    reader->end = text + (reader->end - reader->start);
    reader->start = text;
}
