/* Uses the library as an application does, without a server: prints its version. */
#include <centrifuge/client.h>
#include <stdio.h>
#include <string.h>

static void on_message(centrifuge_subscription *subscription, const centrifuge_message *message, void *user)
{
    (void)subscription;
    (void)message;
    (void)user;
}

static void on_done(centrifuge_subscription *subscription, const centrifuge_result *result, void *user)
{
    (void)subscription;
    *(centrifuge_error *)user = result->code;
}

int main(void)
{
    centrifuge_options options;
    centrifuge_client *client;
    centrifuge_subscription *subscription;
    centrifuge_error outcome = CENTRIFUGE_ERROR_OK;
    centrifuge_options_default(&options);
    options.url = "ws://127.0.0.1:1";
    options.insecure = true;
    if (centrifuge_version() != CENTRIFUGE_VERSION || centrifuge_client_new(&client, &options))
        return 1;
    if (centrifuge_client_subscribe(client, "news", &(centrifuge_subscription_events){.message = on_message}, NULL,
                                    &subscription))
        return 1;
    if (centrifuge_subscription_publish(subscription, "{}", strlen("{}"), on_done, &outcome))
        return 1;
    if (centrifuge_client_tick(client) || centrifuge_client_destroy(client))
        return 1;
    puts(centrifuge_version_text());
    return outcome == CENTRIFUGE_ERROR_CLOSED ? 0 : 1;
}
