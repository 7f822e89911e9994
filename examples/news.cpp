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

namespace
{

class reader
{
  public:
    reader(const centrifuge::options &options, const std::string &channel, int count)
        : client_(options), channel_(client_.subscribe(channel)), left_(count)
    {
        client_.on_disconnect([](const centrifuge::disconnect_event &event) {
            std::cerr << event.reason << (event.reconnect ? ", trying again\n" : "\n");
        });
        channel_.on_subscribe([](const centrifuge::subscribe_event &event) {
            std::cout << event.channel << (event.recovered ? ": back, nothing missed" : ": subscribed") << std::endl;
        });
        channel_.on_error([this](const centrifuge::subscribe_error_event &event) {
            std::cerr << event.channel << ": " << event.text << "\n";
            client_.disconnect();
        });
        channel_.on_message([this](const centrifuge::message &message) {
            std::cout << message.channel << ": " << message.data << std::endl;
            if (--left_ == 0)
                client_.disconnect();
        });
    }

    /* Any thread. */
    void publish(const std::string &json)
    {
        client_.post([this, json] {
            centrifuge::error error = channel_.publish(json, [](const centrifuge::result &result) {
                if (result.status == CENTRIFUGE_ERROR_REFUSED)
                    std::cerr << "not published: " << result.text << "\n";
            });
            if (error)
                std::cerr << "not published: " << error.text() << "\n";
        });
    }

    centrifuge::error run()
    {
        centrifuge::error error = client_.status();
        if (!error)
            error = client_.connect();
        return error ? error : client_.run();
    }

  private:
    centrifuge::client client_;
    centrifuge::subscription channel_;
    int left_;
};

} // namespace

int main(int count, char **arguments)
{
    centrifuge::options options;
    options.url = count > 1 ? arguments[1] : "ws://localhost:8000/connection/websocket";
    options.insecure = true;
    reader news(options, count > 2 ? arguments[2] : "chat:news", count > 3 ? std::atoi(arguments[3]) : 0);

    std::thread keyboard([&news] {
        for (std::string line; std::getline(std::cin, line);)
            news.publish(line);
    });
    centrifuge::error error = news.run();
    if (error)
        std::cerr << error.text() << "\n";
    keyboard.join();
    return error ? 1 : 0;
}
