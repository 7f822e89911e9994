/*
 * centrifuge/client.hpp against a real server, whose address is the argument; tests/cpp/run.sh starts it. Built as C++17 without
 * exceptions and run-time types, and as C++20.
 */
#include <centrifuge/client.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <sstream>
#include <thread>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

using centrifuge::client;
using centrifuge::error;
using centrifuge::message;
using centrifuge::milliseconds;
using centrifuge::result;
using centrifuge::subscription;
using centrifuge::view;

#define CHECK(condition)                                                                                                       \
    do {                                                                                                                       \
        if (!(condition)) {                                                                                                    \
            std::fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                       \
            std::exit(1);                                                                                                      \
        }                                                                                                                      \
    } while (0)

#define CHECK_ERROR(call, expected) check_error((call), CENTRIFUGE_ERROR_##expected, #call, __LINE__)

static void check_error(error got, error expected, const char *call, int line)
{
    if (got == expected)
        return;
    std::fprintf(stderr, "line %d: %s is %s, not %s\n", line, call, got.name(), expected.name());
    std::exit(1);
}

static void never(const char *what)
{
    std::fprintf(stderr, "%s\n", what);
    std::exit(1);
}

static const char *url;

/* Of user 42, who got the credentials `age` seconds ago. */
static centrifuge::options signed_options(long age = 0)
{
    centrifuge::options options;
    options.url = url;
    options.user = "42";
    options.timestamp = options.keep(std::to_string(static_cast<long>(std::time(nullptr)) - age));
    options.token = options.keep(centrifuge::token("secret", "42", options.timestamp));
    options.retry = 10;
    options.proxy = "";
    return options;
}

/* A channel of its own for every test, so that none hears another. */
static std::string fresh_channel(const char *prefix = "chat:")
{
    static int number;
    return prefix + std::to_string(++number);
}

/* Turns of at most 100 ms; the limit is only reached when something is wrong. */
template <class Condition> static void run_until(client &one, Condition condition, int line)
{
    for (int i = 0; i < 300 && !condition(); i++)
        CHECK_ERROR(one.wait(milliseconds(100)), OK);
    if (!condition()) {
        std::fprintf(stderr, "line %d: waited in vain\n", line);
        std::exit(1);
    }
}
#define RUN_UNTIL(one, condition) run_until((one), [&] { return (condition); }, __LINE__)

static void stop_at_subscribe_error(const subscription &to)
{
    to.on_error([](const centrifuge::subscribe_error_event &event) { never(event.text); });
}

/* ---- the usual day ---- */

static void connects_subscribes_publishes_and_asks()
{
    client one(signed_options());
    CHECK(one && !one.status());
    std::string id, received, uid, presence, history, joined;
    std::string name = fresh_channel();
    one.on_connect([&](const centrifuge::connect_event &event) {
        id = event.client;
        CHECK(view(event.transport) == "raw-websocket" && event.latency >= 0);
    });
    subscription room = one.subscribe(name);
    CHECK(room && room.channel() == name && room.state() == CENTRIFUGE_SUBSCRIPTION_NEW);
    room.on_message([&](const message &event) {
        received = view(event.data);
        uid = event.uid;
        CHECK(event.channel == name && event.client == id && view(event.user) == "42");
        CHECK(event.info.size > 0 && event.raw.size > 0 && !event.history);
        CHECK(centrifuge::text(centrifuge_json_find(event.data, "text")) == "hello" && !centrifuge::text(event.data));
    });
    room.on_join([&](const centrifuge::join_event &event) { joined = event.client; });
    CHECK_ERROR(one.connect(), OK);
    int completed = 0;
    CHECK_ERROR(room.ready([&](const result &outcome) {
        CHECK(!outcome.code && !outcome.resubscribe);
        completed++;
    }),
                OK);
    CHECK_ERROR(room.publish("{\"text\": \"hello\"}",
                             [&](const result &outcome) {
                                 CHECK(!outcome.code && !*outcome.error && outcome.body.size > 0);
                                 completed++;
                             }),
                OK);
    RUN_UNTIL(one, completed == 2 && !received.empty());
    CHECK(received == "{\"text\": \"hello\"}");
    CHECK(one.id() == id && one.transport() == "raw-websocket" && one.latency().count() >= 0);
    CHECK(one.state() == CENTRIFUGE_CLIENT_CONNECTED && one.will_reconnect() == false);
    CHECK(room.state() == CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED);
    CHECK(joined == id);
    CHECK_ERROR(room.presence([&](const result &outcome) { presence = view(outcome.data); }), OK);
    CHECK_ERROR(room.history([&](const result &outcome) { history = view(outcome.data); }), OK);
    RUN_UNTIL(one, !presence.empty() && !history.empty());
    CHECK(presence.find(id) != std::string::npos);
    CHECK(history.find(uid) != std::string::npos);
    CHECK_ERROR(one.disconnect(), OK);
    CHECK_ERROR(one.run(), OK);
}

