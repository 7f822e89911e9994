/*
 * What is true of every text in every notation; for the fuzz targets.
 */
#ifndef CF_SERVER_NOTATION_TEST_FUZZ_NOTATION_H
#define CF_SERVER_NOTATION_TEST_FUZZ_NOTATION_H

#include "base/assert.h"
#include "json/json.h"
#include "server/notation/notation.h"

#include <stdlib.h>

static void *fuzz_resize(void *user, void *memory, size_t size)
{
    (void)user;
    if (size == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, size);
}

static const cf_allocator fuzz_allocator = {fuzz_resize, NULL};

static void fuzz_load(const cf_document *document)
{
    cf_config config;
    cf_config_report report;
    cf_config_input input = {.file_path = "f", .file_text = cf_buffer_bytes(&document->json), .secret_may_be_empty = true};
    cf_config_report_init(&report, &fuzz_allocator);
    input.places = cf_document_places(document, &input.place_count);
    cf_config_status status = cf_config_load(&config, &input, &fuzz_allocator, &report);
    CF_ASSERT(status != CF_CONFIG_PARSE_ERROR);
    CF_ASSERT((status == CF_CONFIG_OK) == (report.error.size == 0));
    cf_config_free(&config);
    cf_config_report_free(&report);
}

static void fuzz_notation(bool (*read)(cf_document *, cf_bytes), const uint8_t *data, size_t size)
{
    cf_document document;
    cf_document_init(&document, &fuzz_allocator);
    if (read(&document, (cf_bytes){(const char *)data, size})) {
        CF_ASSERT(cf_json_valid(cf_buffer_bytes(&document.json)));
        fuzz_load(&document);
    } else {
        CF_ASSERT(document.problem[0] != 0 && document.mark.line > 0 && document.mark.column > 0);
    }
    cf_document_free(&document);
}

#endif
