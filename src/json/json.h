/*
 * JSON (RFC 8259), strict, in one pass, without allocation.
 *
 * The reader hands out raw slices of its input: users' JSON passes through byte
 * for byte (numbers, key order, spelling). Refused: invalid UTF-8, control
 * characters in strings, trailing garbage, nesting deeper than
 * CF_JSON_DEPTH_MAX. Lone surrogate escapes are accepted (the reference does);
 * they become U+FFFD when a string is decoded.
 *
 * A pull reader: the caller says what it expects next.
 *
 *     cf_json_reader_init(&reader, text);
 *     if (cf_json_enter_object(&reader))
 *         while (cf_json_next_member(&reader, &key)) {
 *             ... exactly one of cf_json_read, cf_json_enter_object, cf_json_enter_array
 *         }
 *     if (!cf_json_finish(&reader)) ... reader.error, reader.offset
 *
 * After an error every call returns false, so it may be looked at once, at the end.
 * After cf_json_next_member or _element returned false without an error, the reader has left that object or array.
 */
#ifndef CF_JSON_JSON_H
#define CF_JSON_JSON_H

#include "base/buffer.h"

#define CF_JSON_DEPTH_MAX 512

typedef enum cf_json_kind {
    CF_JSON_NONE, /* no value: not read, or the input is at its end */
    CF_JSON_NULL,
    CF_JSON_FALSE,
    CF_JSON_TRUE,
    CF_JSON_NUMBER,
    CF_JSON_STRING,
    CF_JSON_ARRAY,
    CF_JSON_OBJECT
} cf_json_kind;

typedef struct cf_json_value {
    cf_json_kind kind;
    bool escaped; /* a string with at least one backslash */
    cf_bytes raw; /* as in the input; of a string what stands between the quotes */
} cf_json_value;

typedef enum cf_json_error {
    CF_JSON_OK,
    CF_JSON_ERROR_SYNTAX,
    CF_JSON_ERROR_UTF8,
    CF_JSON_ERROR_DEPTH,
    CF_JSON_ERROR_KIND, /* valid JSON, but not what the caller entered */
    CF_JSON_ERROR_TRAILING,
    CF_JSON_ERROR_MEMORY /* of cf_json_read_fields: no room in `scratch` */
} cf_json_error;

typedef struct cf_json_reader {
    const char *start;
    const char *at;
    const char *end;
    cf_json_error error;
    size_t offset;  /* of the error, in bytes from the start */
    unsigned depth; /* of arrays and objects entered by the caller */
    bool fresh;     /* just entered: no comma expected */
} cf_json_reader;

void cf_json_reader_init(cf_json_reader *reader, cf_bytes text);
/* The kind of the next value, judged by its first byte; CF_JSON_NONE when none can start there. */
cf_json_kind cf_json_peek(cf_json_reader *reader);
bool cf_json_enter_object(cf_json_reader *reader);
/* False at the end of the object, or on an error. `key` is a string value. */
bool cf_json_next_member(cf_json_reader *reader, cf_json_value *key);
bool cf_json_enter_array(cf_json_reader *reader);
bool cf_json_next_element(cf_json_reader *reader);
/* Reads and checks one whole value of any kind. */
bool cf_json_read(cf_json_reader *reader, cf_json_value *value);
/* Only white space is left, every object and array was left, and there was no error. */
bool cf_json_finish(cf_json_reader *reader);
/* Where the error is, counted from 1, for messages about files; the column counts bytes. */
void cf_json_position(const cf_json_reader *reader, size_t *line, size_t *column);
const char *cf_json_error_text(cf_json_error error);

/* Is the text one valid JSON value, with nothing but white space around it? */
bool cf_json_valid(cf_bytes text);

/*
 * The value of one member of an object, the last one of that name; CF_JSON_NONE when there is none. False when `object` is not
 * the text of a valid object, and nothing but that.
 */
bool cf_json_find(cf_bytes object, cf_bytes name, cf_json_value *value);

/* As it stands in the input: a string with its quotes. */
cf_bytes cf_json_raw(const cf_json_value *value);

/* Strings: `raw` is the inside of a string that the reader accepted. Decoded text is never longer than `raw`. */
void cf_json_decode_string(cf_bytes raw, cf_buffer *out);
/*
 * The text of a string: where there is nothing to decode, a slice of the input, else appended to `scratch`. Empty for other
 * kinds.
 */
cf_bytes cf_json_text(const cf_json_value *value, cf_buffer *scratch);
/* Compares the decoded string. */
bool cf_json_string_equal(const cf_json_value *string, cf_bytes text);
/* The same, the case of ASCII letters aside. */
bool cf_json_string_equal_fold(const cf_json_value *string, cf_bytes text);

/* Numbers: false when it is none, or does not fit. A fraction is cut off towards zero; 1e3 is 1000. */
bool cf_json_to_int64(const cf_json_value *number, int64_t *value);

/* Writing. Text must be UTF-8; bytes that are not become U+FFFD. Escapes as the reference server: < > & and U+2028/9 too. */
void cf_json_write_string(cf_buffer *out, cf_bytes text);
/* The text as a member of an object; in front of it what stands before the value: `,"key":`. */
void cf_json_write_member(cf_buffer *out, cf_bytes key, cf_bytes text);
/* A string without the quotes, for one that is written in parts; a part ends where a character does. */
void cf_json_write_inside(cf_buffer *out, cf_bytes text);
/* A valid JSON value without insignificant white space, with < > & U+2028 U+2029 escaped. */
void cf_json_write_compact(cf_buffer *out, cf_bytes value);

/*
 * Reading an object into a struct by a table. Unknown keys are skipped, of
 * duplicates the last one wins, null leaves what is there. Strings without
 * escapes are slices of the input; the others are decoded to `scratch`, which
 * must have been reserved for the whole input, so that it does not move.
 */
typedef enum cf_json_field_kind {
    CF_JSON_FIELD_STRING, /* cf_bytes, decoded */
    CF_JSON_FIELD_BOOL,   /* bool */
    CF_JSON_FIELD_INT,    /* int64_t */
    /* cf_bytes: any value as it stands in the input, strings with their quotes, null included; absent: data NULL */
    CF_JSON_FIELD_RAW,
} cf_json_field_kind;

typedef struct cf_json_field {
    const char *name;
    cf_json_field_kind kind;
    size_t offset; /* in the struct */
} cf_json_field;

/*
 * Reads one object. False on bad JSON, when the value is no object (null counts as an empty object) or when a field
 * has the wrong kind. `fold`: keys match without regard to ASCII case, as in the reference server.
 */
bool cf_json_read_fields(cf_json_reader *reader, const cf_json_field *fields, size_t count, bool fold, void *target,
                         cf_buffer *scratch);

#endif
