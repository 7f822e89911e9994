/*
 * Lines for stderr, each written at once, so that those of several threads do not mix.
 */
#include "native/native.h"

#include <stdio.h>

void cf_native_print_error(const centrifuge_client *client, const char *of, const char *text, const char *advice)
{
    if (!client->settings.print_errors)
        return;
    fprintf(stderr, "libcentrifuge: error: %s%s%s%s%s%s\n", of, of[0] ? ": " : "", text, advice[0] ? " (" : "", advice,
            advice[0] ? ")" : "");
}

static const char *level_name(centrifuge_log_level level)
{
    static const char *const names[] = {
        [CENTRIFUGE_LOG_DEBUG] = "debug",
        [CENTRIFUGE_LOG_INFO] = "info",
        [CENTRIFUGE_LOG_WARNING] = "warning",
        [CENTRIFUGE_LOG_ERROR] = "error",
    };
    return names[level];
}

void centrifuge_log_to_stderr(centrifuge_client *client, const centrifuge_log_event *event, void *user)
{
    (void)client;
    const centrifuge_log_level *lowest = user;
    if (event->level >= (lowest ? *lowest : CENTRIFUGE_LOG_INFO))
        fprintf(stderr, "libcentrifuge: %s: %s\n", level_name(event->level), event->text);
}
