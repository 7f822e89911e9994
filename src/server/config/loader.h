/*
 * What the parts of the loading share: the settings that were found, and how
 * something is said about one of them.
 */
#ifndef CF_SERVER_CONFIG_LOADER_H
#define CF_SERVER_CONFIG_LOADER_H

#include "server/config/value.h"

#define CF_CONFIG_MESSAGE_MAX 1024 /* bytes of one text */

typedef struct cf_loader {
    const cf_config_input *input;
    const cf_allocator *allocator;
    cf_config_report *report;
    cf_config *config;
    cf_bytes file;        /* its text, without a byte order mark */
    cf_setting *settings; /* of the server's options, then of the channels' */
    cf_setting *space;    /* of the channels' options, in the namespace that is being read */
    cf_buffer text;       /* of the string that is being looked at */
    cf_config_status status;
} cf_loader;

/* load.c */
const cf_setting *cf_loader_setting(const cf_loader *load, const char *name);

/* ---- report.c: what there is to say ---- */

typedef struct cf_config_text {
    char text[CF_CONFIG_MESSAGE_MAX];
} cf_config_text;

/* How much of a value is shown, as the precision of a "%.*s". */
int cf_config_shown(cf_bytes text);
/* "config.json:3:5", "CENTRIFUGED_PORT" or "--port" */
cf_config_text cf_config_place(const cf_loader *load, const cf_setting *setting, const char *name);
void cf_config_warn(cf_loader *load, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first error is the one that is reported. */
void cf_config_fail(cf_loader *load, cf_config_status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
void cf_config_fail_memory(cf_loader *load);
/* With the setting's place and the option's name before the text. */
void cf_config_warn_option(cf_loader *load, const cf_setting *setting, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void cf_config_fail_option(cf_loader *load, const cf_setting *setting, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- environment.c ---- */

/* Without an origin when the option's variables are not set, or empty. */
cf_setting cf_config_variable_setting(const cf_loader *load, const cf_option *option);
/* Variables that look like options but are not read. */
void cf_config_check_variables(cf_loader *load);

/* ---- redis.c ---- */

/* The servers that the redis_* options name, into config->redis_servers (server-spec.md 8.6). */
void cf_config_read_redis(cf_loader *load);

/* ---- check.c: what cannot work, or has no effect, though each value is possible ---- */

void cf_config_check_text(cf_loader *load, const cf_option *option, const cf_setting *setting, cf_bytes text);
/* `settings` are those of the channel options; `space` is empty for channels without a namespace. */
void cf_config_check_channel(cf_loader *load, const cf_setting *settings, const cf_channel_options *options, cf_bytes space);
/* The names that channels can have; `place` is the namespace's. */
void cf_config_check_reach(cf_loader *load, const cf_setting *place, cf_bytes space);
void cf_config_check_all(cf_loader *load);

#endif
