#include "cli/message.h"
#include "cli/session.h"

#include <stdio.h>

typedef struct sub_command {
    cf_cli_session session;
    int64_t messages;
    int refused; /* channels */
} sub_command;

static void print_event(const char *name, const char *channel)
{
    cf_cli_line_begin();
    cf_cli_line_text("event", name);
    cf_cli_line_text("channel", channel);
}

static const char *unless_empty(const char *text)
{
    return text[0] ? text : NULL;
}

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    sub_command *command = user;
    const cf_cli_options *options = command->session.options;
    (void)subscription;
    if (command->session.done)
        return;
    if (options->quiet) {
        cf_cli_print_json(message->data);
    } else {
        print_event("message", message->channel);
        cf_cli_line_text("uid", message->uid);
        cf_cli_line_text("client", unless_empty(message->client));
        cf_cli_line_json("info", message->info);
        cf_cli_line_json("data", message->data);
        cf_cli_line_end();
    }
    command->messages++;
    if (command->messages == options->count)
        cf_cli_session_end(&command->session, CF_CLI_OK);
}

static void print_presence_event(const sub_command *command, const char *name, const centrifuge_join_event *event)
{
    if (command->session.options->quiet || command->session.done)
        return;
    print_event(name, event->channel);
    cf_cli_line_json("data", event->data);
    cf_cli_line_end();
}

static void on_join(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    print_presence_event(user, "join", event);
}

static void on_leave(centrifuge_subscription *subscription, const centrifuge_join_event *event, void *user)
{
    (void)subscription;
    print_presence_event(user, "leave", event);
}

static void on_subscribe(centrifuge_subscription *subscription, const centrifuge_subscribe_event *event, void *user)
{
    const sub_command *command = user;
    (void)subscription;
    if (command->session.options->quiet || command->session.done)
        return;
    print_event("subscribe", event->channel);
    cf_cli_line_bool("isResubscribe", event->resubscribe);
    cf_cli_line_bool("recovered", event->recovered);
    cf_cli_line_end();
}

static void on_unsubscribe(centrifuge_subscription *subscription, const centrifuge_unsubscribe_event *event, void *user)
{
    const sub_command *command = user;
    (void)subscription;
    if (command->session.options->quiet || command->session.done)
        return;
    print_event("unsubscribe", event->channel);
    cf_cli_line_end();
}

static void print_error(const char *channel, const char *error, const char *advice)
{
    print_event("error", channel);
    cf_cli_line_text("error", error);
    cf_cli_line_text("advice", unless_empty(advice));
    cf_cli_line_end();
}

/* With no channel left there is nothing to wait for. */
static void on_refused(centrifuge_subscription *subscription, const centrifuge_subscribe_error_event *event, void *user)
{
    sub_command *command = user;
    (void)subscription;
    if (command->session.done)
        return;
    cf_cli_answer_complain("cannot subscribe to", event->channel, event->text);
    if (!command->session.options->quiet)
        print_error(event->channel, event->text, event->advice);
    command->refused++;
    cf_cli_session_fail(&command->session, CF_CLI_REFUSED);
    if (command->refused >= command->session.options->argument_count)
        cf_cli_session_end(&command->session, CF_CLI_REFUSED);
}

static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    sub_command *command = user;
    (void)client;
    command->refused = 0;
    if (command->session.options->quiet || command->session.done)
        return;
    print_event("connect", NULL);
    cf_cli_line_text("client", event->client);
    cf_cli_line_text("transport", event->transport);
    if (event->latency >= 0)
        cf_cli_line_number("latency", event->latency);
    cf_cli_line_end();
}

static void on_disconnect(centrifuge_client *client, const centrifuge_disconnect_event *event, void *user)
{
    const sub_command *command = user;
    (void)client;
    if (command->session.options->quiet)
        return;
    print_event("disconnect", NULL);
    cf_cli_line_text("reason", event->reason);
    cf_cli_line_bool("reconnect", event->reconnect);
    cf_cli_line_end();
}

/* Refusals of a channel come as events of its subscription, too: one line is enough. */
static void on_error(centrifuge_client *client, const centrifuge_error_event *event, void *user)
{
    const sub_command *command = user;
    (void)client;
    if (command->session.options->quiet || command->session.done || event->code == CENTRIFUGE_ERROR_REFUSED)
        return;
    print_error(NULL, event->text, event->advice);
}

static bool subscribe_all(sub_command *command)
{
    static const centrifuge_subscription_events events = {
        .message = on_message,
        .join = on_join,
        .leave = on_leave,
        .subscribe = on_subscribe,
        .error = on_refused,
        .unsubscribe = on_unsubscribe,
    };
    const cf_cli_options *options = command->session.options;
    for (int i = 0; i < options->argument_count; i++) {
        if (centrifuge_client_find(command->session.connection.client, options->arguments[i]) != NULL) {
            cf_cli_complain("the channel %s is given twice", options->arguments[i]);
            command->session.code = CF_CLI_USAGE;
            return false;
        }
        centrifuge_error error =
            centrifuge_client_subscribe(command->session.connection.client, options->arguments[i], &events, command, NULL);
        if (error != CENTRIFUGE_ERROR_OK) {
            cf_cli_complain("cannot subscribe to '%s': %s", options->arguments[i], centrifuge_error_text(error));
            command->session.code = error == CENTRIFUGE_ERROR_NO_MEMORY ? CF_CLI_ERROR : CF_CLI_USAGE;
            return false;
        }
    }
    return true;
}

/* The end of a time that was asked for: a failure only if more was expected in it. */
static void on_timeout(void *user)
{
    sub_command *command = user;
    if (command->session.options->count > 0)
        cf_cli_complain("only %lld of %lld messages came in time", (long long)command->messages,
                        (long long)command->session.options->count);
    else if (!command->session.connected)
        cf_cli_complain("%s: no connection in time", command->session.options->place);
    bool failed = command->session.options->count > 0 || !command->session.connected;
    cf_cli_session_end(&command->session, failed ? CF_CLI_NETWORK : CF_CLI_OK);
}

cf_cli_exit cf_cli_sub(const cf_cli_options *options)
{
    static const centrifuge_client_events events = {.connect = on_connect, .disconnect = on_disconnect, .error = on_error};
    sub_command command = {.session = {.listening = true, .persistent = true, .on_timeout = on_timeout, .user = &command}};
    cf_cli_print_reader_may_leave();
    if (cf_cli_session_open(&command.session, options) &&
        centrifuge_client_listen(command.session.connection.client, &events, &command, NULL) == CENTRIFUGE_ERROR_OK &&
        subscribe_all(&command)) {
        if (options->timeout > 0)
            cf_cli_loop_set_timeout(command.session.loop, options->timeout);
        cf_cli_session_run(&command.session);
    }
    cf_cli_session_close(&command.session);
    return command.session.code;
}