static void events_of_the_connection_are_told()
{
    client one(signed_options());
    std::string reason, closed;
    int logged = 0;
    one.on_disconnect([&](const centrifuge::disconnect_event &event) {
        reason = event.reason;
        CHECK(!event.reconnect);
    });
    one.on_transport_close([&](const centrifuge::transport_close_event &event) {
        CHECK(!event.code && event.reconnect && event.close_code == 1005);
        closed = event.reason;
    });
    one.on_log([&](const centrifuge::log_event &event) { logged += event.level >= CENTRIFUGE_LOG_DEBUG && *event.text; });
    one.on_error([](const centrifuge::error_event &) { never("an error"); });
    bool up = false;
    one.on_connect([&](const centrifuge::connect_event &) { up = true; });
    subscription room = one.subscribe(fresh_channel());
    bool left = false;
    room.on_unsubscribe([&](const centrifuge::unsubscribe_event &event) { left = event.channel == room.channel(); });
    room.on_subscribe([&](const centrifuge::subscribe_event &event) { CHECK(!event.resubscribe && !event.recovered); });
    CHECK_ERROR(one.connect(), OK);
    RUN_UNTIL(one, up && room.state() == CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED);
    CHECK_ERROR(one.ping(), OK);
    CHECK_ERROR(one.network_changed(true), OK);
    CHECK_ERROR(room.unsubscribe(), OK);
    RUN_UNTIL(one, left);
    CHECK_ERROR(one.disconnect(), OK);
    CHECK_ERROR(one.run(), OK);
    CHECK(reason == "client" && closed == "connection closed" && logged > 0);
}

static void a_refusal_is_an_error_with_a_text()
{
    client one(signed_options());
    std::string text, of_client;
    centrifuge::error status;
    one.on_error([&](const centrifuge::error_event &event) { of_client = event.text; });
    subscription nowhere = one.subscribe("nowhere:here");
    nowhere.on_error([&](const centrifuge::subscribe_error_event &event) {
        text = event.text;
        status = event.code;
        CHECK(view(event.advice) == "fix" && !event.error_json && !event.resubscribe);
    });
    CHECK_ERROR(one.connect(), OK);
    RUN_UNTIL(one, !text.empty());
    CHECK(status == CENTRIFUGE_ERROR_REFUSED && text == "namespace not found" && of_client == text);
    bool refused = false;
    CHECK_ERROR(nowhere.ready([&](const result &outcome) { refused = outcome.code == CENTRIFUGE_ERROR_REFUSED; }), OK);
    RUN_UNTIL(one, refused);
}

static void texts_are_published_and_a_history_is_caught_up_with()
{
    client one(signed_options()), late(signed_options());
    std::string name = fresh_channel(), heard;
    subscription room = one.subscribe(name);
    CHECK_ERROR(one.connect(), OK);
    int published = 0;
    for (const char *text : {"first", "\"second\"\n"})
        CHECK_ERROR(room.publish_text(text, [&](const result &outcome) { published += !outcome.code; }), OK);
    CHECK_ERROR(room.publish_text(std::string("a\0b", 3)), INVALID_ARGUMENT);
    RUN_UNTIL(one, published == 2);
    subscription same = late.subscribe(name);
    bool caught_up = false;
    same.on_message(
        [&](const message &event) { heard += (event.history ? "old " : "new ") + *centrifuge::text(event.data) + ";"; });
    CHECK_ERROR(same.catch_up([&](const result &outcome) { caught_up = !outcome.code; }), OK);
    CHECK_ERROR(late.connect(), OK);
    RUN_UNTIL(late, caught_up);
    CHECK_ERROR(same.publish_text("third"), OK);
    RUN_UNTIL(late, heard.find("third") != std::string::npos);
    CHECK(heard == "old first;old \"second\"\n;new third;");
}

/* ---- private channels and credentials ---- */

static void private_channels_are_signed_by_a_function()
{
    std::string name = fresh_channel("$chat:");
    client one;
    centrifuge::options options = signed_options();
    int asked = 0;
    options.on_authorize = [&](centrifuge::request to, centrifuge_bytes body) {
        asked++;
        CHECK(view(body).find(name) != std::string::npos && to.id() != 0);
        if (asked == 1) {
            CHECK_ERROR(to.fail(), OK);
            return;
        }
        /* Later, from a thread that has worked on it. */
        std::string sign = centrifuge::sign("secret", one.id(), name);
        std::thread([&one, to, name, sign] {
            CHECK_ERROR(to.answer(""), WRONG_THREAD);
            CHECK_ERROR(one.post([to, name, sign] { to.answer("{\"" + name + "\":{\"sign\":\"" + sign + "\"}}"); }), OK);
        }).join();
    };
    one = client(options);
    subscription room = one.subscribe(name);
    bool refused = false;
    bool subscribed = false;
    room.on_error([&](const centrifuge::subscribe_error_event &) { refused = true; });
    room.on_subscribe([&](const centrifuge::subscribe_event &) { subscribed = true; });
    CHECK_ERROR(one.connect(), OK);
    RUN_UNTIL(one, refused);
    CHECK_ERROR(room.subscribe(), OK);
    RUN_UNTIL(one, subscribed);
    CHECK(asked == 2);
}

