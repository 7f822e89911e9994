#include "native/choice.h"

#include <string.h>

typedef struct name {
    cf_bytes text;
    cf_sockjs_transport transport;
} name;

/* In the order of the default. */
static const name names[CF_NATIVE_TRANSPORTS_MAX] = {
    {CF_LITERAL("websocket"), CF_SOCKJS_WEBSOCKET},
    {CF_LITERAL("xhr-streaming"), CF_SOCKJS_XHR_STREAMING},
    {CF_LITERAL("eventsource"), CF_SOCKJS_EVENTSOURCE},
    {CF_LITERAL("xhr-polling"), CF_SOCKJS_XHR},
};

/* ---- the options ---- */

static bool is_listed(const uint8_t transports[CF_NATIVE_TRANSPORTS_MAX], size_t count, uint8_t transport)
{
    for (size_t i = 0; i < count; i++)
        if (transports[i] == transport)
            return true;
    return false;
}

/* CF_NATIVE_NO_TRANSPORT: there is none of that name. */
static uint8_t find_transport(cf_bytes text)
{
    for (size_t i = 0; i < CF_NATIVE_TRANSPORTS_MAX; i++)
        if (cf_bytes_equal(names[i].text, cf_ws_trim(text)))
            return (uint8_t)names[i].transport;
    return CF_NATIVE_NO_TRANSPORT;
}

static bool read_list(cf_bytes list, uint8_t transports[CF_NATIVE_TRANSPORTS_MAX])
{
    for (size_t count = 0; list.data; count++) {
        size_t end = (size_t)cf_bytes_find(list, CF_BYTES(",")); /* SIZE_MAX: there is no further one */
        uint8_t transport = find_transport(cf_bytes_slice(list, 0, end));
        if (transport == CF_NATIVE_NO_TRANSPORT || is_listed(transports, count, transport))
            return false;
        transports[count] = transport;
        list = end == SIZE_MAX ? (cf_bytes){NULL, 0} : cf_bytes_slice(list, end + 1, list.size);
    }
    return true;
}

bool cf_native_choice_read(const char *option, bool detect, uint8_t transports[CF_NATIVE_TRANSPORTS_MAX])
{
    bool good = true;
    memset(transports, CF_NATIVE_NO_TRANSPORT, CF_NATIVE_TRANSPORTS_MAX);
    for (size_t i = 0; i < CF_NATIVE_TRANSPORTS_MAX && !option; i++)
        transports[i] = (uint8_t)names[i].transport;
    if (option && option[0] != '\0')
        good = read_list(cf_bytes_of(option), transports);
    if (detect && transports[0] == CF_SOCKJS_WEBSOCKET)
        transports[0] = CF_NATIVE_RAW_WEBSOCKET;
    return good;
}

const char *cf_native_choice_name(cf_sockjs_transport transport)
{
    size_t i = 0;
    while (names[i].transport != transport)
        i++;
    return names[i].text.data;
}

size_t cf_native_choice_count(const centrifuge_client *client)
{
    size_t count = 0;
    while (count < CF_NATIVE_TRANSPORTS_MAX && client->settings.transports[count] != CF_NATIVE_NO_TRANSPORT)
        count++;
    return count;
}

/* ---- what was learnt ---- */

static void begin_later_with(centrifuge_client *client, size_t place)
{
    if (place == client->choice_first)
        return;
    client->choice_first = place < cf_native_choice_count(client) ? (uint8_t)place : 0;
    client->choice_until = cf_time_after(client->now, client->settings.fallback_time);
}

size_t cf_native_choice_begin(centrifuge_client *client)
{
    if (client->choice_until <= client->now)
        cf_native_choice_forget(client);
    client->choice_tried = CF_NATIVE_NO_TRANSPORT;
    client->choice_proven = false;
    return client->choice_first;
}

void cf_native_choice_trying(centrifuge_client *client, size_t place)
{
    client->choice_tried = (uint8_t)place;
}

void cf_native_choice_worked(centrifuge_client *client)
{
    client->choice_proven = true;
    if (client->choice_tried != CF_NATIVE_NO_TRANSPORT)
        begin_later_with(client, client->choice_tried);
}

void cf_native_choice_failed(centrifuge_client *client)
{
    if (!client->choice_proven && client->choice_tried != CF_NATIVE_NO_TRANSPORT)
        begin_later_with(client, client->choice_tried + 1u);
}

void cf_native_choice_forget(centrifuge_client *client)
{
    client->choice_first = 0;
}
