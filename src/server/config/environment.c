/*
 * Every option is read from CENTRIFUGED_<NAME>; some, as the reference does (server-spec.md 8.2), from CENTRIFUGO_<NAME> too.
 */
#include "server/config/loader.h"

#include <string.h>

/* Empty when it is no variable. */
static cf_bytes name_of(const char *variable)
{
    const char *equal = strchr(variable, '=');
    return cf_bytes_make(variable, equal == NULL ? 0 : (size_t)(equal - variable));
}

static const char *value_of(const char *variable)
{
    const char *value = variable + name_of(variable).size + 1;
    return value[0] != 0 ? value : NULL;
}

static const char *variable_value(const cf_loader *load, const char *name)
{
    for (const char *const *at = load->input->environment; at != NULL && *at != NULL; at++) {
        if (cf_bytes_equal(name_of(*at), cf_bytes_of(name)))
            return value_of(*at);
    }
    return NULL;
}

cf_setting cf_config_variable_setting(const cf_loader *load, const cf_option *option)
{
    cf_setting setting = {.prefix = CF_OPTION_PREFIX};
    const char *value = variable_value(load, cf_option_variable(CF_OPTION_PREFIX, option->name).text);
    if (value == NULL && option->centrifugo) {
        setting.prefix = CF_OPTION_PREFIX_CENTRIFUGO;
        value = variable_value(load, cf_option_variable(CF_OPTION_PREFIX_CENTRIFUGO, option->name).text);
    }
    if (value != NULL) {
        setting.origin = CF_SETTING_ENVIRONMENT;
        setting.value = (cf_json_value){.kind = CF_JSON_STRING, .raw = cf_bytes_of(value)};
    }
    return setting;
}

/* ---- variables that nothing reads ---- */

static bool is_of_prefix(const cf_option *option, const char *prefix)
{
    return option->centrifugo || strcmp(prefix, CF_OPTION_PREFIX) == 0;
}

static void warn_not_read(cf_loader *load, cf_bytes variable, const char *prefix, const cf_option *meant)
{
    const char *right = is_of_prefix(meant, prefix) ? prefix : CF_OPTION_PREFIX;
    cf_config_warn(load, "variable '%.*s' is not read; did you mean %s?", cf_config_shown(variable), variable.data,
                   cf_option_variable(right, meant->name).text);
}

static void check_variable(cf_loader *load, cf_bytes variable, const char *prefix)
{
    cf_bytes start = cf_bytes_of(prefix);
    if (!cf_bytes_equal_fold(cf_bytes_slice(variable, 0, start.size), start))
        return;
    cf_bytes rest = cf_bytes_slice(variable, start.size, variable.size);
    const cf_option *option = cf_option_find(rest);
    const cf_option *meant = option != NULL ? option : cf_option_nearest(rest);
    if (option != NULL && is_of_prefix(option, prefix) &&
        cf_bytes_equal(variable, cf_bytes_of(cf_option_variable(prefix, option->name).text)))
        return;
    if (meant != NULL)
        warn_not_read(load, variable, prefix, meant);
    else
        cf_config_warn(load, "variable '%.*s' is not read: there is no option '%.*s'", cf_config_shown(variable), variable.data,
                       cf_config_shown(rest), rest.data);
}

void cf_config_check_variables(cf_loader *load)
{
    for (const char *const *at = load->input->environment; at != NULL && *at != NULL; at++) {
        cf_bytes variable = name_of(*at);
        if (variable.size == 0 || value_of(*at) == NULL)
            continue;
        check_variable(load, variable, CF_OPTION_PREFIX);
        check_variable(load, variable, CF_OPTION_PREFIX_CENTRIFUGO);
    }
}
