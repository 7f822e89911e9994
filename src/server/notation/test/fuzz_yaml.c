/* Any text as a configuration in YAML: it becomes JSON with a place for each key, or is refused with a place and a reason. */
#include "server/notation/test/fuzz_notation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_notation(cf_yaml_read, data, size);
    return 0;
}
