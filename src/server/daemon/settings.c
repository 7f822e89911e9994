#include "server/daemon/settings.h"

#include "server/daemon/system.h"

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

static bool is_json(const char *path)
{
    return cf_bytes_ends_with(cf_bytes_of(path), CF_BYTES(".json"));
}

static bool is_other_format(const char *path)
{
    static const char *const endings[] = {".yaml", ".yml", ".toml"};
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (cf_bytes_ends_with(cf_bytes_of(path), cf_bytes_of(endings[i])))
            return true;
    }
    return false;
}

static bool read_text(const char *path, cf_buffer *text, cf_config_report *report)
{
    if (!is_json(path)) {
        if (is_other_format(path))
            complain(report, "No config file found: %s: YAML and TOML are not part of this version, use JSON (config.json)",
                     path);
        else
            complain(report, "No config file found: %s: the name must end in .json", path);
        return false;
    }
    int problem = read_file(path, text);
    if (problem == 0)
        return true;
    complain(report, "No config file found: %s: %s", path, problem == EFBIG ? "larger than 16 MiB" : strerror(problem));
    return false;
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

cf_daemon_settings_status cf_daemon_settings_load(const cf_daemon_settings *settings, cf_config *config,
                                                  cf_config_report *report, bool *file_missing)
{
    char host[256] = "";
    cf_buffer text;
    cf_config_input input = {
        .environment = (const char *const *)environ,
        .flags = settings->flags,
        .flag_count = settings->flag_count,
        .hostname = gethostname(host, sizeof(host) - 1) == 0 ? host : NULL,
    };
    cf_buffer_init(&text, &cf_heap, CF_SETTINGS_FILE_MAX);
    cf_config_default(config);
    *file_missing = !settings->path_given && access(settings->path, F_OK) != 0;
    cf_daemon_settings_status status = CF_SETTINGS_NO_FILE;
    if (*file_missing || read_text(settings->path, &text, report)) {
        input.file_path = *file_missing ? NULL : settings->path;
        input.file_text = cf_buffer_bytes(&text);
        status = status_of(cf_config_load(config, &input, &cf_heap, report));
    }
    cf_buffer_free(&text);
    return status;
}

cf_daemon_settings_status cf_daemon_settings_check(const char *path, cf_config_report *report)
{
    cf_config config;
    cf_buffer text;
    cf_daemon_settings_status status = CF_SETTINGS_NO_FILE;
    cf_buffer_init(&text, &cf_heap, CF_SETTINGS_FILE_MAX);
    cf_config_default(&config);
    if (read_text(path, &text, report)) {
        cf_config_input input = {.file_path = path, .file_text = cf_buffer_bytes(&text), .secret_may_be_empty = true};
        status = status_of(cf_config_load(&config, &input, &cf_heap, report));
    }
    cf_config_free(&config);
    cf_buffer_free(&text);
    return status;
}
