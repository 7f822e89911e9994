#include "cli/api.h"
#include "cli/message.h"
#include "cli/session.h"

#include <centrifuge/json.h>

#include <string.h>

/* Of an array only the first elements, where that is asked for. */
static void print_answer(const cf_cli_options *options, centrifuge_bytes data)
{
    centrifuge_json_items items;
    int64_t left = options->count;
    const char *end = data.bytes;
    centrifuge_json_walk(&items, data);
    while (left > 0 && centrifuge_json_next(&items)) {
        end = items.value.bytes + items.value.size;
        left--;
    }
    if (options->count == 0 || left > 0)
        cf_cli_print_answer(data, (centrifuge_bytes){NULL, 0});
    else
        cf_cli_print_answer((centrifuge_bytes){data.bytes, (size_t)(end - data.bytes)}, (centrifuge_bytes){"]", 1});
}

typedef centrifuge_error (*client_call)(centrifuge_subscription *subscription, centrifuge_completion done, void *user);

static void on_answer(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    cf_cli_session *session = user;
    (void)subscription;
    if (session->done)
        return;
    if (result->code == CENTRIFUGE_ERROR_OK)
        print_answer(session->options, result->data);
    else
        cf_cli_answer_complain("no answer about", session->options->arguments[0], result->error);
    cf_cli_session_end(session, cf_cli_exit_of(result->code));
}

static cf_cli_exit ask_as_client(const cf_cli_options *options, client_call call)
{
    cf_cli_session session = {0};
    if (cf_cli_session_open(&session, options)) {
        centrifuge_subscription *subscription = NULL;
        centrifuge_error error = centrifuge_client_subscribe(session.connection.client, options->arguments[0],
                                                             &cf_cli_session_call_events, &session, &subscription);
        if (error == CENTRIFUGE_ERROR_OK)
            error = call(subscription, on_answer, &session);
        if (error != CENTRIFUGE_ERROR_OK)
            cf_cli_session_error(&session, "cannot ask", error);
        cf_cli_loop_set_timeout(session.loop, session.timeout);
        cf_cli_session_run(&session);
    }
    session.done = true;
    cf_cli_session_close(&session);
    return session.code;
}

typedef centrifuge_error (*api_call)(centrifuge_backend *backend, const char *channel, const char **data);

static cf_cli_exit ask_as_backend(const cf_cli_options *options, api_call call)
{
    cf_cli_exit code;
    centrifuge_backend *backend = cf_cli_api_open(options, &code);
    if (backend == NULL)
        return code;
    const char *data = NULL;
    const char *channel = options->argument_count ? options->arguments[0] : NULL;
    centrifuge_error error = call(backend, channel, &data);
    if (error == CENTRIFUGE_ERROR_OK)
        print_answer(options, (centrifuge_bytes){data, strlen(data)});
    else
        code = cf_cli_api_report(backend, options, "no answer about", channel, error);
    centrifuge_backend_destroy(backend);
    return code;
}

static centrifuge_error channels(centrifuge_backend *backend, const char *channel, const char **data)
{
    (void)channel;
    return centrifuge_backend_channels(backend, data);
}

static centrifuge_error stats(centrifuge_backend *backend, const char *channel, const char **data)
{
    (void)channel;
    return centrifuge_backend_stats(backend, data);
}

static centrifuge_error node(centrifuge_backend *backend, const char *channel, const char **data)
{
    (void)channel;
    return centrifuge_backend_node(backend, data);
}

cf_cli_exit cf_cli_presence(const cf_cli_options *options)
{
    return options->client ? ask_as_client(options, centrifuge_subscription_presence)
                           : ask_as_backend(options, centrifuge_backend_presence);
}

cf_cli_exit cf_cli_history(const cf_cli_options *options)
{
    return options->client ? ask_as_client(options, centrifuge_subscription_history)
                           : ask_as_backend(options, centrifuge_backend_history);
}

cf_cli_exit cf_cli_channels(const cf_cli_options *options)
{
    return ask_as_backend(options, channels);
}

cf_cli_exit cf_cli_stats(const cf_cli_options *options)
{
    return ask_as_backend(options, stats);
}

cf_cli_exit cf_cli_node(const cf_cli_options *options)
{
    return ask_as_backend(options, node);
}
