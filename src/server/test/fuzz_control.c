#include "server/control.h"

#include "base/assert.h"
#include "system/heap.h"

#include <stdint.h>
#include <stdlib.h>

/* The first line is the method, the rest the parameters: whatever another program says on the nodes' wire. */

/* What is understood can be said again. */
static void check_written(const cf_control *control)
{
    cf_buffer out;
    cf_buffer_init(&out, &cf_heap, CF_BUFFER_NO_LIMIT);
    if (control->kind == CF_CONTROL_PING) {
        cf_control_begin_info(&out, &control->info);
        cf_json_write_compact(&out, control->info.metrics);
        cf_buffer_append_byte(&out, '}');
    } else {
        cf_control_write(&out, control);
    }
    CF_ASSERT(cf_json_valid(cf_buffer_bytes(&out)));
    cf_buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_bytes input = {(const char *)data, size};
    ptrdiff_t line = cf_bytes_find(input, CF_BYTES("\n"));
    if (line < 0)
        return 0;
    cf_engine_control message = {
        .node = CF_BYTES("n"),
        .method = cf_bytes_slice(input, 0, (size_t)line),
        .params = cf_bytes_slice(input, (size_t)line + 1, size),
    };
    cf_control control;
    cf_buffer scratch;
    cf_buffer_init(&scratch, &cf_heap, CF_BUFFER_NO_LIMIT);
    CF_ASSERT(cf_buffer_reserve(&scratch, message.params.size + 1));
    if (cf_control_read(&message, &control, &scratch))
        check_written(&control);
    cf_buffer_free(&scratch);
    return 0;
}