static void expired_credentials_are_replaced_by_a_function()
{
    centrifuge::options options = signed_options(7200);
    options.on_refresh = [](centrifuge::request to) {
        centrifuge::options now = signed_options();
        CHECK_ERROR(
            to.answer(std::string("{\"user\":\"42\",\"timestamp\":\"") + now.timestamp + "\",\"token\":\"" + now.token + "\"}"),
            OK);
    };
    client one(options);
    bool up = false;
    one.on_connect([&](const centrifuge::connect_event &) { up = true; });
    CHECK_ERROR(one.connect(), OK);
    RUN_UNTIL(one, up);
    centrifuge::credentials current;
    CHECK_ERROR(one.get_credentials(current), OK);
    CHECK(view(current.user) == "42" && view(current.timestamp) != options.timestamp && !*current.info && !current.json);
}

static void functions_of_options_may_be_replaced_while_they_run()
{
    std::string name = fresh_channel("$chat:");
    centrifuge::options options = signed_options();
    client one;
    std::string text(100, 'x');
    options.on_authorize = [&one, text](centrifuge::request to, centrifuge_bytes) {
        CHECK_ERROR(one.configure(signed_options()), OK); /* without it, and without its capture */
        CHECK(text == std::string(100, 'x'));
        CHECK_ERROR(to.fail(), OK);
    };
    one = client(options);
    bool refused = false;
    one.subscribe(name).on_error([&](const centrifuge::subscribe_error_event &) { refused = true; });
    CHECK_ERROR(one.connect(), OK);
    RUN_UNTIL(one, refused);
}

static void options_are_checked()
{
    centrifuge::options options;
    const char *what = nullptr;
    CHECK_ERROR(options.check(&what), MISSING_URL);
    CHECK_ERROR(client(options).status(), MISSING_URL);
    options.url = url;
    CHECK_ERROR(options.check(), MISSING_USER);
    options.user = "";
    CHECK_ERROR(options.check(), MISSING_TIMESTAMP);
    options.user = nullptr;
    CHECK_ERROR(options.check(), MISSING_USER);
    options.insecure = true;
    CHECK_ERROR(options.check(), OK);
    options.calls_max = 0;
    CHECK_ERROR(options.check(&what), INVALID_OPTION);
    CHECK(std::string(what) == "calls_max");
    options.calls_max = 1;
    CHECK(options.retry == 1000 && view(options.private_channel_prefix) == "$" && view(options.refresh_data) == "{}");
    options = signed_options();
    const centrifuge_header header = {"no name", "x"};
    options.headers = &header;
    options.header_count = 1;
    CHECK_ERROR(options.check(&what), INVALID_OPTION);
    CHECK(std::string(what) == "headers");
}

/* ---- lifetimes ---- */

static void an_empty_client_says_so()
{
    client none;
    CHECK(!none);
    CHECK_ERROR(none.status(), INVALID_ARGUMENT);
    CHECK_ERROR(none.connect(), INVALID_ARGUMENT);
    CHECK_ERROR(none.run(), INVALID_ARGUMENT);
    CHECK_ERROR(none.adopt(), INVALID_ARGUMENT);
    CHECK_ERROR(none.configure(signed_options()), INVALID_ARGUMENT);
    CHECK_ERROR(none.post([] {}), INVALID_ARGUMENT);
    CHECK_ERROR(none.destroy(), OK);
    CHECK(none.id().empty() && none.transport().empty() && none.latency().count() == -1 && !none.will_reconnect());
    CHECK(none.state() == CENTRIFUGE_CLIENT_DISCONNECTED && none.raw() == nullptr);
    none.wake();
    none.stop();
    subscription nothing = none.subscribe("news");
    CHECK(!nothing && !none.find("news") && nothing.channel().empty() && nothing.raw() == nullptr);
    CHECK_ERROR(nothing.status(), INVALID_ARGUMENT);
    CHECK_ERROR(nothing.publish("1"), INVALID_ARGUMENT);
    CHECK_ERROR(nothing.on_message([](const message &) {}).status(), INVALID_ARGUMENT);
    CHECK_ERROR(none.on_connect([](const centrifuge::connect_event &) {}).status(), INVALID_ARGUMENT);
    CHECK_ERROR(subscription().remove(), INVALID_ARGUMENT);
}

static void what_cannot_be_done_is_refused()
{
    client one(signed_options());
    CHECK_ERROR(one.subscribe("").status(), INVALID_ARGUMENT);
    CHECK_ERROR(one.subscribe(std::string("a\0b", 3)).status(), INVALID_ARGUMENT);
    subscription room = one.subscribe(fresh_channel());
    CHECK_ERROR(room.on_message(nullptr).status(), INVALID_ARGUMENT);
    CHECK_ERROR(one.on_connect(nullptr).status(), INVALID_ARGUMENT);
    CHECK_ERROR(room.unlisten(centrifuge::listener()), INVALID_ARGUMENT);
    CHECK_ERROR(one.unlisten(centrifuge::listener()), INVALID_ARGUMENT);
    CHECK_ERROR(one.post(nullptr), INVALID_ARGUMENT);
    bool called = false;
    CHECK_ERROR(room.publish("no json", [&](const result &) { called = true; }), INVALID_JSON);
    CHECK_ERROR(room.publish("", [&](const result &) { called = true; }), INVALID_JSON);
    CHECK(!called);
    CHECK_ERROR(one.socket_ready(0, 0), OK);
    CHECK_ERROR(one.timer_expired(), OK);
    CHECK_ERROR(one.tick(), OK);
    int descriptor = -1;
    CHECK_ERROR(one.fd(descriptor), OK);
    CHECK(descriptor >= 0 && one.timeout().count() >= -1);
}

