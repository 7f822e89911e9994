/*
 * Configuration files in YAML and TOML. They are written again as JSON, with a table of the places where things stood: the
 * config room checks one notation, and says of all three the same with the right line and column.
 *
 * Aliases of YAML are written out: what a few lines may become has a limit.
 */
#ifndef CF_SERVER_NOTATION_NOTATION_H
#define CF_SERVER_NOTATION_NOTATION_H

#include "base/buffer.h"
#include "server/config/config.h"
#include "server/notation/builder.h"

#define CF_DOCUMENT_SIZE_MAX  (16 * 1024 * 1024) /* bytes of the JSON, and of the places */
#define CF_DOCUMENT_DEPTH_MAX 32                 /* no option needs more than two */

struct cf_document {
    cf_buffer json;
    cf_buffer places; /* of cf_config_mark, by offset */
    unsigned depth;
    bool failed;
    cf_mark mark; /* of the problem */
    char problem[256];
};

void cf_document_init(cf_document *document, const cf_allocator *allocator);
void cf_document_free(cf_document *document);
/* Was all of it taken? */
bool cf_document_finish(cf_document *document);
const cf_config_mark *cf_document_places(const cf_document *document, size_t *count);

/* False: `problem` says what is wrong, and `mark` where. */
bool cf_yaml_read(cf_document *document, cf_bytes text);
/* A build without toml++ refuses every text, and says what to do. */
bool cf_toml_read(cf_document *document, cf_bytes text);

#endif
