#include "json/json.h"
#include "server/notation/notation.h"
#include "server/notation/toml.h"

#include <stdio.h>
#include <string.h>

void cf_document_init(cf_document *document, const cf_allocator *allocator)
{
    memset(document, 0, sizeof(*document));
    cf_buffer_init(&document->json, allocator, CF_DOCUMENT_SIZE_MAX);
    cf_buffer_init(&document->places, allocator, CF_DOCUMENT_SIZE_MAX);
}

void cf_document_free(cf_document *document)
{
    cf_buffer_free(&document->json);
    cf_buffer_free(&document->places);
}

const cf_config_mark *cf_document_places(const cf_document *document, size_t *count)
{
    *count = document->places.size / sizeof(cf_config_mark);
    return (const cf_config_mark *)(const void *)document->places.data;
}

void cf_document_fail(cf_document *document, cf_mark mark, const char *problem)
{
    if (document->failed)
        return;
    document->failed = true;
    document->mark = mark;
    (void)snprintf(document->problem, sizeof(document->problem), "%s", problem);
}

static void check_size(cf_document *document, cf_mark mark)
{
    if (document->json.failed || document->places.failed)
        cf_document_fail(document, mark, "too large: more than 16 MiB with all aliases written out");
}

static bool add_place(cf_document *document, cf_mark mark, bool inherited)
{
    cf_config_mark place = {document->json.size, mark.line, mark.column, inherited, false};
    cf_buffer_append(&document->places, (cf_bytes){(const char *)&place, sizeof(place)});
    check_size(document, mark);
    return !document->failed;
}

/* A comma, unless the value is the first one here, or a member's. */
static void separate(cf_document *document)
{
    const cf_buffer *json = &document->json;
    if (json->size > 0 && strchr("{[:", json->data[json->size - 1]) == NULL)
        cf_buffer_append_byte(&document->json, ',');
}

static bool begin(cf_document *document, cf_mark mark, char bracket)
{
    if (document->depth == CF_DOCUMENT_DEPTH_MAX)
        cf_document_fail(document, mark, "nested too deep: more than 32 levels");
    separate(document);
    if (document->failed || !add_place(document, mark, false))
        return false;
    document->depth++;
    cf_buffer_append_byte(&document->json, bracket);
    return true;
}

static void end(cf_document *document, char bracket)
{
    document->depth--;
    cf_buffer_append_byte(&document->json, bracket);
}

bool cf_document_begin_object(cf_document *document, cf_mark mark)
{
    return begin(document, mark, '{');
}

void cf_document_end_object(cf_document *document)
{
    end(document, '}');
}

bool cf_document_begin_list(cf_document *document, cf_mark mark)
{
    return begin(document, mark, '[');
}

void cf_document_end_list(cf_document *document)
{
    end(document, ']');
}

bool cf_document_key(cf_document *document, const char *text, size_t size, cf_mark mark, bool inherited)
{
    separate(document);
    if (document->failed || !add_place(document, mark, inherited))
        return false;
    cf_json_write_string(&document->json, (cf_bytes){text, size});
    cf_buffer_append_byte(&document->json, ':');
    return true;
}

void cf_document_text(cf_document *document, const char *text, size_t size)
{
    separate(document);
    cf_json_write_string(&document->json, (cf_bytes){text, size});
}

/* Its key's place is the last one; of an element of a list nobody asks. */
void cf_document_word(cf_document *document, const char *text, size_t size)
{
    cf_buffer *places = &document->places;
    if (places->size > 0)
        ((cf_config_mark *)(void *)(places->data + places->size))[-1].plain = true;
    cf_document_text(document, text, size);
}

void cf_document_literal(cf_document *document, const char *text, size_t size)
{
    separate(document);
    cf_buffer_append(&document->json, (cf_bytes){text, size});
}

bool cf_document_finish(cf_document *document)
{
    cf_mark start = {1, 1};
    check_size(document, start);
    return !document->failed;
}

bool cf_toml_read(cf_document *document, cf_bytes text)
{
    cf_toml_write(document, text.size > 0 ? text.data : "", text.size);
    return cf_document_finish(document);
}
