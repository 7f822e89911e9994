/*
 * What a client or a backend sends: the list of commands, and the parameters of each as every method would read them. What was
 * decoded lies in the input or in the scratch buffer, and all commands that were counted come out.
 */
#include "base/test/allocator.h"
#include "wire/v1/v1.h"

static void check_params(const cf_wire_command *command, cf_buffer *scratch)
{
    cf_connect_params connect;
    cf_subscribe_params subscribe;
    cf_params params;
    size_t size = scratch->size;
    cf_wire_connect_params(command->params, &connect, scratch);
    cf_buffer_truncate(scratch, size);
    cf_wire_subscribe_params(command->params, &subscribe, scratch);
    for (int method = 0; method < CF_METHOD_COUNT; method++) {
        for (int api = 0; api < 2; api++) {
            cf_buffer_truncate(scratch, size);
            if (cf_wire_params((cf_method)method, api != 0, command->params, &params, scratch) &&
                params.channels.data != NULL && !cf_json_valid(params.channels))
                abort();
        }
    }
    cf_buffer_truncate(scratch, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    test_allocator memory = test_allocator_failing_at(0);
    cf_allocator allocator = test_allocator_make(&memory);
    cf_buffer scratch;
    cf_wire_commands commands;
    cf_wire_command command;
    cf_bytes text = cf_bytes_make((const char *)data, size);
    cf_buffer_init(&scratch, &allocator, CF_BUFFER_NO_LIMIT);
    bool taken = cf_wire_commands_begin(&commands, text, &scratch);
    if (taken && !cf_json_valid(text))
        abort();
    size_t count = 0;
    for (; cf_wire_commands_next(&commands, &command, &scratch); count++)
        check_params(&command, &scratch);
    if (count != (taken ? commands.count : 0) || (taken && count == 0))
        abort();
    cf_buffer_free(&scratch);
    if (memory.live != 0)
        abort();
    return 0;
}
