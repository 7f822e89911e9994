/*
 * The C++ wrapper: prints the messages of a channel until it has seen as many as asked for, and publishes what is typed.
 *
 *     news [URL [CHANNEL [COUNT]]]
 */
#include <centrifuge/client.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

int main(int count, char **arguments)
{
    centrifuge::options options;
    options.url = count > 1 ? arguments[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    options.print_errors = true;
    int left = count > 3 ? std::atoi(arguments[3]) : 0;

    centrifuge::client client(options);
    centrifuge::subscription news = client.subscribe(count > 2 ? arguments[2] : "chat:news");
    news.on_subscribe([](const centrifuge::subscribe_event &event) {
        std::cout << event.channel << (event.recovered ? ": back, nothing missed" : ": subscribed") << std::endl;
    });
    news.on_message([&](const centrifuge::message &message) {
        std::cout << message.channel << ": " << centrifuge::text(message.data).value_or("(no text)") << std::endl;
        if (--left == 0)
            client.disconnect();
    });

    std::thread keyboard([&] {
        for (std::string line; std::getline(std::cin, line);)
            client.post([&news, line] {
                if (centrifuge::error error = news.publish_text(line))
                    std::cerr << "not published: " << error.text() << "\n";
            });
    });
    client.connect();
    centrifuge::error error = client.run();
    if (error)
        std::cerr << error.text() << "\n";
    keyboard.join();
    return error ? 1 : 0;
}
