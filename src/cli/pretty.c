#include "cli/pretty.h"

#include <stdio.h>
#include <string.h>

static const char KEY[] = "\033[34;1m";
static const char STRING[] = "\033[32m";
static const char NUMBER[] = "\033[36m";
static const char WORD[] = "\033[33m"; /* true, false, null */
static const char PLAIN[] = "\033[0m";

static void put_text(const cf_cli_pretty *pretty, const char *text)
{
    pretty->put(text, strlen(text));
}

static void set_color(const cf_cli_pretty *pretty, const char *color)
{
    if (pretty->color)
        put_text(pretty, color);
}

static void break_line(const cf_cli_pretty *pretty)
{
    if (!pretty->indent)
        return;
    put_text(pretty, "\n");
    for (size_t i = 0; i < pretty->depth; i++)
        put_text(pretty, "  ");
}

void cf_cli_pretty_begin(cf_cli_pretty *pretty, void (*put)(const char *bytes, size_t size), bool color, bool indent)
{
    *pretty = (cf_cli_pretty){.put = put, .color = color, .indent = indent};
}

/* ---- strings ---- */

static void put_escape(const cf_cli_pretty *pretty, unsigned char byte)
{
    char text[8];
    snprintf(text, sizeof(text), "\\u%04x", byte);
    put_text(pretty, text);
}

/* U+007f to U+009f are control characters that JSON lets through; the latter are 0xc2 and a byte below 0xa0. */
static void put_of_string(cf_cli_pretty *pretty, char byte)
{
    unsigned char code = (unsigned char)byte;
    bool was_lead = pretty->lead;
    pretty->lead = code == 0xc2;
    if (was_lead && code >= 0x80 && code < 0xa0) {
        put_escape(pretty, code);
        return;
    }
    if (was_lead)
        put_text(pretty, "\xc2");
    if (code == 0x7f)
        put_escape(pretty, code);
    else if (!pretty->lead)
        pretty->put(&byte, 1);
}

static void begin_string(cf_cli_pretty *pretty)
{
    set_color(pretty, pretty->before_key ? KEY : STRING);
    put_text(pretty, "\"");
    pretty->in_string = true;
    pretty->before_key = false;
}

static void add_to_string(cf_cli_pretty *pretty, char byte)
{
    put_of_string(pretty, byte);
    pretty->in_string = pretty->escaped || byte != '"';
    pretty->escaped = !pretty->escaped && byte == '\\';
    if (!pretty->in_string)
        set_color(pretty, PLAIN);
}

/* ---- the rest ---- */

static void open_level(cf_cli_pretty *pretty, char bracket)
{
    pretty->put(&bracket, 1);
    if (pretty->depth < CF_CLI_PRETTY_DEPTH)
        pretty->is_object[pretty->depth++] = bracket == '{';
    pretty->before_key = bracket == '{';
    pretty->empty = true;
}

static void close_level(cf_cli_pretty *pretty, char bracket)
{
    if (pretty->depth > 0)
        pretty->depth--;
    if (!pretty->empty)
        break_line(pretty);
    pretty->empty = false;
    pretty->put(&bracket, 1);
}

static void separate(cf_cli_pretty *pretty)
{
    put_text(pretty, ",");
    break_line(pretty);
    pretty->before_key = pretty->depth > 0 && pretty->is_object[pretty->depth - 1];
}

static void begin_word(cf_cli_pretty *pretty, char byte)
{
    bool is_number = byte == '-' || (byte >= '0' && byte <= '9');
    set_color(pretty, is_number ? NUMBER : WORD);
    pretty->in_word = true;
    pretty->put(&byte, 1);
}

static void begin_item(cf_cli_pretty *pretty)
{
    if (pretty->empty)
        break_line(pretty);
    pretty->empty = false;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void add_outside(cf_cli_pretty *pretty, char byte)
{
    if (is_space(byte)) {
        if (!pretty->indent)
            pretty->put(&byte, 1);
    } else if (byte == '}' || byte == ']') {
        close_level(pretty, byte);
    } else if (byte == ',') {
        separate(pretty);
    } else if (byte == ':') {
        put_text(pretty, pretty->indent ? ": " : ":");
    } else {
        begin_item(pretty);
        if (byte == '"')
            begin_string(pretty);
        else if (byte == '{' || byte == '[')
            open_level(pretty, byte);
        else
            begin_word(pretty, byte);
    }
}

static void end_word(cf_cli_pretty *pretty)
{
    pretty->in_word = false;
    set_color(pretty, PLAIN);
}

static void add_byte(cf_cli_pretty *pretty, char byte)
{
    if (pretty->in_string) {
        add_to_string(pretty, byte);
        return;
    }
    bool ends_word = is_space(byte) || byte == '\0' || strchr(",]}", byte) != NULL;
    if (pretty->in_word && !ends_word) {
        pretty->put(&byte, 1);
        return;
    }
    if (pretty->in_word)
        end_word(pretty);
    add_outside(pretty, byte);
}

void cf_cli_pretty_add(cf_cli_pretty *pretty, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        add_byte(pretty, bytes[i]);
}

void cf_cli_pretty_end(cf_cli_pretty *pretty)
{
    if (pretty->in_word)
        end_word(pretty);
}
