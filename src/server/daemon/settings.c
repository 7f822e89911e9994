#include "server/daemon/settings.h"

#include "server/daemon/encryption.h"
#include "server/daemon/start_check.h"
#include "server/notation/notation.h"
#include "system/heap.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern char **environ; /* POSIX.1-2017 section 8.1: programs declare it themselves */

__attribute__((format(printf, 2, 3))) static void complain(cf_config_report *report, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (size > 0)
        cf_buffer_append(&report->error, cf_bytes_of(text));
}

/* 0, or an errno. */
static int read_file(const char *path, cf_buffer *text)
{
    char part[16384];
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return errno;
    int problem = 0;
    for (;;) {
        size_t size = fread(part, 1, sizeof(part), file);
        cf_buffer_append(text, (cf_bytes){part, size});
        if (text->failed)
            problem = EFBIG;
        if (ferror(file))
            problem = errno;
        if (size < sizeof(part) || problem != 0)
            break;
    }
    (void)fclose(file);
    return problem;
}

/* ---- the notation of a file ---- */

bool cf_daemon_settings_notation(const char *path, cf_daemon_notation *notation)
{
    static const struct {
        const char *ending;
        cf_daemon_notation notation;
    } endings[] = {
        {".json", CF_NOTATION_JSON}, {".yaml", CF_NOTATION_YAML}, {".yml", CF_NOTATION_YAML}, {".toml", CF_NOTATION_TOML}};
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        *notation = endings[i].notation;
        if (cf_bytes_ends_with(cf_bytes_of(path), cf_bytes_of(endings[i].ending)))
            return true;
    }
    return false;
}

static bool read_text(const char *path, cf_buffer *text, cf_daemon_notation *notation, cf_config_report *report)
{
    if (!cf_daemon_settings_notation(path, notation)) {
        complain(report, "No config file found: %s: the name must end in " CF_NOTATION_ENDINGS, path);
        return false;
    }
    int problem = read_file(path, text);
    if (problem == 0)
        return true;
    complain(report, "No config file found: %s: %s", path, problem == EFBIG ? "larger than 16 MiB" : strerror(problem));
    return false;
}

static bool translate(cf_document *document, cf_daemon_notation notation, cf_bytes text)
{
    return notation == CF_NOTATION_YAML ? cf_yaml_read(document, text) : cf_toml_read(document, text);
}

static cf_daemon_settings_status status_of(cf_config_status status)
{
    switch (status) {
    case CF_CONFIG_OK:
        return CF_SETTINGS_OK;
    case CF_CONFIG_PARSE_ERROR:
        return CF_SETTINGS_PARSE_ERROR;
    default:
        return CF_SETTINGS_INVALID;
    }
}

static cf_daemon_settings_status load_json(cf_config *config, const cf_config_input *input, cf_config_report *report)
{
    return status_of(cf_config_load(config, input, &cf_heap, report));
}

static cf_daemon_settings_status load_translated(cf_config *config, cf_config_input *input, cf_daemon_notation notation,
                                                 cf_config_report *report)
{
    cf_document document;
    cf_daemon_settings_status status = CF_SETTINGS_PARSE_ERROR;
    cf_document_init(&document, &cf_heap);
    if (translate(&document, notation, input->file_text)) {
        input->file_text = cf_buffer_bytes(&document.json);
        input->places = cf_document_places(&document, &input->place_count);
        status = load_json(config, input, report);
    } else {
        complain(report, "While parsing config: %s:%zu:%zu: %s", input->file_path, document.mark.line, document.mark.column,
                 document.problem);
    }
    cf_document_free(&document);
    return status;
}

/* The file, and what else counts. */
static cf_daemon_settings_status load_file(cf_config *config, cf_config_input *input, const char *path,
                                           cf_config_report *report)
{
    cf_buffer text;
    cf_daemon_notation notation;
    cf_daemon_settings_status status = CF_SETTINGS_NO_FILE;
    cf_buffer_init(&text, &cf_heap, CF_SETTINGS_FILE_MAX);
    if (read_text(path, &text, &notation, report)) {
        input->file_path = path;
        input->file_text = cf_buffer_bytes(&text);
        status =
            notation == CF_NOTATION_JSON ? load_json(config, input, report) : load_translated(config, input, notation, report);
    }
    cf_buffer_free(&text);
    return status;
}

cf_daemon_settings_status cf_daemon_settings_load(const cf_daemon_settings *settings, cf_config *config,
                                                  cf_config_report *report, bool *file_missing)
{
    char host[256] = "";
    cf_config_input input = {
        .environment = (const char *const *)environ,
        .flags = settings->flags,
        .flag_count = settings->flag_count,
        .hostname = gethostname(host, sizeof(host) - 1) == 0 ? host : NULL,
    };
    cf_config_default(config);
    *file_missing = !settings->path_given && access(settings->path, F_OK) != 0;
    cf_daemon_settings_status status =
        *file_missing ? load_json(config, &input, report) : load_file(config, &input, settings->path, report);
    return status == CF_SETTINGS_OK && !cf_encryption_check_redis(config, report) ? CF_SETTINGS_INVALID : status;
}

cf_daemon_settings_status cf_daemon_settings_check(const char *path, cf_config_report *report)
{
    cf_config config;
    cf_config_input input = {.secret_may_be_empty = true};
    cf_config_default(&config);
    cf_daemon_settings_status status = load_file(&config, &input, path, report);
    if (status == CF_SETTINGS_OK && (!cf_encryption_check(&config, report) || !cf_encryption_check_redis(&config, report) ||
                                     !cf_start_check(&config, report)))
        status = CF_SETTINGS_INVALID;
    cf_config_free(&config);
    return status;
}
