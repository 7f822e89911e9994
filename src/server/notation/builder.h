/*
 * A reader of a notation tells here what is in the file, in the file's order: it becomes JSON, and each key and object keeps
 * its place. For C++, too. After a failure nothing more is taken, so that a reader may look once at the end.
 */
#ifndef CF_SERVER_NOTATION_BUILDER_H
#define CF_SERVER_NOTATION_BUILDER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cf_document cf_document;

/* Counted from 1. */
typedef struct cf_mark {
    size_t line;
    size_t column;
} cf_mark;

/* False beyond the limits of depth and size. */
bool cf_document_begin_object(cf_document *document, cf_mark mark);
void cf_document_end_object(cf_document *document);
bool cf_document_begin_list(cf_document *document, cf_mark mark);
void cf_document_end_list(cf_document *document);
/* `inherited`: another member of the same name takes its place without a word. */
bool cf_document_key(cf_document *document, const char *text, size_t size, cf_mark mark, bool inherited);
void cf_document_text(cf_document *document, const char *text, size_t size);
/* A text without quotes, which may be meant as a bool or a number. */
void cf_document_word(cf_document *document, const char *text, size_t size);
/* What is JSON already: null, true, false, a number. */
void cf_document_literal(cf_document *document, const char *text, size_t size);
/* The first problem counts. */
void cf_document_fail(cf_document *document, cf_mark mark, const char *problem);

#ifdef __cplusplus
}
#endif

#endif
