/*
 * The fields of a form, from the query string, an urlencoded body or a
 * multipart one (RFC 7578). The body wins over the query.
 */
#ifndef CF_SERVER_API_FORM_H
#define CF_SERVER_API_FORM_H

#include "base/buffer.h"

typedef struct cf_form_field {
    cf_bytes name;
    cf_buffer value; /* empty when absent */
} cf_form_field;

/* What is asked for: the fields' names. */
typedef struct cf_form {
    cf_form_field *fields;
    size_t count;
} cf_form;

void cf_form_init(cf_form *form, const cf_allocator *allocator);
void cf_form_free(cf_form *form);
/* False without memory. What cannot be read is as if it was not there. */
bool cf_form_read(cf_form *form, cf_bytes content_type, cf_bytes query, cf_bytes body);

#endif
