#define _POSIX_C_SOURCE 200809L
#include "cli/api.h"
#include "cli/input.h"
#include "cli/message.h"
#include "cli/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAITING_MAX = 1024 }; /* publications without an answer; more are read from standard input when fewer wait */

typedef struct pub_command {
    cf_cli_session session;
    const char *channel;
    centrifuge_subscription *subscription;
    size_t waiting;
    void (*pump)(struct pub_command *command); /* publishes what there is */
    /* by lines */
    cf_cli_input input;
    int64_t line; /* last one read, from 1; 0: not by lines */
    /* one message, once or again and again */
    centrifuge_bytes data;
    int64_t left;     /* how often still */
    int64_t next;     /* when; cf_cli_loop_now */
    int64_t deadline; /* of the answer */
} pub_command;

static void postpone(pub_command *command)
{
    command->deadline = cf_cli_loop_now() + command->session.timeout * 1000000;
}

static void on_answer(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    pub_command *command = user;
    (void)subscription;
    command->waiting--;
    postpone(command);
    if (command->session.done)
        return;
    if (result->code != CENTRIFUGE_ERROR_OK) {
        cf_cli_answer_complain("cannot publish to", command->channel, result->error);
        cf_cli_session_fail(&command->session, cf_cli_exit_of(result->code));
    }
    if (result->code == CENTRIFUGE_ERROR_REFUSED && command->line == 0)
        cf_cli_session_end(&command->session, CF_CLI_REFUSED); /* the same message would be refused again */
    command->pump(command);
}

/* False: not taken, which was reported. */
static bool publish(pub_command *command, centrifuge_bytes given)
{
    cf_cli_message message;
    if (!cf_cli_message_make(&message, given, command->session.options->text)) {
        cf_cli_session_end(&command->session, CF_CLI_ERROR);
        return false;
    }
    centrifuge_error error =
        centrifuge_subscription_publish(command->subscription, message.data.bytes, message.data.size, on_answer, command);
    if (error == CENTRIFUGE_ERROR_OK) {
        command->waiting++;
    } else {
        cf_cli_message_complain(&message, command->channel, command->line, error);
        cf_cli_session_fail(&command->session, CF_CLI_ERROR);
    }
    cf_cli_message_free(&message);
    return error == CENTRIFUGE_ERROR_OK;
}

static bool is_blank(const pub_command *command, centrifuge_bytes line)
{
    return !command->session.options->text && cf_cli_trim(line).size == 0;
}

/* Publishes the lines that were read, as many as may wait, and says whether more are wanted. */
static void pump_lines(pub_command *command)
{
    cf_cli_session *session = &command->session;
    centrifuge_bytes line;
    while (command->waiting < WAITING_MAX && !session->done && cf_cli_input_line(&command->input, &line)) {
        command->line++;
        if (!is_blank(command, line))
            publish(command, line);
    }
    cf_cli_loop_want_input(session->loop, !command->input.ended && command->waiting < WAITING_MAX);
    /* while nothing waits for an answer, there is nothing to be late */
    cf_cli_loop_set_timeout(session->loop, command->waiting || !session->connected ? session->timeout : -1);
    if (command->input.ended && command->waiting == 0)
        session->done = true;
}

static void on_input(void *user)
{
    pub_command *command = user;
    if (!cf_cli_input_read(&command->input))
        cf_cli_session_end(&command->session, CF_CLI_ERROR);
    else
        pump_lines(command);
}

/* Once there was a connection, a lost one comes back. */
static void on_connect(centrifuge_client *client, const centrifuge_connect_event *event, void *user)
{
    pub_command *command = user;
    (void)client;
    (void)event;
    command->session.persistent = true;
    command->pump(command);
}

static bool keep_connected(pub_command *command)
{
    static const centrifuge_client_events events = {.connect = on_connect};
    return centrifuge_client_listen(command->session.connection.client, &events, command, NULL) == CENTRIFUGE_ERROR_OK;
}

static bool prepare_lines(pub_command *command)
{
    command->pump = pump_lines;
    command->session.on_input = on_input;
    cf_cli_loop_set_timeout(command->session.loop, command->session.timeout);
    return keep_connected(command);
}

/* Whatever comes first: the next time, or the answers' being late. */
static void set_alarm(pub_command *command)
{
    int64_t alarm = command->waiting > 0 ? command->deadline : -1;
    if (command->left > 0 && command->waiting < WAITING_MAX && (alarm < 0 || command->next < alarm))
        alarm = command->next;
    cf_cli_loop_set_alarm(command->session.loop, alarm);
}

static void pump_again(pub_command *command)
{
    const cf_cli_options *options = command->session.options;
    int64_t now = cf_cli_loop_now();
    if (command->waiting == 0)
        postpone(command);
    while (command->left > 0 && command->waiting < WAITING_MAX && command->next <= now && !command->session.done) {
        command->left--;
        command->next += options->interval * 1000000;
        if (!publish(command, command->data))
            command->left = 0;
    }
    set_alarm(command);
    if (command->left == 0 && command->waiting == 0)
        command->session.done = true;
}

static void on_alarm(void *user)
{
    pub_command *command = user;
    if (command->waiting > 0 && cf_cli_loop_now() >= command->deadline)
        cf_cli_session_late(&command->session);
    else
        pump_again(command);
}

