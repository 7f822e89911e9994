#include "server/config/loader.h"

#include <stdarg.h>
#include <stdio.h>

#define WARNINGS_MAX    (64 * 1024) /* bytes of all of them */
#define SHOWN_VALUE_MAX 80          /* bytes of a value in a message */

void cf_config_report_init(cf_config_report *report, const cf_allocator *allocator)
{
    cf_buffer_init(&report->error, allocator, CF_CONFIG_MESSAGE_MAX);
    cf_buffer_init(&report->warnings, allocator, WARNINGS_MAX);
}

void cf_config_report_free(cf_config_report *report)
{
    cf_buffer_free(&report->error);
    cf_buffer_free(&report->warnings);
}

int cf_config_shown(cf_bytes text)
{
    return (int)(text.size < SHOWN_VALUE_MAX ? text.size : SHOWN_VALUE_MAX);
}

/* ---- places ---- */

__attribute__((format(printf, 2, 0))) static void format_list(cf_config_text *out, const char *format, va_list list)
{
    if (vsnprintf(out->text, sizeof(out->text), format, list) < 0)
        out->text[0] = 0;
}

__attribute__((format(printf, 1, 2))) static cf_config_text text_of(const char *format, ...)
{
    cf_config_text out;
    va_list list;
    va_start(list, format);
    format_list(&out, format, list);
    va_end(list);
    return out;
}

cf_config_text cf_config_place(const cf_loader *load, const cf_setting *setting, const char *name)
{
    const char *whole = setting->inside ? "namespaces" : name;
    switch (setting->origin) {
    case CF_SETTING_FILE:
        return text_of("%s:%zu:%zu", load->input->file_path, setting->line, setting->column);
    case CF_SETTING_ENVIRONMENT:
        return text_of("%s", cf_option_variable(setting->prefix, whole).text);
    case CF_SETTING_FLAG:
        return text_of("--%s", whole);
    default:
        return text_of("default");
    }
}

/* ---- warnings and errors ---- */

/* A key with a line end in it stays one line. */
static void put_warning(cf_loader *load, cf_config_text *line)
{
    for (char *at = line->text; *at != 0; at++)
        *at = *at == '\n' ? '?' : *at;
    cf_buffer_append(&load->report->warnings, cf_bytes_of(line->text));
    cf_buffer_append_byte(&load->report->warnings, '\n');
}

static void put_error(cf_loader *load, cf_config_status status, const char *text)
{
    if (load->status != CF_CONFIG_OK)
        return;
    load->status = status;
    cf_buffer_append(&load->report->error, cf_bytes_of(text));
}

void cf_config_warn(cf_loader *load, const char *format, ...)
{
    cf_config_text out;
    va_list list;
    va_start(list, format);
    format_list(&out, format, list);
    va_end(list);
    put_warning(load, &out);
}

void cf_config_fail(cf_loader *load, cf_config_status status, const char *format, ...)
{
    cf_config_text out;
    va_list list;
    va_start(list, format);
    format_list(&out, format, list);
    va_end(list);
    put_error(load, status, out.text);
}

void cf_config_fail_memory(cf_loader *load)
{
    cf_config_fail(load, CF_CONFIG_NO_MEMORY, "out of memory");
}

void cf_config_warn_option(cf_loader *load, const cf_setting *setting, const char *name, const char *format, ...)
{
    cf_config_text out;
    va_list list;
    va_start(list, format);
    format_list(&out, format, list);
    va_end(list);
    cf_config_warn(load, "%s: option '%s' %s", cf_config_place(load, setting, name).text, name, out.text);
}

void cf_config_fail_option(cf_loader *load, const cf_setting *setting, const char *name, const char *format, ...)
{
    cf_config_text out;
    va_list list;
    va_start(list, format);
    format_list(&out, format, list);
    va_end(list);
    cf_config_fail(load, CF_CONFIG_INVALID, "config error: %s: option '%s' %s", cf_config_place(load, setting, name).text, name,
                   out.text);
}
