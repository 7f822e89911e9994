#include "cli/message.h"
#include "cli/input.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cf_cli_message_make(cf_cli_message *message, centrifuge_bytes given, bool text)
{
    *message = (cf_cli_message){.data = cf_cli_trim(given)};
    if (!text)
        return true;
    message->made = cf_cli_json_string(given.bytes, given.size, &message->data.size);
    message->data.bytes = message->made;
    if (message->made == NULL)
        cf_cli_complain("out of memory");
    return message->made != NULL;
}

void cf_cli_message_free(cf_cli_message *message)
{
    free(message->made);
    message->made = NULL;
}

void cf_cli_message_complain(const cf_cli_message *message, const char *channel, int64_t line, centrifuge_error error)
{
    enum { SHOWN = 60 };
    char where[40] = "DATA";
    if (line > 0)
        snprintf(where, sizeof(where), "line %" PRId64, line);
    if (error != CENTRIFUGE_ERROR_INVALID_JSON) {
        cf_cli_complain("cannot publish %s to %s: %s", where, channel, centrifuge_error_text(error));
        return;
    }
    if (message->data.size == 0) {
        cf_cli_complain("%s is empty, which is not valid JSON; --text sends what is given as a string", where);
        return;
    }
    int shown = message->data.size > SHOWN ? SHOWN : (int)message->data.size;
    cf_cli_complain("%s is not valid JSON: %.*s%s\n"
                    "A string needs its own quotes, as '\"hello\"', and names in objects too, as '{\"text\": \"hello\"}';\n"
                    "--text sends what is given as a string.",
                    where, shown, message->data.bytes, message->data.size > SHOWN ? "..." : "");
}

void cf_cli_answer_complain(const char *doing, const char *channel, const char *error)
{
    static const struct {
        const char *error;
        const char *doing; /* how it begins */
        const char *hint;
    } hints[] = {
        {"permission denied", "cannot subscribe", ": this user may not listen there (--user says who it is)"},
        {"permission denied", "", ": this user may not do that in this channel; a backend may (--api, or without --client)"},
        {"namespace not found", "", ": the server's configuration has no namespace of the name before the ':'"},
        {"not available", "",
         ": it is switched off for this channel (options presence, history_size, history_lifetime of the server)"},
        {"limit exceeded", "", ": the name is too long, or there are too many channels"},
    };
    size_t i = 0;
    while (i < sizeof(hints) / sizeof(hints[0]) &&
           (strcmp(error, hints[i].error) != 0 || strncmp(doing, hints[i].doing, strlen(hints[i].doing)) != 0))
        i++;
    cf_cli_complain("%s %s: %s%s", doing, channel, error, i < sizeof(hints) / sizeof(hints[0]) ? hints[i].hint : "");
}
