// The same with the C++ wrapper.
#include <centrifuge/client.hpp>
#include <iostream>

int main()
{
    centrifuge::options options;
    options.url = "wss://example.com";
    options.insecure = true;
    centrifuge::client client(options);
    centrifuge::subscription news = client.subscribe("news");
    if (!news || !news.on_message([](const centrifuge::message &message) { std::cout << message.data << "\n"; }))
        return 1;
    if (client.tick() || client.state() != CENTRIFUGE_CLIENT_DISCONNECTED)
        return 1;
    std::cout << centrifuge_version_text() << "\n";
    return 0;
}
