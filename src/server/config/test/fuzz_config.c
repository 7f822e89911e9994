/* Any text as a configuration file: it is read or refused with a reason, and nothing is lost. */
#include "base/assert.h"
#include "server/config/config.h"
#include "system/heap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cf_config config;
    cf_config_report report;
    cf_config_report_init(&report, &cf_heap);
    cf_config_input input = {.file_path = "f", .file_text = {(const char *)data, size}, .secret_may_be_empty = true};
    cf_config_status status = cf_config_load(&config, &input, &cf_heap, &report);
    CF_ASSERT((status == CF_CONFIG_OK) == (report.error.size == 0));
    if (status == CF_CONFIG_OK) {
        CF_ASSERT(config.name.size > 0);
        CF_ASSERT(config.client_channel_limit > 0 && config.port >= 0 && config.port <= 65535);
        (void)cf_config_channel(&config, CF_BYTES("$ab:c"));
    }
    cf_config_free(&config);
    cf_config_report_free(&report);
    return 0;
}
