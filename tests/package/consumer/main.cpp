// The same from C++.
#include <centrifuge/client.h>
#include <iostream>

int main()
{
    centrifuge_options options;
    centrifuge_options_default(&options);
    options.url = "wss://example.com";
    options.insecure = true;
    centrifuge_client *client = nullptr;
    if (centrifuge_client_new(&client, &options) != CENTRIFUGE_ERROR_OK)
        return 1;
    centrifuge_subscription_events events = {};
    int messages = 0;
    events.message = [](centrifuge_subscription *, const centrifuge_message *, void *user) { ++*static_cast<int *>(user); };
    if (centrifuge_client_subscribe(client, "news", &events, &messages, nullptr) != CENTRIFUGE_ERROR_OK)
        return 1;
    if (centrifuge_client_tick(client) != CENTRIFUGE_ERROR_OK)
        return 1;
    centrifuge_client_destroy(client);
    std::cout << centrifuge_version_text() << "\n";
    return 0;
}
