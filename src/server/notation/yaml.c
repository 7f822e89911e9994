/*
 * YAML by libyaml. A text without quotes becomes a word: what `yes` or `010` is depends on the option, so that a name or secret
 * of these letters stays as it was written.
 */
#include "json/json.h"
#include "server/notation/notation.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define MERGES_MAX 10000 /* mappings whose members are written, each time */

typedef struct reader {
    cf_document *out;
    yaml_document_t *in;
    unsigned depth; /* of mappings that are being written, merged ones too */
    unsigned mappings;
} reader;

static cf_mark mark_of(yaml_mark_t mark)
{
    return (cf_mark){mark.line + 1, mark.column + 1};
}

static void fail_at(reader *r, const yaml_node_t *node, const char *problem)
{
    cf_document_fail(r->out, mark_of(node->start_mark), problem);
}

static cf_bytes text_of(const yaml_node_t *node)
{
    return (cf_bytes){(const char *)node->data.scalar.value, node->data.scalar.length};
}

/* ---- scalars ---- */

static bool is_one_of(cf_bytes text, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (cf_bytes_equal(text, cf_bytes_of(*list)))
            return true;
    }
    return false;
}

static bool is_number(cf_bytes text)
{
    return strchr("-0123456789", text.data[0]) != NULL && cf_json_valid(text) && text.data[text.size - 1] != ' ';
}

