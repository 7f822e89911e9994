/*
 * The configuration of the running program: reads the file and the environment
 * for the config room, which knows what they mean.
 */
#ifndef CF_SERVER_DAEMON_SETTINGS_H
#define CF_SERVER_DAEMON_SETTINGS_H

#include "server/config/config.h"

#define CF_SETTINGS_FILE_MAX (16 * 1024 * 1024) /* bytes of a configuration file */

typedef enum cf_daemon_notation { CF_NOTATION_JSON, CF_NOTATION_YAML, CF_NOTATION_TOML } cf_daemon_notation;

#define CF_NOTATION_ENDINGS ".json, .yaml, .yml or .toml"

/* What the command line says. */
typedef struct cf_daemon_settings {
    const char *path; /* of the configuration file */
    bool path_given;  /* by a flag: then it must be there */
    const cf_config_flag *flags;
    size_t flag_count;
} cf_daemon_settings;

typedef enum cf_daemon_settings_status {
    CF_SETTINGS_OK,
    CF_SETTINGS_NO_FILE,     /* not there, or not one that we read */
    CF_SETTINGS_PARSE_ERROR, /* its text cannot be read */
    CF_SETTINGS_INVALID
} cf_daemon_settings_status;

/* By the end of the name; false: it is none of a configuration file. */
bool cf_daemon_settings_notation(const char *path, cf_daemon_notation *notation);

/*
 * File, environment and flags. What is wrong stands in the report. Without a file, where none was asked for, `file_missing` is
 * set.
 */
cf_daemon_settings_status cf_daemon_settings_load(const cf_daemon_settings *settings, cf_config *config,
                                                  cf_config_report *report, bool *file_missing);
/* The file alone: for checkconfig. */
cf_daemon_settings_status cf_daemon_settings_check(const char *path, cf_config_report *report);

#endif
