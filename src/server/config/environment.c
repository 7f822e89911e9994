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

const char *cf_config_variable_value(const cf_loader *load, const char *name)
{
    for (const char *const *at = load->input->environment; at != NULL && *at != NULL; at++) {
        if (cf_bytes_equal(name_of(*at), cf_bytes_of(name)))
            return value_of(*at);
    }
    return NULL;
}

static bool is_read(const cf_option *option, cf_bytes variable)
{
    return cf_bytes_equal(variable, cf_bytes_of(cf_config_variable(option->name).text));
}

static void warn_not_read(cf_loader *load, cf_bytes variable, cf_bytes rest, const cf_option *option)
{
    bool could_be = option != NULL && (option->sources & CF_OPTION_ENVIRONMENT);
    const char *meant = could_be ? option->name : cf_option_nearest(rest, CF_OPTION_ENVIRONMENT);
    if (option != NULL && !could_be)
        cf_config_warn(load, "variable '%.*s' is not read: set option '%s' in the configuration file",
                       cf_config_shown(variable), variable.data, option->name);
    else if (meant != NULL)
        cf_config_warn(load, "variable '%.*s' is not read; did you mean %s?", cf_config_shown(variable), variable.data,
                       cf_config_variable(meant).text);
    else
        cf_config_warn(load, "variable '%.*s' is not read: there is no option '%.*s'", cf_config_shown(variable), variable.data,
                       cf_config_shown(rest), rest.data);
}

static void check_variable(cf_loader *load, cf_bytes variable, cf_bytes prefix)
{
    if (!cf_bytes_equal_fold(cf_bytes_slice(variable, 0, prefix.size), prefix))
        return;
    cf_bytes rest = cf_bytes_slice(variable, prefix.size, variable.size);
    const cf_option *option = cf_option_find(rest);
    if (option == NULL || !(option->sources & CF_OPTION_ENVIRONMENT) || !is_read(option, variable))
        warn_not_read(load, variable, rest, option);
}

void cf_config_check_variables(cf_loader *load)
{
    for (const char *const *at = load->input->environment; at != NULL && *at != NULL; at++) {
        cf_bytes variable = name_of(*at);
        if (variable.size == 0 || value_of(*at) == NULL)
            continue;
        check_variable(load, variable, CF_BYTES(CF_CONFIG_VARIABLE_PREFIX));
        check_variable(load, variable, CF_BYTES("CENTRIFUGED_")); /* the program's name is a likely slip */
    }
}
