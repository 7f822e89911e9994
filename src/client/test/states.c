#include "states.h"

#include "base/assert.h"
#include "client/state.h"

/* A connection asks for all; without the option `resubscribe` those that waited for it go on waiting (client-spec.md 8.2). */
static bool asks_for_all(const cf_client *client)
{
    return client->state == CF_CLIENT_CONNECTED && client->settings->options.resubscribe;
}

static void check_waiting(const cf_client *client, const cf_subscription *subscription)
{
    bool permission = subscription->member != NULL;
    bool aside = cf_list_linked(&subscription->aside);
    bool asked = subscription->asked != 0;
    CF_ASSERT(asked + permission + aside <= 1);
    CF_ASSERT(!(asked || permission || aside) || subscription->state == CF_SUBSCRIPTION_SUBSCRIBING);
    CF_ASSERT(!(asked || permission) || client->state == CF_CLIENT_CONNECTED);
    CF_ASSERT(asked || permission || aside || subscription->state != CF_SUBSCRIPTION_SUBSCRIBING || !asks_for_all(client));
}

static void check_recovery(const cf_subscription *subscription)
{
    if (subscription->recovery == NULL)
        return;
    CF_ASSERT(subscription->state == CF_SUBSCRIPTION_SUBSCRIBED || (subscription->asked != 0 && subscription->recovering));
    CF_ASSERT(subscription->state != CF_SUBSCRIPTION_SUBSCRIBED || subscription->recovery->held == NULL);
}

static void check_connection(const cf_client *client, const cf_subscription *subscription)
{
    bool connected = client->state == CF_CLIENT_CONNECTED;
    CF_ASSERT(connected || (subscription->leaving == 0 && subscription->crossed == 0 && subscription->recovery == NULL));
    if (subscription->state == CF_SUBSCRIPTION_NEW)
        CF_ASSERT(!asks_for_all(client));
    if (subscription->state == CF_SUBSCRIPTION_SUBSCRIBED)
        CF_ASSERT(connected && subscription->leaving == 0 && subscription->was_subscribed && !subscription->recovering);
    if (subscription->state == CF_SUBSCRIPTION_UNSUBSCRIBED)
        CF_ASSERT(!subscription->was_subscribed);
}

/* A client that was shut is only taken apart. */
void states_check(const cf_client *client)
{
    CF_ASSERT(client->broken == CENTRIFUGE_ERROR_OK);
    if (client->shut)
        return;
    CF_EACH_SUBSCRIPTION (node, (cf_client *)client) {
        const cf_subscription *subscription = cf_subscription_of(node);
        check_waiting(client, subscription);
        check_recovery(subscription);
        check_connection(client, subscription);
    }
}