static void write_scalar(reader *r, const yaml_node_t *node)
{
    static const char *const nothing[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const truths[] = {"true", "false", NULL};
    cf_bytes text = text_of(node);
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        cf_document_text(r->out, text.data, text.size);
    else if (is_one_of(text, nothing))
        cf_document_literal(r->out, "null", 4);
    else if (is_one_of(text, truths) || is_number(text))
        cf_document_literal(r->out, text.data, text.size);
    else
        cf_document_word(r->out, text.data, text.size);
}

/* ---- lists and mappings ---- */

/* A mapping without members adds nothing to the text, so that its size limits no merges. */
static bool enter(reader *r, const yaml_node_t *node)
{
    if (r->depth == CF_DOCUMENT_DEPTH_MAX)
        fail_at(r, node, "nested too deep: more than 32 levels");
    if (r->mappings == MERGES_MAX)
        fail_at(r, node, "too many mappings: more than 10000, each alias and merge counted");
    r->depth++;
    r->mappings++;
    return !r->out->failed;
}

static void write_node(reader *r, int index);

static void write_list(reader *r, const yaml_node_t *node)
{
    const yaml_node_item_t *item = node->data.sequence.items.start;
    if (!cf_document_begin_list(r->out, mark_of(node->start_mark)))
        return;
    for (; item < node->data.sequence.items.top && !r->out->failed; item++)
        write_node(r, *item);
    cf_document_end_list(r->out);
}

static bool is_merge(const yaml_node_t *key)
{
    return key->type == YAML_SCALAR_NODE && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           cf_bytes_equal(text_of(key), CF_BYTES("<<"));
}

static void write_members(reader *r, const yaml_node_t *mapping, bool inherited);

static void write_merged(reader *r, int index)
{
    const yaml_node_t *node = yaml_document_get_node(r->in, index);
    if (node->type == YAML_MAPPING_NODE)
        write_members(r, node, true);
    else
        fail_at(r, node, "'<<' needs a mapping, or a list of mappings");
}

/* Of a list the first mapping counts most, so it comes last. */
static void write_merge(reader *r, int index)
{
    const yaml_node_t *node = yaml_document_get_node(r->in, index);
    if (node->type != YAML_SEQUENCE_NODE) {
        write_merged(r, index);
        return;
    }
    const yaml_node_item_t *item = node->data.sequence.items.top;
    while (item > node->data.sequence.items.start && !r->out->failed)
        write_merged(r, *--item);
}

static void write_member(reader *r, const yaml_node_t *key, int value, bool inherited)
{
    cf_bytes name = key->type == YAML_SCALAR_NODE ? text_of(key) : (cf_bytes){0};
    if (key->type != YAML_SCALAR_NODE)
        fail_at(r, key, "a key must be a text");
    if (cf_document_key(r->out, name.data, name.size, mark_of(key->start_mark), inherited))
        write_node(r, value);
}

/* What is merged comes before what the mapping has itself, because the last one of a name counts. */
static void write_members(reader *r, const yaml_node_t *mapping, bool inherited)
{
    const yaml_node_pair_t *first = mapping->data.mapping.pairs.start;
    const yaml_node_pair_t *end = mapping->data.mapping.pairs.top;
    if (!enter(r, mapping))
        return;
    for (const yaml_node_pair_t *pair = first; pair < end && !r->out->failed; pair++) {
        if (is_merge(yaml_document_get_node(r->in, pair->key)))
            write_merge(r, pair->value);
    }
    for (const yaml_node_pair_t *pair = first; pair < end && !r->out->failed; pair++) {
        const yaml_node_t *key = yaml_document_get_node(r->in, pair->key);
        if (!is_merge(key))
            write_member(r, key, pair->value, inherited);
    }
    r->depth--;
}

static void write_mapping(reader *r, const yaml_node_t *node)
{
    if (!cf_document_begin_object(r->out, mark_of(node->start_mark)))
        return;
    write_members(r, node, false);
    cf_document_end_object(r->out);
}

static bool is_known_tag(const yaml_node_t *node)
{
    static const char *const known[] = {YAML_NULL_TAG,  YAML_BOOL_TAG, YAML_STR_TAG, YAML_INT_TAG,
                                        YAML_FLOAT_TAG, YAML_SEQ_TAG,  YAML_MAP_TAG, NULL};
    return is_one_of(cf_bytes_of((const char *)node->tag), known);
}

static void write_node(reader *r, int index)
{
    const yaml_node_t *node = yaml_document_get_node(r->in, index);
    if (!is_known_tag(node))
        fail_at(r, node, "a value with a tag of its own: tags have no meaning here, remove it");
    else if (node->type == YAML_SCALAR_NODE)
        write_scalar(r, node);
    else if (node->type == YAML_SEQUENCE_NODE)
        write_list(r, node);
    else
        write_mapping(r, node);
}

/* ---- the file ---- */

/* What is no character has an offset only. */
static cf_mark mark_at(cf_bytes text, size_t offset)
{
    cf_mark mark = {1, 1};
    for (size_t i = 0; i < offset && i < text.size; i++) {
        mark.column = text.data[i] == '\n' ? 1 : mark.column + 1;
        mark.line += text.data[i] == '\n';
    }
    return mark;
}

static void fail_parse(cf_document *out, const yaml_parser_t *parser, cf_bytes text)
{
    char problem[sizeof(out->problem)];
    const char *context = parser->context != NULL ? parser->context : "";
    bool is_byte = parser->error == YAML_READER_ERROR;
    (void)snprintf(problem, sizeof(problem), "%s%s%s", context, context[0] != 0 ? " " : "",
                   parser->problem != NULL ? parser->problem : "out of memory");
    cf_document_fail(out, is_byte ? mark_at(text, parser->problem_offset) : mark_of(parser->problem_mark), problem);
}

static void write_root(cf_document *out, yaml_document_t *in)
{
    reader r = {.out = out, .in = in};
    const yaml_node_t *root = yaml_document_get_root_node(in);
    if (root == NULL || (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0))
        cf_document_literal(out, "{}", 2);
    else if (root->type != YAML_MAPPING_NODE)
        fail_at(&r, root, "the configuration must be one mapping, as in 'secret: ...'");
    else
        write_mapping(&r, root);
}

static bool load(cf_document *out, yaml_parser_t *parser, yaml_document_t *document, cf_bytes text)
{
    if (yaml_parser_load(parser, document) != 0)
        return true;
    fail_parse(out, parser, text);
    return false;
}

static void refuse_second(cf_document *out, yaml_parser_t *parser, cf_bytes text)
{
    yaml_document_t document;
    if (out->failed || !load(out, parser, &document, text))
        return;
    const yaml_node_t *root = yaml_document_get_root_node(&document);
    if (root != NULL)
        cf_document_fail(out, mark_of(root->start_mark), "a second document begins here: a configuration is one");
    yaml_document_delete(&document);
}

static void read_all(cf_document *out, yaml_parser_t *parser, cf_bytes text)
{
    yaml_document_t document;
    const char *start = text.size > 0 ? text.data : "";
    yaml_parser_set_input_string(parser, (const unsigned char *)start, text.size);
    if (!load(out, parser, &document, text))
        return;
    bool is_empty = yaml_document_get_root_node(&document) == NULL;
    write_root(out, &document);
    yaml_document_delete(&document);
    if (!is_empty)
        refuse_second(out, parser, text);
}

bool cf_yaml_read(cf_document *document, cf_bytes text)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) {
        cf_document_fail(document, (cf_mark){1, 1}, "out of memory");
        return false;
    }
    read_all(document, &parser, text);
    yaml_parser_delete(&parser);
    return cf_document_finish(document);
}