static void functions_are_destroyed_when_they_cannot_be_called_any_more()
{
    std::shared_ptr<int> held = std::make_shared<int>(0);
    std::string name = fresh_channel();
    {
        client one(signed_options());
        subscription room = one.subscribe(name);
        centrifuge::listener first = room.on_message([held](const message &) {});
        centrifuge::listener second = one.on_connect([held](const centrifuge::connect_event &) {});
        CHECK(first && second && held.use_count() == 3);
        CHECK_ERROR(room.unlisten(first), OK);
        CHECK_ERROR(one.unlisten(second), OK);
        CHECK(held.use_count() == 1);
        CHECK_ERROR(room.unlisten(first), INVALID_ARGUMENT);
        room.on_message([held](const message &) {});
        room.on_leave([held](const centrifuge::join_event &) {});
        CHECK(held.use_count() == 3);
        CHECK_ERROR(room.remove(), OK);
        CHECK(held.use_count() == 1);
        CHECK_ERROR(room.publish("1", [held](const result &) {}), UNSUBSCRIBED);
        CHECK(held.use_count() == 1);
        room = one.subscribe(name);
        room.on_message([held](const message &) {});
        one.on_log([held](const centrifuge::log_event &) {});
        CHECK_ERROR(one.post([held] {}), OK);
        int *completed = held.get();
        CHECK_ERROR(room.publish("1", [held, completed](
                                          const result &outcome) { *completed += outcome.code == CENTRIFUGE_ERROR_CLOSED; }),
                    OK);
        CHECK(held.use_count() == 5);
    }
    CHECK(held.use_count() == 1 && *held == 1);
}

static void a_listener_may_remove_itself()
{
    client one(signed_options());
    subscription room = one.subscribe(fresh_channel());
    stop_at_subscribe_error(room);
    std::shared_ptr<std::string> held = std::make_shared<std::string>("still here");
    std::weak_ptr<std::string> watched = held;
    centrifuge::listener once, other;
    int first = 0, second = 0;
    once = room.on_message([&, held](const message &) {
        first++;
        CHECK_ERROR(room.unlisten(once), OK);
        CHECK_ERROR(room.unlisten(other), OK);
        other = room.on_message([&](const message &) { second++; });
        CHECK(*held == "still here");
    });
    other = room.on_message([](const message &) { never("it was removed"); });
    held.reset();
    CHECK_ERROR(one.connect(), OK);
    CHECK_ERROR(room.publish("1"), OK);
    CHECK_ERROR(room.publish("2"), OK);
    RUN_UNTIL(one, second == 1);
    CHECK(first == 1 && watched.expired());
}

static void a_subscription_may_be_removed_by_its_own_listener()
{
    client one(signed_options());
    std::string name = fresh_channel();
    subscription room = one.subscribe(name);
    stop_at_subscribe_error(room);
    std::string text = "still here";
    int ended = 0;
    subscription next;
    room.on_message([&, text](const message &event) {
        CHECK(view(event.data) == "1");
        CHECK_ERROR(room.publish("2", [&](const result &outcome) { ended += outcome.code == CENTRIFUGE_ERROR_UNSUBSCRIBED; }),
                    OK);
        CHECK_ERROR(room.remove(), OK);
        CHECK_ERROR(room.remove(), UNSUBSCRIBED);
        CHECK(!room && text == "still here");
        next = one.subscribe(name);
    });
    CHECK_ERROR(one.connect(), OK);
    CHECK_ERROR(room.publish("1"), OK);
    RUN_UNTIL(one, ended == 1);
    CHECK(next && next != room && !room && one.find(name) == next);
    CHECK_ERROR(room.status(), UNSUBSCRIBED);
    CHECK_ERROR(room.on_message([](const message &) {}).status(), UNSUBSCRIBED);
    CHECK_ERROR(next.publish("3", [&](const result &outcome) { ended += !outcome.code; }), OK);
    RUN_UNTIL(one, ended == 2);
}