static bool prepare_one(pub_command *command, centrifuge_bytes data)
{
    const cf_cli_options *options = command->session.options;
    command->pump = pump_again;
    command->session.on_timeout = on_alarm;
    command->data = data;
    command->left = options->count > 0 ? options->count : 1;
    command->next = cf_cli_loop_now();
    pump_again(command);
    return command->waiting > 0 && (options->count <= 1 || keep_connected(command));
}

static bool open_subscription(pub_command *command, const cf_cli_options *options)
{
    if (!cf_cli_session_open(&command->session, options))
        return false;
    centrifuge_error error =
        centrifuge_client_subscribe(command->session.connection.client, command->channel, &cf_cli_session_call_events,
                                    &command->session, &command->subscription);
    if (error != CENTRIFUGE_ERROR_OK)
        cf_cli_session_error(&command->session, "cannot publish", error);
    return error == CENTRIFUGE_ERROR_OK;
}

static cf_cli_exit publish_as_client(const cf_cli_options *options, centrifuge_bytes data)
{
    pub_command command = {.session = {.user = &command}, .channel = options->arguments[0]};
    bool ready =
        open_subscription(&command, options) && (options->lines ? prepare_lines(&command) : prepare_one(&command, data));
    if (ready)
        cf_cli_session_run(&command.session);
    command.session.done = true;
    cf_cli_session_close(&command.session);
    free(command.input.data);
    return command.session.code;
}

static cf_cli_exit publish_one_as_backend(centrifuge_backend *backend, const cf_cli_options *options, centrifuge_bytes data,
                                          int64_t line)
{
    const char *channel = options->arguments[0];
    return cf_cli_api_publish(backend, options, &channel, 1, data, line);
}

static void sleep_until(int64_t time)
{
    int64_t wait;
    while ((wait = time - cf_cli_loop_now()) > 0)
        nanosleep(&(struct timespec){.tv_sec = (time_t)(wait / 1000000000), .tv_nsec = (long)(wait % 1000000000)}, NULL);
}

static cf_cli_exit publish_again_as_backend(centrifuge_backend *backend, const cf_cli_options *options, centrifuge_bytes data)
{
    int64_t next = cf_cli_loop_now();
    cf_cli_exit code = CF_CLI_OK;
    for (int64_t left = options->count > 0 ? options->count : 1; left > 0 && code == CF_CLI_OK; left--) {
        sleep_until(next);
        next += options->interval * 1000000;
        code = publish_one_as_backend(backend, options, data, 0);
    }
    return code;
}

/* One line after the other, each answered before the next is read. */
static cf_cli_exit publish_lines_as_backend(centrifuge_backend *backend, const cf_cli_options *options, cf_cli_input *input)
{
    cf_cli_exit code = CF_CLI_OK;
    centrifuge_bytes line;
    int64_t number = 0;
    for (;;) {
        while (!cf_cli_input_line(input, &line)) {
            if (input->ended)
                return code;
            if (!cf_cli_input_read(input))
                return CF_CLI_ERROR;
        }
        number++;
        if (!options->text && cf_cli_trim(line).size == 0)
            continue;
        cf_cli_exit published = publish_one_as_backend(backend, options, line, number);
        if (code == CF_CLI_OK)
            code = published;
        if (published == CF_CLI_NETWORK)
            return code;
    }
}

static cf_cli_exit publish_as_backend(const cf_cli_options *options, centrifuge_bytes data)
{
    cf_cli_exit code;
    centrifuge_backend *backend = cf_cli_api_open(options, &code);
    if (backend == NULL)
        return code;
    cf_cli_input input = {0};
    if (options->lines)
        code = publish_lines_as_backend(backend, options, &input);
    else
        code = publish_again_as_backend(backend, options, data);
    free(input.data);
    centrifuge_backend_destroy(backend);
    return code;
}

static cf_cli_exit publish_data(const cf_cli_options *options, centrifuge_bytes data)
{
    return options->api ? publish_as_backend(options, data) : publish_as_client(options, data);
}

/* Options that say nothing together. */
static bool options_fit(const cf_cli_options *options, bool from_input)
{
    const char *wrong = NULL;
    if (options->lines && !from_input)
        wrong = "--lines reads standard input: leave DATA out";
    else if (options->lines && options->count > 0)
        wrong = "--lines publishes each line once: leave --count out";
    else if (options->interval > 0 && options->count == 0)
        wrong = "--interval is between the messages of --count: give that, too";
    else if ((options->uid != NULL || options->publisher != NULL) && !options->api)
        wrong = "--uid and --client are said by a backend: give --api, too";
    else if (options->uid != NULL && (options->lines || options->count > 1))
        wrong = "--uid is the id of one message: leave --lines and --count out";
    if (wrong != NULL)
        cf_cli_complain("%s", wrong);
    return wrong == NULL;
}

cf_cli_exit cf_cli_pub(const cf_cli_options *options)
{
    const char *data = options->argument_count > 1 ? options->arguments[1] : "-";
    bool from_input = strcmp(data, "-") == 0;
    if (!options_fit(options, from_input))
        return CF_CLI_USAGE;
    if (from_input && !options->lines)
        return cf_cli_input_give(options, publish_data);
    return publish_data(options, (centrifuge_bytes){data, strlen(data)});
}
