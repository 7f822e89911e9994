/*
 * What a user wrote for an option, from wherever, and how it becomes a value
 * (the type rules of server-spec.md 8.1).
 */
#ifndef CF_SERVER_CONFIG_VALUE_H
#define CF_SERVER_CONFIG_VALUE_H

#include "json/json.h"
#include "server/config/options.h"

typedef enum cf_setting_origin { CF_SETTING_NONE, CF_SETTING_FILE, CF_SETTING_ENVIRONMENT, CF_SETTING_FLAG } cf_setting_origin;

typedef struct cf_setting {
    cf_setting_origin origin;
    cf_json_value value; /* as in the file; from elsewhere a string as it is */
    size_t line;         /* in the file, from 1 */
    size_t column;
    const char *prefix; /* of the variable that it comes from */
    bool inside;        /* of `namespaces` */
    bool inherited;     /* as in cf_config_mark */
    bool plain;
} cf_setting;

/*
 * Each is false when the setting cannot be read as such; `value` is then what the reference makes of it: 0, false, "". A number
 * that no int64 holds is the largest or smallest one.
 */
bool cf_setting_bool(const cf_setting *setting, bool *value);
bool cf_setting_int(const cf_setting *setting, int64_t *value);
/* Decodes into `text`, which is cleared before. */
bool cf_setting_text(const cf_setting *setting, cf_buffer *text);

/* Inside namespaces: true and false, numbers and strings only as themselves, and texts without quotes. */
bool cf_setting_strict_bool(const cf_setting *setting, bool *value);
bool cf_setting_strict_int(const cf_setting *setting, int64_t *value);

#endif