static void a_client_may_be_destroyed_by_its_own_listener()
{
    std::shared_ptr<int> held = std::make_shared<int>(0);
    std::unique_ptr<client> one(new client(signed_options()));
    subscription room = one->subscribe(fresh_channel());
    stop_at_subscribe_error(room);
    int closed = 0;
    room.on_message([&, held](const message &) {
        CHECK_ERROR(room.presence([&, held](const result &outcome) {
            closed += outcome.code == CENTRIFUGE_ERROR_CLOSED;
            CHECK(!room);
        }),
                    OK);
        one.reset();
        CHECK_ERROR(room.publish("2"), CLOSED);
        CHECK_ERROR(room.status(), CLOSED);
        CHECK(closed == 0 && *held == 0);
    });
    room.on_message([](const message &) { never("told after the end"); });
    CHECK_ERROR(one->connect(), OK);
    CHECK_ERROR(room.publish("1"), OK);
    client *gone = one.get();
    CHECK_ERROR(gone->run(), CLOSED);
    CHECK(!one && closed == 1 && held.use_count() == 1);
}

static void handles_may_outlive_their_client()
{
    std::shared_ptr<int> held = std::make_shared<int>(0);
    subscription room;
    std::optional<centrifuge::request> asked;
    {
        centrifuge::options options = signed_options();
        options.on_authorize = [&asked, held](centrifuge::request to, centrifuge_bytes) { asked = to; };
        client one(options);
        options.on_authorize = nullptr;
        room = one.subscribe(fresh_channel("$chat:"));
        room.on_message([held, room](const message &) {});
        CHECK_ERROR(one.connect(), OK);
        RUN_UNTIL(one, asked.has_value());
        CHECK(held.use_count() == 3);
    }
    CHECK(!room && room.channel().empty() && room.raw() == nullptr && held.use_count() == 1);
    CHECK_ERROR(room.status(), CLOSED);
    CHECK_ERROR(room.publish("1"), CLOSED);
    CHECK_ERROR(room.on_message([](const message &) {}).status(), CLOSED);
    CHECK_ERROR(asked->fail(), CLOSED);
    CHECK_ERROR(asked->answer("{}"), CLOSED);
}

static void a_client_may_be_destroyed_by_what_was_posted_or_completed()
{
    client one(signed_options());
    subscription room = one.subscribe(fresh_channel());
    bool dropped = true;
    CHECK_ERROR(one.post([&] { CHECK_ERROR(one.destroy(), OK); }), OK);
    CHECK_ERROR(one.post([&] { dropped = false; }), OK);
    CHECK_ERROR(one.wait(), CLOSED);
    CHECK(!one && dropped);

    one = client(signed_options());
    room = one.subscribe(fresh_channel());
    CHECK_ERROR(one.connect(), OK);
    CHECK_ERROR(room.publish("1", [&](const result &) { CHECK_ERROR(one.destroy(), OK); }), OK);
    CHECK_ERROR(one.run(), CLOSED);

    centrifuge::options options = signed_options();
    options.on_authorize = [&](centrifuge::request to, centrifuge_bytes) {
        one = client();
        CHECK_ERROR(to.fail(), CLOSED);
    };
    one = client(options);
    one.subscribe(fresh_channel("$chat:"));
    CHECK_ERROR(one.connect(), OK);
    CHECK_ERROR(one.run(), CLOSED);
}

static void a_moved_client_goes_on()
{
    client first(signed_options());
    subscription room = first.subscribe(fresh_channel());
    stop_at_subscribe_error(room);
    int received = 0;
    room.on_message([&](const message &) { received++; });
    CHECK_ERROR(first.connect(), OK);
    CHECK_ERROR(room.publish("1"), OK);
    client second(std::move(first));
    CHECK(second && room);
    RUN_UNTIL(second, received == 1);
    client third(signed_options());
    third = std::move(second);
    CHECK(third && !second);
    CHECK_ERROR(room.publish("2"), OK);
    RUN_UNTIL(third, received == 2);
    client &same = third;
    third = std::move(same);
    CHECK(third && third.find(std::string(room.channel())) == room);
    std::vector<client> many;
    many.push_back(std::move(third));
    many.reserve(many.capacity() + 1);
    CHECK_ERROR(room.publish("3"), OK);
    RUN_UNTIL(many[0], received == 3);
}

/* ---- loops and threads ---- */

/* A loop of poll(), as small as can be. */
struct poll_loop {
    std::map<centrifuge_socket, int> watched;
    milliseconds timer = milliseconds(-1);
    int calls = 0;

    void hook_to(centrifuge::options &options)
    {
        options.on_watch = [this](centrifuge_socket socket, int events) {
            calls++;
            if (events)
                watched[socket] = events;
            else
                watched.erase(socket);
        };
        options.on_timer = [this](milliseconds wait) { timer = wait; };
    }

    /* One turn; what the client said last. */
    error turn(client &one)
    {
        std::vector<pollfd> polls;
        for (const std::pair<const centrifuge_socket, int> &socket : watched) {
            int events =
                (socket.second & CENTRIFUGE_READABLE ? POLLIN : 0) | (socket.second & CENTRIFUGE_WRITABLE ? POLLOUT : 0);
            polls.push_back(pollfd{socket.first, static_cast<short>(events), 0});
        }
        milliseconds wait = timer;
        int ready = poll(polls.data(), polls.size(), static_cast<int>(wait.count() < 0 ? 100 : wait.count()));
        if (ready == 0 && wait.count() >= 0) {
            timer = milliseconds(-1);
            return one.timer_expired();
        }
        for (const pollfd &socket : polls) {
            if (!socket.revents)
                continue;
            int events =
                (socket.revents & ~POLLOUT ? CENTRIFUGE_READABLE : 0) | (socket.revents & POLLOUT ? CENTRIFUGE_WRITABLE : 0);
            error ended = one.socket_ready(socket.fd, events);
            if (ended)
                return ended;
        }
        return CENTRIFUGE_ERROR_OK;
    }
};

