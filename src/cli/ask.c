#include "cli/api.h"
#include "cli/message.h"
#include "cli/session.h"

typedef centrifuge_error (*client_call)(centrifuge_subscription *subscription, centrifuge_completion done, void *user);

static void on_answer(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    cf_cli_session *session = user;
    (void)subscription;
    if (session->done)
        return;
    if (result->code == CENTRIFUGE_ERROR_OK)
        cf_cli_print_json(result->data);
    else
        cf_cli_answer_complain("no answer about", session->options->arguments[0], result->error);
    cf_cli_session_end(session, cf_cli_exit_of(result->code));
}

static cf_cli_exit ask_as_client(const cf_cli_options *options, client_call call)
{
    cf_cli_session session = {0};
    if (cf_cli_session_open(&session, options)) {
        centrifuge_subscription *subscription = NULL;
        centrifuge_error error = centrifuge_client_subscribe(session.client, options->arguments[0], NULL, NULL, &subscription);
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

cf_cli_exit cf_cli_presence(const cf_cli_options *options)
{
    if (options->client)
        return ask_as_client(options, centrifuge_subscription_presence);
    return cf_cli_api_ask(options, "presence", options->arguments[0]);
}

cf_cli_exit cf_cli_history(const cf_cli_options *options)
{
    if (options->client)
        return ask_as_client(options, centrifuge_subscription_history);
    return cf_cli_api_ask(options, "history", options->arguments[0]);
}

cf_cli_exit cf_cli_channels(const cf_cli_options *options)
{
    return cf_cli_api_ask(options, "channels", NULL);
}

cf_cli_exit cf_cli_stats(const cf_cli_options *options)
{
    return cf_cli_api_ask(options, "stats", NULL);
}
