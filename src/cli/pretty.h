/*
 * JSON for people: in colours, and one member a line, as it comes in pieces. What would make a terminal do something is
 * written as an escape.
 */
#ifndef CF_CLI_PRETTY_H
#define CF_CLI_PRETTY_H

#include <stdbool.h>
#include <stddef.h>

#define CF_CLI_PRETTY_DEPTH 512 /* arrays and objects in each other; what is deeper is not indented any more */

typedef struct cf_cli_pretty {
    void (*put)(const char *bytes, size_t size);
    bool color;
    bool indent;
    /* where it is */
    bool in_string;
    bool in_word; /* a number, true, false or null */
    bool escaped; /* behind a backslash */
    bool lead;    /* behind 0xc2, the first byte of U+0080 to U+00bf */
    bool empty;   /* behind the beginning of an array or object */
    bool before_key;
    size_t depth;
    bool is_object[CF_CLI_PRETTY_DEPTH];
} cf_cli_pretty;

/* One JSON value follows. */
void cf_cli_pretty_begin(cf_cli_pretty *pretty, void (*put)(const char *bytes, size_t size), bool color, bool indent);
/* The next piece of it, cut anywhere. It is taken as it is: what is no JSON comes out as it went in, about. */
void cf_cli_pretty_add(cf_cli_pretty *pretty, const char *bytes, size_t size);
void cf_cli_pretty_end(cf_cli_pretty *pretty);

#endif