static void a_foreign_loop_drives_it_to_its_end_in_a_callback()
{
    poll_loop loop;
    std::shared_ptr<int> held = std::make_shared<int>(0);
    client one;
    {
        centrifuge::options options = signed_options();
        loop.hook_to(options);
        std::function<void(centrifuge_socket, int)> watch = options.on_watch;
        options.on_watch = [held, watch](centrifuge_socket socket, int events) { watch(socket, events); };
        one = client(options);
    }
    CHECK_ERROR(one.tick(), INVALID_STATE);
    int descriptor = -1;
    CHECK_ERROR(one.fd(descriptor), INVALID_STATE);
    subscription room = one.subscribe(fresh_channel());
    stop_at_subscribe_error(room);
    room.on_message([&](const message &) { CHECK_ERROR(one.destroy(), OK); });
    CHECK_ERROR(one.connect(), OK);
    CHECK_ERROR(room.publish("1"), OK);
    error ended;
    for (int i = 0; i < 1000 && !ended; i++)
        ended = loop.turn(one);
    CHECK_ERROR(ended, CLOSED);
    CHECK(loop.watched.empty() && loop.calls > 4 && held.use_count() == 1);
}

static void other_threads_post_and_are_refused_all_else()
{
    client one(signed_options());
    subscription room = one.subscribe(fresh_channel());
    std::vector<int> order;
    std::thread([&] {
        CHECK_ERROR(one.connect(), WRONG_THREAD);
        CHECK_ERROR(one.run(), WRONG_THREAD);
        CHECK_ERROR(one.destroy(), WRONG_THREAD);
        CHECK_ERROR(room.publish("1", [](const result &) {}), WRONG_THREAD);
        CHECK_ERROR(room.on_message([](const message &) {}).status(), WRONG_THREAD);
        CHECK_ERROR(one.subscribe("news").status(), WRONG_THREAD);
        for (int i = 0; i < 100; i++)
            CHECK_ERROR(one.post([&order, i] { order.push_back(i); }), OK);
        one.wake();
        one.post([&] { one.stop(); });
    }).join();
    CHECK_ERROR(one.connect(), OK);
    CHECK_ERROR(one.run(), OK);
    CHECK(order.size() == 100 && order[0] == 0 && order[99] == 99);
}

static void a_client_may_run_in_one_thread_and_end_in_another()
{
    client one(signed_options());
    std::string name = fresh_channel();
    int received = 0;
    std::thread worker([&] {
        CHECK_ERROR(one.adopt(), OK);
        subscription room = one.subscribe(name);
        room.on_message([&](const message &) {
            received++;
            one.stop();
        });
        CHECK_ERROR(one.connect(), OK);
        CHECK_ERROR(room.publish("1"), OK);
        CHECK_ERROR(one.run(), OK);
    });
    worker.join();
    CHECK(received == 1);
    CHECK_ERROR(one.connect(), WRONG_THREAD);
}

