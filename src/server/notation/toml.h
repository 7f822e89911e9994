/*
 * The seam between the C and the C++ of TOML: toml.cpp, or toml_missing.c where toml++ is not there.
 */
#ifndef CF_SERVER_NOTATION_TOML_H
#define CF_SERVER_NOTATION_TOML_H

#include "server/notation/builder.h"

#ifdef __cplusplus
extern "C" {
#endif

void cf_toml_write(cf_document *document, const char *text, size_t size);

#ifdef __cplusplus
}
#endif

#endif