/* Its copy of the client said goodbye on the connection that both had. */
static void a_childs_copy_leaves_the_connection_alone()
{
    client one(signed_options());
    bool lost = false;
    one.on_disconnect([&](const centrifuge::disconnect_event &) { lost = true; });
    subscription room = one.subscribe(fresh_channel());
    CHECK_ERROR(one.connect(), OK);
    RUN_UNTIL(one, room.state() == CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED);
    pid_t child = fork();
    if (child == 0) {
        CHECK_ERROR(room.publish("1"), WRONG_THREAD);
        one = client();
        CHECK_ERROR(room.publish("1"), CLOSED);
        _exit(0);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    bool answered = false;
    CHECK_ERROR(room.publish("2", [&](const result &outcome) { answered = !outcome.code; }), OK);
    RUN_UNTIL(one, answered);
    CHECK(!lost);
}

static void every_thread_may_use_a_client_that_was_started()
{
    centrifuge::options options = signed_options();
    options.on_authorize = [](centrifuge::request to, centrifuge_bytes) { std::thread([to] { to.fail(); }).join(); };
    client one(options);
    std::string name = fresh_channel();
    subscription room = one.subscribe(name);
    stop_at_subscribe_error(room);
    std::atomic<int> received{0}, answered{0}, refused{0};
    room.on_message([&](const message &) { received++; });
    CHECK_ERROR(one.start(), OK);
    CHECK_ERROR(one.start(), INVALID_STATE);
    CHECK_ERROR(one.tick(), INVALID_STATE);
    CHECK_ERROR(one.connect(), OK);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([&, i] {
            for (int j = 0; j < 50; j++)
                CHECK_ERROR(room.publish("1", [&](const result &outcome) { answered += !outcome.code; }), OK);
            std::shared_ptr<int> held = std::make_shared<int>(0);
            centrifuge::listener listener = room.on_message([held](const message &) { ++*held; });
            CHECK(listener && one.find(name) == room && !one.configure(options) && one.id().size() != 1);
            CHECK_ERROR(room.unlisten(listener), OK);
            subscription own = one.subscribe("$" + name + std::to_string(i));
            own.on_error([&, held](const centrifuge::subscribe_error_event &) { refused++; });
            while (refused < 4)
                std::this_thread::yield();
            CHECK_ERROR(own.remove(), OK);
            CHECK_ERROR(own.remove(), UNSUBSCRIBED);
        });
    for (std::thread &thread : threads)
        thread.join();
    CHECK_ERROR(one.drain(milliseconds(600000)), OK);
    CHECK_ERROR(one.join(), OK);
    CHECK(answered == 200 && received == 200 && refused == 4);
    CHECK_ERROR(one.tick(), OK);
}

/* A sanitizer sees one that runs in another thread. */
static void callbacks_of_a_started_client_run_where_they_are_asked_for()
{
    centrifuge::options options = signed_options();
    options.dispatch = true;
    client one(options);
    subscription room = one.subscribe(fresh_channel());
    std::thread::id here = std::this_thread::get_id();
    int received = 0, descriptor = -1;
    CHECK_ERROR(one.dispatch(), INVALID_STATE);
    room.on_message([&](const message &) { received += std::this_thread::get_id() == here; });
    CHECK_ERROR(one.start(), OK);
    CHECK_ERROR(one.connect(), OK);
    CHECK_ERROR(room.publish("1"), OK);
    CHECK_ERROR(one.dispatch_fd(descriptor), OK);
    while (received == 0) {
        pollfd poller{descriptor, POLLIN, 0};
        CHECK(poll(&poller, 1, -1) == 1);
        CHECK_ERROR(one.dispatch(), OK);
    }
    one.stop();
    error ended;
    while (!ended)
        ended = one.dispatch(milliseconds(-1));
    CHECK_ERROR(ended, INVALID_STATE);
    CHECK_ERROR(one.join(), OK);
}

static void a_started_client_may_be_destroyed_by_its_own_listener_and_by_any_thread()
{
    std::shared_ptr<std::atomic<int>> held = std::make_shared<std::atomic<int>>(0);
    std::unique_ptr<client> one(new client(signed_options()));
    one->on_connect([&one, held](const centrifuge::connect_event &) {
        one.reset();
        ++*held;
    });
    centrifuge_client *raw = one->raw();
    CHECK_ERROR(one->connect(), OK);
    CHECK_ERROR(centrifuge_client_start(raw), OK);
    while (*held == 0 || held.use_count() > 1)
        std::this_thread::yield();

    client other(signed_options());
    subscription room = other.subscribe(fresh_channel());
    int closed = 0;
    CHECK_ERROR(other.start(), OK);
    CHECK_ERROR(room.publish("1", [&](const result &outcome) { closed += outcome.code == CENTRIFUGE_ERROR_CLOSED; }), OK);
    std::thread([&] { CHECK_ERROR(other.destroy(), OK); }).join();
    CHECK(closed == 1);
    CHECK_ERROR(room.status(), CLOSED);
}

static void commands_are_batched()
{
    centrifuge::options options = signed_options();
    options.batch = true;
    client one(options);
    subscription room = one.subscribe(fresh_channel());
    int received = 0;
    room.on_message([&](const message &) { received++; });
    CHECK_ERROR(one.connect(), OK);
    RUN_UNTIL(one, room.state() == CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED);
    CHECK_ERROR(one.start_batching(), OK);
    CHECK_ERROR(one.start_auth_batching(), OK);
    CHECK_ERROR(room.publish("1"), OK);
    CHECK_ERROR(one.flush(), OK);
    bool answered = false;
    /* Without data: what the server thinks of it is its own affair. */
    CHECK_ERROR(room.publish({}, [&](const result &) { answered = true; }), OK);
    CHECK_ERROR(one.stop_auth_batching(), OK);
    CHECK_ERROR(one.stop_batching(true), OK);
    RUN_UNTIL(one, received >= 1 && answered);
}

static void a_call_has_a_timeout_of_its_own_and_the_last_answers_are_waited_for()
{
    client one(signed_options());
    subscription room = one.subscribe(fresh_channel());
    int late = 0, answered = 0;
    CHECK_ERROR(room.ready([&](const result &outcome) { late += outcome.code == CENTRIFUGE_ERROR_TIMEOUT; }, {1}), OK);
    CHECK_ERROR(room.publish("1", [&](const result &outcome) { late += outcome.code == CENTRIFUGE_ERROR_TIMEOUT; }, {1}), OK);
    RUN_UNTIL(one, late == 2);
    CHECK_ERROR(room.publish("2", [&](const result &) {}, {-1}), INVALID_ARGUMENT);
    CHECK_ERROR(one.connect(), OK);
    CHECK_ERROR(room.publish("2", [&](const result &outcome) { answered += !outcome.code; }), OK);
    std::shared_ptr<int> held = std::make_shared<int>(0);
    CHECK_ERROR(one.drain(milliseconds(60000),
                          [&, held](const centrifuge::drained_event &event) {
                              CHECK(answered == 1 && event.left == 0 && !event.code);
                              *held = 1;
                          }),
                OK);
    CHECK_ERROR(one.drain(milliseconds(1), [](const centrifuge::drained_event &) { never("drained twice"); }), DRAINING);
    CHECK_ERROR(room.publish("3"), DRAINING);
    CHECK_ERROR(one.run(), OK);
    CHECK(*held == 1 && held.use_count() == 1 && one.state() == CENTRIFUGE_CLIENT_DISCONNECTED);
    CHECK_ERROR(client().drain(milliseconds(1)), INVALID_ARGUMENT);
}

static void limits_are_told_before_they_are_reached()
{
    centrifuge::options options = signed_options();
    options.calls_max = 4;
    client one(options);
    error limit;
    std::size_t used = 0;
    one.on_high_water([&](const centrifuge::high_water_event &event) {
        limit = event.limit;
        used = event.used;
        CHECK(event.max == 4);
    });
    subscription room = one.subscribe(fresh_channel());
    for (int i = 0; i < 4; i++)
        CHECK_ERROR(room.publish("1"), OK);
    CHECK_ERROR(room.publish("1"), LIMIT_CALLS);
    RUN_UNTIL(one, used > 0);
    CHECK(limit == CENTRIFUGE_ERROR_LIMIT_CALLS && limit.temporary());
}

/* ---- values ---- */

static void values_print_and_compare()
{
    std::ostringstream out;
    out << centrifuge::bytes(std::string_view("text, not more", 4)) << centrifuge_bytes{nullptr, 0};
    CHECK(out.str() == "text");
    CHECK(view(centrifuge_bytes{nullptr, 0}).empty() && view("a") == "a");
    CHECK(centrifuge::text(centrifuge::bytes("\"a\\u0000\\u00e9\"")) == std::string("a\0\xc3\xa9", 4));
    CHECK(!centrifuge::text(centrifuge::bytes("1")) && !centrifuge::text({}));
    error none, some(CENTRIFUGE_ERROR_TIMEOUT);
    CHECK(!none && some && some != none && some == CENTRIFUGE_ERROR_TIMEOUT && some.temporary());
    CHECK(std::string(some.name()) == "TIMEOUT" && std::string(some.text()) == "timeout");
    CHECK(centrifuge::sign("", "client", "channel").empty());
    CHECK(centrifuge::token("secret", "42", "1").size() == 64 && centrifuge::api_sign("secret", "{}").size() == 64);
}

int main(int count, char **arguments)
{
    struct {
        const char *name;
        void (*run)();
    } const tests[] = {
#define TEST(name) {#name, name}
        TEST(connects_subscribes_publishes_and_asks),
        TEST(events_of_the_connection_are_told),
        TEST(a_refusal_is_an_error_with_a_text),
        TEST(texts_are_published_and_a_history_is_caught_up_with),
        TEST(private_channels_are_signed_by_a_function),
        TEST(expired_credentials_are_replaced_by_a_function),
        TEST(functions_of_options_may_be_replaced_while_they_run),
        TEST(options_are_checked),
        TEST(an_empty_client_says_so),
        TEST(what_cannot_be_done_is_refused),
        TEST(functions_are_destroyed_when_they_cannot_be_called_any_more),
        TEST(a_listener_may_remove_itself),
        TEST(a_subscription_may_be_removed_by_its_own_listener),
        TEST(a_client_may_be_destroyed_by_its_own_listener),
        TEST(handles_may_outlive_their_client),
        TEST(a_client_may_be_destroyed_by_what_was_posted_or_completed),
        TEST(a_moved_client_goes_on),
        TEST(a_foreign_loop_drives_it_to_its_end_in_a_callback),
        TEST(other_threads_post_and_are_refused_all_else),
        TEST(a_client_may_run_in_one_thread_and_end_in_another),
        TEST(a_childs_copy_leaves_the_connection_alone),
        TEST(every_thread_may_use_a_client_that_was_started),
        TEST(callbacks_of_a_started_client_run_where_they_are_asked_for),
        TEST(a_started_client_may_be_destroyed_by_its_own_listener_and_by_any_thread),
        TEST(commands_are_batched),
        TEST(a_call_has_a_timeout_of_its_own_and_the_last_answers_are_waited_for),
        TEST(limits_are_told_before_they_are_reached),
        TEST(values_print_and_compare),
    };
    if (count < 2)
        return 2;
    url = arguments[1];
    for (const auto &test : tests) {
        std::printf("%s\n", test.name);
        std::fflush(stdout);
        test.run();
    }
    std::printf("%d tests passed\n", static_cast<int>(sizeof tests / sizeof tests[0]));
    return 0;
}
