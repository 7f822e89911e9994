/*
 * libcentrifuge for C++: centrifuge/client.h with objects that clean up, strings and std::function. Header only; link
 * libcentrifuge. docs/cpp.md is the guide. A first program:
 *
 *     centrifuge::options options;
 *     options.url = "ws://localhost:8000/connection/websocket";
 *     options.insecure = true;
 *     centrifuge::client client(options);
 *     auto news = client.subscribe("news");
 *     news.on_message([](const centrifuge::message &message) { std::cout << message.data << "\n"; });
 *     client.connect();
 *     return client.run() ? 1 : 0;
 *
 * What client.h says of each function holds here; where a comment is short, that is why. What is different:
 *
 * - Errors. Functions return a centrifuge::error, which is true when something failed. Nothing is thrown: -fno-exceptions and
 *   -fno-rtti are fine. What cannot return one (a constructor, subscribe, on_...) returns an object that is false and says
 *   why in status(); whatever is asked of it returns that error. Memory of this header's own comes from operator new, whose
 *   failure is C++'s.
 * - Functions that are handed over (listeners, completions, posted work, options) are kept until they cannot be called any
 *   more: until the listener or its subscription is removed, the call has completed, or the client is destroyed. One that is
 *   running is never destroyed under its own feet, whatever it does. They must not throw.
 * - What a function is given is borrowed until it returns: string_view, not std::string.
 * - The loop (run, wait, tick, socket_ready, timer_expired) is run with the functions here; all else may be mixed with
 *   client.h by way of raw().
 *
 * C++11 or later; string_view is std::string_view from C++17 on. Code of both kinds may be linked into one program, but cannot
 * hand these types to each other.
 */
#ifndef CENTRIFUGE_CLIENT_HPP
#define CENTRIFUGE_CLIENT_HPP

#include <centrifuge/backend.h>
#include <centrifuge/client.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <ios>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#if __cplusplus >= 201703L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L)
#include <string_view>
#define CENTRIFUGE_CPP_VERSION   cpp17
#define CENTRIFUGE_CPP_NODISCARD [[nodiscard]]
#else
#define CENTRIFUGE_CPP_VERSION cpp11
#define CENTRIFUGE_CPP_NODISCARD
#endif

namespace centrifuge
{
inline namespace CENTRIFUGE_CPP_VERSION
{

/* ---- text and time ---------------------------------------------------------------------- */

#if __cplusplus >= 201703L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L)
using string_view = std::string_view;
#else
/* As much of std::string_view as is needed here. */
class string_view
{
  public:
    constexpr string_view() noexcept : data_(nullptr), size_(0)
    {
    }
    constexpr string_view(const char *data, std::size_t size) noexcept : data_(data), size_(size)
    {
    }
    string_view(const char *text) noexcept : data_(text), size_(std::strlen(text))
    {
    }
    string_view(const std::string &text) noexcept : data_(text.data()), size_(text.size())
    {
    }
    explicit operator std::string() const
    {
        return size_ ? std::string(data_, size_) : std::string();
    }
    constexpr const char *data() const noexcept
    {
        return data_;
    }
    constexpr std::size_t size() const noexcept
    {
        return size_;
    }
    constexpr bool empty() const noexcept
    {
        return size_ == 0;
    }
    constexpr const char *begin() const noexcept
    {
        return data_;
    }
    constexpr const char *end() const noexcept
    {
        return data_ + size_;
    }
    constexpr char operator[](std::size_t index) const noexcept
    {
        return data_[index];
    }
    friend bool operator==(string_view a, string_view b) noexcept
    {
        return a.size_ == b.size_ && (a.size_ == 0 || std::memcmp(a.data_, b.data_, a.size_) == 0);
    }
    friend bool operator!=(string_view a, string_view b) noexcept
    {
        return !(a == b);
    }
    template <class Traits>
    friend std::basic_ostream<char, Traits> &operator<<(std::basic_ostream<char, Traits> &stream, string_view text)
    {
        return stream.write(text.data_, static_cast<std::streamsize>(text.size_));
    }

  private:
    const char *data_;
    std::size_t size_;
};
#endif

/* Options and latencies; std::chrono::seconds(2) converts. */
using milliseconds = std::chrono::milliseconds;

/* A text that may be absent, which is something else than empty: assign a string or nullptr. */
class optional_string
{
  public:
    optional_string() = default;
    optional_string(std::nullptr_t)
    {
    }
    optional_string(const char *text) : present_(text != nullptr), text_(text ? text : "")
    {
    }
    optional_string(std::string text) : present_(true), text_(std::move(text))
    {
    }
    explicit operator bool() const noexcept
    {
        return present_;
    }
    /* "" when absent. */
    const std::string &operator*() const noexcept
    {
        return text_;
    }

  private:
    bool present_ = false;
    std::string text_;
};

/* ---- errors ------------------------------------------------------------------------------- */

/* What went wrong, as std::error_code: true when something did. Compares with CENTRIFUGE_ERROR_..., too. */
class error
{
  public:
    constexpr error(centrifuge_error code = CENTRIFUGE_ERROR_OK) noexcept : code_(code)
    {
    }
    constexpr explicit operator bool() const noexcept
    {
        return code_ != CENTRIFUGE_ERROR_OK;
    }
    constexpr centrifuge_error code() const noexcept
    {
        return code_;
    }
    /* "NO_MEMORY" for CENTRIFUGE_ERROR_NO_MEMORY. Static. */
    const char *name() const noexcept
    {
        return centrifuge_error_name(code_);
    }
    /* A sentence for people. Static. */
    const char *text() const noexcept
    {
        return centrifuge_error_text(code_);
    }
    /* Can the same call succeed later without a change of the program? */
    bool temporary() const noexcept
    {
        return centrifuge_error_temporary(code_);
    }
    friend constexpr bool operator==(error a, error b) noexcept
    {
        return a.code_ == b.code_;
    }
    friend constexpr bool operator!=(error a, error b) noexcept
    {
        return a.code_ != b.code_;
    }

  private:
    centrifuge_error code_;
};

/* ---- events: as the structs of client.h, whose comments hold ---------------------------------- */

namespace detail
{
inline string_view view(centrifuge_bytes bytes) noexcept
{
    return string_view(bytes.bytes, bytes.size);
}
struct core;
} // namespace detail

struct connect_event {
    explicit connect_event(const centrifuge_connect_event &event)
        : client(event.client), transport(event.transport), latency(event.latency)
    {
    }
    string_view client; /* id of this connection */
    string_view transport;
    milliseconds latency; /* -1: unknown */
};

struct disconnect_event {
    explicit disconnect_event(const centrifuge_disconnect_event &event) : reason(event.reason), reconnect(event.reconnect)
    {
    }
    string_view reason;
    bool reconnect; /* will the client try again by itself? */
};

struct error_event {
    explicit error_event(const centrifuge_error_event &event)
        : status(event.code), text(event.text), advice(event.advice), raw(detail::view(event.raw))
    {
    }
    error status;
    string_view text;
    string_view advice; /* "fix", "retry" or "" */
    string_view raw;    /* JSON */
};

struct transport_close_event {
    explicit transport_close_event(const centrifuge_transport_close_event &event)
        : reason(event.reason), reconnect(event.reconnect), status(event.code), close_code(event.close_code),
          close_reason(event.close_reason), http_status(event.http_status), detail(event.detail)
    {
    }
    string_view reason;
    bool reconnect;
    error status;             /* why; none for a close by either side */
    std::uint16_t close_code; /* RFC 6455, section 7.4; 1005: none given, or this side closed; 1006: see `status` */
    string_view close_reason; /* as the server gave it */
    int http_status;          /* of an upgrade that was refused; else 0 */
    string_view detail;       /* `status` in more words; "" for a close by either side */
};

enum class log_level {
    debug = CENTRIFUGE_LOG_DEBUG,
    info = CENTRIFUGE_LOG_INFO,
    warning = CENTRIFUGE_LOG_WARNING,
    error = CENTRIFUGE_LOG_ERROR
};

struct log_event {
    explicit log_event(const centrifuge_log_event &event) : level(static_cast<log_level>(event.level)), text(event.text)
    {
    }
    log_level level;
    string_view text; /* no line end */
};

struct refresh_failed_event {
    explicit refresh_failed_event(const centrifuge_refresh_failed_event &event) : attempts(event.attempts)
    {
    }
    std::int64_t attempts;
};

struct high_water_event {
    explicit high_water_event(const centrifuge_high_water_event &event) : limit(event.limit), used(event.used), max(event.max)
    {
    }
    error limit; /* which one: LIMIT_QUEUE, LIMIT_CALLS, ... */
    std::size_t used;
    std::size_t max;
};

struct message {
    explicit message(const centrifuge_message &event)
        : channel(event.channel), data(detail::view(event.data)), uid(event.uid), client(event.client),
          info(detail::view(event.info)), raw(detail::view(event.raw))
    {
    }
    string_view channel;
    string_view data; /* JSON as published, byte for byte */
    string_view uid;
    string_view client; /* id of the connection that published it; "" when a backend did */
    string_view info;   /* JSON about the publisher; empty when absent */
    string_view raw;    /* JSON: the whole body as received */
};

/* Of joins and leaves. */
struct join_event {
    explicit join_event(const centrifuge_join_event &event)
        : channel(event.channel), client(event.client), data(detail::view(event.data)), raw(detail::view(event.raw))
    {
    }
    string_view channel;
    string_view client;
    string_view data; /* JSON: user, client, default_info, channel_info */
    string_view raw;
};

struct subscribe_event {
    explicit subscribe_event(const centrifuge_subscribe_event &event)
        : channel(event.channel), resubscribe(event.resubscribe), recovered(event.recovered)
    {
    }
    string_view channel;
    bool resubscribe; /* brought by a reconnect */
    bool recovered;   /* nothing was missed */
};

struct subscribe_error_event {
    explicit subscribe_error_event(const centrifuge_subscribe_error_event &event)
        : channel(event.channel), status(event.code), text(event.text), advice(event.advice), resubscribe(event.resubscribe),
          error_json(event.error_json)
    {
    }
    string_view channel;
    error status;
    string_view text;
    string_view advice;
    bool resubscribe;
    bool error_json; /* `text` is JSON */
};

struct unsubscribe_event {
    explicit unsubscribe_event(const centrifuge_unsubscribe_event &event) : channel(event.channel)
    {
    }
    string_view channel;
};

/* The outcome of a call. */
struct result {
    explicit result(const centrifuge_result &given)
        : status(given.code), text(given.error), advice(given.advice), body(detail::view(given.body)),
          data(detail::view(given.data)), resubscribe(given.resubscribe), recovered(given.recovered),
          error_json(given.error_json)
    {
    }
    error status;       /* TIMEOUT, DISCONNECTED, UNSUBSCRIBED, REFUSED, CLOSED, or none */
    string_view text;   /* what failed, the server's words or ours; "" when nothing did */
    string_view advice; /* "fix", "retry" or "" */
    string_view body;   /* JSON: the answer as received; empty for ready */
    string_view data;   /* JSON: presence: an object of clients by id; history: an array, newest first */
    bool resubscribe;   /* ready: as in subscribe_event */
    bool recovered;
    bool error_json; /* `text` is JSON */
};

/* Called exactly once if the function that took it returned no error, and else never. */
using completion = std::function<void(const result &)>;

/* Names a listener, to remove it; false, with the error as status(), when it could not be added. A value; copy it freely. */
class listener
{
  public:
    listener() = default; /* none */
    listener(centrifuge_listener id, error status) noexcept : id_(id), status_(status)
    {
    }
    explicit operator bool() const noexcept
    {
        return id_ != 0;
    }
    error status() const noexcept
    {
        return status_;
    }
    centrifuge_listener id() const noexcept
    {
        return id_;
    }

  private:
    centrifuge_listener id_ = 0;
    error status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
};

/* ---- subscriptions ------------------------------------------------------------------------- */

enum class subscription_state {
    created = CENTRIFUGE_SUBSCRIPTION_NEW, /* waits for a connection */
    subscribing = CENTRIFUGE_SUBSCRIPTION_SUBSCRIBING,
    subscribed = CENTRIFUGE_SUBSCRIPTION_SUBSCRIBED,
    refused = CENTRIFUGE_SUBSCRIPTION_REFUSED,
    unsubscribed = CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED
};

/*
 * One channel of a client: a handle of a few words, to be copied freely. It owns nothing: dropping it leaves the subscription
 * as it is. Functions of one that was removed return UNSUBSCRIBED; it must not be used any more once its client is destroyed
 * (inside the callback that destroys it they return CLOSED). The owner's thread only: elsewhere they return WRONG_THREAD.
 */
class subscription
{
  public:
    subscription() = default; /* of no channel: INVALID_ARGUMENT */

    /* Is there one, that was not removed? */
    explicit operator bool() const noexcept;
    /* Why not. */
    error status() const noexcept;
    /* "" and `unsubscribed` when there is none; the text lives as long as the subscription. */
    string_view channel() const noexcept;
    subscription_state state() const noexcept;

    /*
     * Listeners, called in the order of adding; none misses anything when it is added before the loop runs again. One may
     * remove itself, others, the subscription and the client. Errors: INVALID_ARGUMENT (an empty function), NO_MEMORY, and the
     * handle's.
     */
    listener on_message(std::function<void(const message &)> function) const;
    listener on_join(std::function<void(const join_event &)> function) const;
    listener on_leave(std::function<void(const join_event &)> function) const;
    listener on_subscribe(std::function<void(const subscribe_event &)> function) const;
    listener on_error(std::function<void(const subscribe_error_event &)> function) const;
    listener on_unsubscribe(std::function<void(const unsubscribe_event &)> function) const;
    /* The function is not called again, and is destroyed. Errors: INVALID_ARGUMENT for one that is none, and the handle's. */
    error unlisten(listener one) const;

    /* centrifuge_subscription_subscribe: asks again after unsubscribe, a refusal, or an unsubscription by the server. */
    error subscribe() const;
    /* Listeners stay, and subscribe brings it back. */
    error unsubscribe() const;
    /* Unsubscribes and forgets it, with its listeners; calls that wait get UNSUBSCRIBED. */
    error remove() const;

    /*
     * Calls, see completion; they wait until it is subscribed. Errors of all four: UNSUBSCRIBED, LIMIT_CALLS, LIMIT_QUEUE,
     * NO_MEMORY, and the handle's. `data` is one JSON value, string_view() for none; also INVALID_JSON, INVALID_UTF8.
     */
    CENTRIFUGE_CPP_NODISCARD error publish(string_view data, completion done = nullptr) const;
    CENTRIFUGE_CPP_NODISCARD error presence(completion done) const;
    CENTRIFUGE_CPP_NODISCARD error history(completion done) const;
    /* Completes when it is subscribed or refused. */
    CENTRIFUGE_CPP_NODISCARD error ready(completion done) const;

    /* For functions of client.h; but remove it by remove(). NULL when there is none. */
    centrifuge_subscription *raw() const noexcept;

    friend bool operator==(const subscription &a, const subscription &b) noexcept
    {
        return a.core_ == b.core_ && a.raw_ == b.raw_ && a.number_ == b.number_;
    }
    friend bool operator!=(const subscription &a, const subscription &b) noexcept
    {
        return !(a == b);
    }

  private:
    friend class client;
    friend struct detail::core;
    explicit subscription(error status) noexcept : status_(status)
    {
    }
    subscription(detail::core *core, centrifuge_subscription *raw, std::uint64_t number) noexcept
        : core_(core), raw_(raw), number_(number), status_(CENTRIFUGE_ERROR_OK)
    {
    }
    template <class Event>
    listener listen(const centrifuge_subscription_events &events, std::function<void(const Event &)> &&function) const;
    template <class Start> error call(completion &&done, Start start) const;

    detail::core *core_ = nullptr;
    centrifuge_subscription *raw_ = nullptr;
    std::uint64_t number_ = 0; /* the library may use the address again */
    error status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
};

/* ---- options --------------------------------------------------------------------------------- */

/*
 * A question of the library to the application: for signs (option `authorize`) or credentials (`refresh`). A value; copy it
 * freely, answer in the call or later, in the owner's thread (client::post from others), as long as the client lives. A late or
 * second answer is ignored. Errors: WRONG_THREAD, CLOSED.
 */
class request
{
  public:
    /* `json`: what an endpoint would answer. */
    error answer(string_view json) const;
    /* There is no answer: a failure. */
    error fail() const;
    /* For centrifuge_client_authorize_answer and centrifuge_client_refresh_answer. */
    centrifuge_request id() const noexcept
    {
        return id_;
    }

  private:
    friend struct detail::core;
    using function = centrifuge_error (*)(centrifuge_client *, centrifuge_request, const char *, std::size_t);
    request(detail::core *core, centrifuge_request id, function send) noexcept : core_(core), id_(id), send_(send)
    {
    }
    detail::core *core_;
    centrifuge_request id_;
    function send_;
};

/*
 * centrifuge_options with strings; the members have the names, the meaning and the defaults that they have there. A string
 * option that is "" is not given.
 */
struct options {
    using pairs = std::vector<std::pair<std::string, std::string>>; /* name and value, not encoded */

    options(); /* the defaults */

    std::string url;
    optional_string user; /* "" is the anonymous one */
    std::string timestamp;
    std::string token;
    std::string info;
    bool credentials_json;
    bool insecure;

    bool resubscribe;
    milliseconds retry;
    milliseconds max_retry;
    milliseconds timeout;
    milliseconds connect_timeout;
    bool ping;
    milliseconds ping_interval;
    milliseconds pong_wait_timeout;

    std::size_t message_size_max;
    std::size_t queue_size_max;
    std::size_t calls_max;
    std::size_t subscriptions_max;
    std::size_t channel_length_max;
    std::size_t recovery_size_max;
    std::size_t frame_size_max;
    std::size_t events_per_turn;
    std::size_t posts_max;

    pairs headers;
    optional_string proxy; /* nullptr: as the environment says; "": none */
    std::string proxy_user;
    bool tls_verify;
    std::string tls_ca_file;
    std::string tls_ca_path;
    std::string tls_certificate;
    std::string tls_key;
    std::string tls_key_password;
    std::string interface_name;
    optional_string transports; /* nullptr: all; "": no SockJS */
    std::string server;
    milliseconds fallback_time;

    /* A foreign loop, both or none. Called from the constructor of the client to its end, the latter of which may be in
     * socket_ready or timer_expired. */
    std::function<void(centrifuge_socket socket, int events)> loop_watch;
    std::function<void(milliseconds wait)> loop_timer; /* negative: not at all */

    std::string private_channel_prefix; /* "" makes every channel private */
    std::string auth_endpoint;
    pairs auth_headers;
    pairs auth_params;
    milliseconds auth_timeout;
    std::function<void(request to, string_view body)> authorize; /* instead of the endpoint */

    std::string refresh_endpoint;
    pairs refresh_headers;
    pairs refresh_params;
    std::string refresh_data;
    milliseconds refresh_timeout;
    milliseconds refresh_interval;
    std::int64_t refresh_attempts;
    std::function<void(request to)> refresh; /* instead of the endpoint */

    std::size_t http_answer_size_max;
    bool batch;

    /* Called last with what is handed to the library, for options that this header does not know yet. */
    std::function<void(centrifuge_options &)> adjust;

    /* centrifuge_options_check; `what` gets the name of the wrong option, static, or nullptr. */
    error check(const char **what = nullptr) const;
};

/* centrifuge_credentials */
struct credentials {
    std::string user;
    std::string timestamp;
    std::string token;
    std::string info;
    bool json = false;
};

/* ---- the client ------------------------------------------------------------------------------- */

enum class client_state {
    disconnected = CENTRIFUGE_CLIENT_DISCONNECTED, /* also while waiting for the next attempt */
    connecting = CENTRIFUGE_CLIENT_CONNECTING,
    connected = CENTRIFUGE_CLIENT_CONNECTED
};

/*
 * One connection to a server with its subscriptions; owns it. Moves, which subscriptions, listeners and requests do not notice.
 * The owner's thread only, as in client.h, except for post, wake and stop. Functions of an empty one return INVALID_ARGUMENT.
 */
class client
{
  public:
    client() noexcept = default; /* empty */
    /* The calling thread owns it. Without success it is empty; status() says why. */
    explicit client(const options &given);
    client(client &&other) noexcept;
    client &operator=(client &&other) noexcept;
    client(const client &) = delete;
    client &operator=(const client &) = delete;
    /*
     * As destroy(). In a thread that does not own it, it is taken over first: the owner must have stopped using it, as it has
     * when its thread was joined.
     */
    ~client();

    explicit operator bool() const noexcept;
    error status() const noexcept;

    /* centrifuge_client_configure: replaces all but the loop hooks. */
    CENTRIFUGE_CPP_NODISCARD error configure(const options &given);
    /*
     * centrifuge_client_destroy: calls that wait complete with CLOSED, work that was posted is dropped, listeners are not
     * called again. Inside a callback the calls complete and the memory is freed after it has returned; the object is empty
     * and may go at once. Error: WRONG_THREAD.
     */
    error destroy() noexcept;
    error adopt();
    error get_credentials(credentials &current);

    error connect();
    error disconnect();
    error network_changed(bool online);
    error ping();

    /* Listeners, as those of a subscription. */
    listener on_connect(std::function<void(const connect_event &)> function);
    listener on_disconnect(std::function<void(const disconnect_event &)> function);
    listener on_error(std::function<void(const error_event &)> function);
    listener on_transport_close(std::function<void(const transport_close_event &)> function);
    listener on_log(std::function<void(const log_event &)> function);
    listener on_refresh_failed(std::function<void(const refresh_failed_event &)> function);
    listener on_high_water(std::function<void(const high_water_event &)> function);
    error unlisten(listener one);

    /* Of an empty client: disconnected, false, "", -1, "". */
    client_state state() const noexcept;
    bool will_reconnect() const noexcept;
    std::string id() const; /* of the current connection, "" without */
    milliseconds latency() const noexcept;
    string_view transport() const noexcept;

    /*
     * Subscribes to a channel: now, or as soon as there is a connection. The one that exists, if it does. Listeners are added
     * to what is returned. Errors, as its status(): those of centrifuge_client_subscribe.
     */
    subscription subscribe(const std::string &channel);
    /* The existing one, or one that is false. */
    subscription find(const std::string &channel);

    error start_batching();
    error stop_batching(bool flush_now);
    error flush();
    error start_auth_batching();
    error stop_auth_batching();

    /* centrifuge_client_run: also CLOSED when a callback destroyed the client, which may then be gone. */
    error run();
    error wait(milliseconds longest = milliseconds(-1)); /* negative: any time */
    error tick();
    /* centrifuge_client_fd and centrifuge_client_timeout (negative: any time), for a loop that calls tick(). */
    error fd(int &descriptor);
    milliseconds timeout();
    error socket_ready(centrifuge_socket socket, int events);
    error timer_expired();

    /*
     * For every thread, while the object is neither moved nor destroyed. `function` runs in the owner's thread, from its loop,
     * in the order of posting, or is destroyed unused with the client. Errors: INVALID_ARGUMENT, NO_MEMORY.
     */
    error post(std::function<void()> function) const;
    void wake() const noexcept;
    void stop() const noexcept; /* wake and stop: also a signal handler */

    /* For functions of client.h, but not the loop's and not centrifuge_client_destroy. NULL for an empty one. */
    centrifuge_client *raw() const noexcept;

  private:
    template <class Event>
    listener listen(const centrifuge_client_events &events, std::function<void(const Event &)> &&function);
    template <class Function, class... Arguments> error ask(Function function, Arguments... arguments) const;

    detail::core *core_ = nullptr;
    error status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
};

/* ---- for backends: centrifuge/backend.h ---------------------------------------------------------- */

/* Lower-case hexadecimal text; "" when an argument that is needed is empty. Any thread. */
inline std::string token(const std::string &secret, const std::string &user, const std::string &timestamp,
                         const std::string &info = std::string());
inline std::string sign(const std::string &secret, const std::string &client, const std::string &channel,
                        const std::string &info = std::string());
inline std::string api_sign(const std::string &secret, string_view body);

/* ==== implementation ================================================================================ */

namespace detail
{

/* A function that the library may call by way of its `user` pointer. */
struct node {
    explicit node(core *of) noexcept : owner(of)
    {
    }
    virtual ~node() = default;
    core *owner;
    centrifuge_listener id = 0;
};

template <class Event> struct listener_node : node {
    listener_node(core *of, std::function<void(const Event &)> &&given) : node(of), function(std::move(given))
    {
    }
    std::function<void(const Event &)> function;
};

using nodes = std::vector<std::unique_ptr<node>>;

struct record {
    std::uint64_t number = 0;
    nodes listeners;
};

/*
 * What belongs to a client, apart from the object that moves. Counted, not owned: calls that wait, callbacks and loop functions
 * that run may outlive the object when a callback destroys it.
 */
struct core {
    centrifuge_client *client = nullptr; /* NULL once it is being destroyed */
    std::size_t references = 0;
    unsigned running = 0; /* callbacks on the stack */
    std::uint64_t last_number = 0;
    nodes listeners;
    std::unordered_map<centrifuge_subscription *, record> subscriptions;
    nodes retired; /* until no callback runs */
    std::function<void(centrifuge_socket, int)> loop_watch;
    std::function<void(milliseconds)> loop_timer;
    /* Shared with the call that runs, since configure replaces them. */
    std::shared_ptr<std::function<void(request, string_view)>> authorize;
    std::shared_ptr<std::function<void(request)>> refresh;

    void take_functions(const options &given)
    {
        authorize = std::make_shared<std::function<void(request, string_view)>>(given.authorize);
        refresh = std::make_shared<std::function<void(request)>>(given.refresh);
    }

    subscription handle(centrifuge_subscription *raw)
    {
        record &known = subscriptions[raw];
        if (known.number == 0)
            known.number = ++last_number;
        return subscription(this, raw, known.number);
    }

    /* May the calling thread go on? */
    error enter() const noexcept
    {
        return client ? error(centrifuge_client_check(client)) : error(CENTRIFUGE_ERROR_CLOSED);
    }

    void retire(nodes &gone)
    {
        nodes out;
        out.swap(gone);
        if (running > 0)
            for (std::unique_ptr<node> &one : out)
                retired.push_back(std::move(one));
    }

    /* False when there is none of that name. */
    bool retire(nodes &among, centrifuge_listener id)
    {
        for (nodes::iterator at = among.begin(); at != among.end(); ++at) {
            if ((*at)->id != id)
                continue;
            nodes one;
            one.push_back(std::move(*at));
            among.erase(at);
            retire(one);
            return true;
        }
        return false;
    }

    static void on_authorize(centrifuge_client *, centrifuge_request id, centrifuge_bytes body, void *user) noexcept;
    static void on_refresh(centrifuge_client *, centrifuge_request id, void *user) noexcept;
    static void on_watch(void *user, centrifuge_socket socket, int events) noexcept
    {
        static_cast<core *>(user)->loop_watch(socket, events);
    }
    static void on_timer(void *user, std::int64_t wait) noexcept
    {
        static_cast<core *>(user)->loop_timer(milliseconds(wait));
    }
};

/* One reference. */
class hold
{
  public:
    explicit hold(core *held) noexcept : core_(held)
    {
        core_->references++;
    }
    ~hold()
    {
        if (--core_->references == 0)
            delete core_;
    }
    hold(const hold &) = delete;
    hold &operator=(const hold &) = delete;

  private:
    core *core_;
};

/* Around every function of the application: what it removes stays until it has returned. */
class callback
{
  public:
    explicit callback(core *owner) noexcept : hold_(owner), core_(owner)
    {
        core_->running++;
    }
    ~callback()
    {
        if (--core_->running > 0)
            return;
        nodes out;
        out.swap(core_->retired);
    }
    callback(const callback &) = delete;
    callback &operator=(const callback &) = delete;

  private:
    hold hold_;
    core *core_;
};

template <class Event, class Object, class Given> void tell(Object *, const Given *given, void *user) noexcept
{
    listener_node<Event> *one = static_cast<listener_node<Event> *>(user);
    callback scope(one->owner);
    one->function(Event(*given));
}

struct call {
    call(core *owner, completion &&given) : core_hold(owner), of(owner), done(std::move(given))
    {
    }
    hold core_hold; /* released last */
    core *of;
    completion done;
};

inline void complete(centrifuge_subscription *, const centrifuge_result *given, void *user) noexcept
{
    std::unique_ptr<call> one(static_cast<call *>(user));
    callback scope(one->of);
    one->done(result(*given));
}

inline void run_posted(centrifuge_client *, void *user) noexcept
{
    std::unique_ptr<std::function<void()>> one(static_cast<std::function<void()> *>(user));
    (*one)();
}

inline void drop_posted(void *user) noexcept
{
    delete static_cast<std::function<void()> *>(user);
}

inline void core::on_authorize(centrifuge_client *, centrifuge_request id, centrifuge_bytes body, void *user) noexcept
{
    core *owner = static_cast<core *>(user);
    callback scope(owner);
    std::shared_ptr<std::function<void(request, string_view)>> function = owner->authorize;
    (*function)(request(owner, id, centrifuge_client_authorize_answer), view(body));
}

inline void core::on_refresh(centrifuge_client *, centrifuge_request id, void *user) noexcept
{
    core *owner = static_cast<core *>(user);
    callback scope(owner);
    std::shared_ptr<std::function<void(request)>> function = owner->refresh;
    (*function)(request(owner, id, centrifuge_client_refresh_answer));
}

inline const char *text_or_null(const std::string &text) noexcept
{
    return text.empty() ? nullptr : text.c_str();
}

inline const char *text_or_null(const optional_string &text) noexcept
{
    return text ? (*text).c_str() : nullptr;
}

/* The options as C has them, borrowed from `given`. */
class c_options
{
  public:
    c_options(const options &given, core *owner)
        : headers_(list<centrifuge_header>(given.headers)), auth_headers_(list<centrifuge_header>(given.auth_headers)),
          auth_params_(list<centrifuge_parameter>(given.auth_params)),
          refresh_headers_(list<centrifuge_header>(given.refresh_headers)),
          refresh_params_(list<centrifuge_parameter>(given.refresh_params))
    {
        centrifuge_options_default(&value);
        set_connection(given);
        set_limits(given);
        set_way(given);
        set_requests(given, owner);
        if (given.loop_watch)
            value.loop_watch = core::on_watch;
        if (given.loop_timer)
            value.loop_timer = core::on_timer;
        value.loop_user = owner;
        if (given.adjust)
            given.adjust(value);
    }
    centrifuge_options value;

  private:
    template <class Pair> static std::vector<Pair> list(const options::pairs &given)
    {
        std::vector<Pair> out;
        for (const std::pair<std::string, std::string> &one : given)
            out.push_back(Pair{one.first.c_str(), one.second.c_str()});
        return out;
    }

    void set_connection(const options &given)
    {
        value.url = text_or_null(given.url);
        value.user = text_or_null(given.user);
        value.timestamp = text_or_null(given.timestamp);
        value.token = text_or_null(given.token);
        value.info = given.info.c_str();
        value.credentials_json = given.credentials_json;
        value.insecure = given.insecure;
        value.resubscribe = given.resubscribe;
        value.retry = given.retry.count();
        value.max_retry = given.max_retry.count();
        value.timeout = given.timeout.count();
        value.connect_timeout = given.connect_timeout.count();
        value.ping = given.ping;
        value.ping_interval = given.ping_interval.count();
        value.pong_wait_timeout = given.pong_wait_timeout.count();
        value.batch = given.batch;
    }

    void set_limits(const options &given)
    {
        value.message_size_max = given.message_size_max;
        value.queue_size_max = given.queue_size_max;
        value.calls_max = given.calls_max;
        value.subscriptions_max = given.subscriptions_max;
        value.channel_length_max = given.channel_length_max;
        value.recovery_size_max = given.recovery_size_max;
        value.frame_size_max = given.frame_size_max;
        value.events_per_turn = given.events_per_turn;
        value.posts_max = given.posts_max;
        value.http_answer_size_max = given.http_answer_size_max;
    }

    void set_way(const options &given)
    {
        value.headers = headers_.data();
        value.header_count = headers_.size();
        value.proxy = text_or_null(given.proxy);
        value.proxy_user = text_or_null(given.proxy_user);
        value.tls_verify = given.tls_verify;
        value.tls_ca_file = text_or_null(given.tls_ca_file);
        value.tls_ca_path = text_or_null(given.tls_ca_path);
        value.tls_certificate = text_or_null(given.tls_certificate);
        value.tls_key = text_or_null(given.tls_key);
        value.tls_key_password = text_or_null(given.tls_key_password);
        value.interface_name = text_or_null(given.interface_name);
        value.transports = text_or_null(given.transports);
        value.server = text_or_null(given.server);
        value.fallback_time = given.fallback_time.count();
    }

    void set_requests(const options &given, core *owner)
    {
        value.private_channel_prefix = given.private_channel_prefix.c_str();
        value.auth_endpoint = text_or_null(given.auth_endpoint);
        value.auth_headers = auth_headers_.data();
        value.auth_header_count = auth_headers_.size();
        value.auth_params = auth_params_.data();
        value.auth_param_count = auth_params_.size();
        value.auth_timeout = given.auth_timeout.count();
        value.authorize = given.authorize ? core::on_authorize : nullptr;
        value.refresh_endpoint = text_or_null(given.refresh_endpoint);
        value.refresh_headers = refresh_headers_.data();
        value.refresh_header_count = refresh_headers_.size();
        value.refresh_params = refresh_params_.data();
        value.refresh_param_count = refresh_params_.size();
        value.refresh_data = given.refresh_data.c_str();
        value.refresh_timeout = given.refresh_timeout.count();
        value.refresh_interval = given.refresh_interval.count();
        value.refresh_attempts = given.refresh_attempts;
        value.refresh = given.refresh ? core::on_refresh : nullptr;
        value.authorize_user = value.refresh_user = owner;
    }

    std::vector<centrifuge_header> headers_;
    std::vector<centrifuge_header> auth_headers_;
    std::vector<centrifuge_parameter> auth_params_;
    std::vector<centrifuge_header> refresh_headers_;
    std::vector<centrifuge_parameter> refresh_params_;
};

/* C strings end at the first NUL: a name with one would be another name. */
inline bool is_name(const std::string &text) noexcept
{
    return text.find('\0') == std::string::npos;
}

} // namespace detail

/* ---- options */

inline options::options()
{
    centrifuge_options given;
    centrifuge_options_default(&given);
    credentials_json = given.credentials_json;
    insecure = given.insecure;
    resubscribe = given.resubscribe;
    retry = milliseconds(given.retry);
    max_retry = milliseconds(given.max_retry);
    timeout = milliseconds(given.timeout);
    connect_timeout = milliseconds(given.connect_timeout);
    ping = given.ping;
    ping_interval = milliseconds(given.ping_interval);
    pong_wait_timeout = milliseconds(given.pong_wait_timeout);
    message_size_max = given.message_size_max;
    queue_size_max = given.queue_size_max;
    calls_max = given.calls_max;
    subscriptions_max = given.subscriptions_max;
    channel_length_max = given.channel_length_max;
    recovery_size_max = given.recovery_size_max;
    frame_size_max = given.frame_size_max;
    events_per_turn = given.events_per_turn;
    posts_max = given.posts_max;
    fallback_time = milliseconds(given.fallback_time);
    tls_verify = given.tls_verify;
    private_channel_prefix = given.private_channel_prefix;
    auth_timeout = milliseconds(given.auth_timeout);
    refresh_data = given.refresh_data;
    refresh_timeout = milliseconds(given.refresh_timeout);
    refresh_interval = milliseconds(given.refresh_interval);
    refresh_attempts = given.refresh_attempts;
    http_answer_size_max = given.http_answer_size_max;
    batch = given.batch;
}

inline error options::check(const char **what) const
{
    detail::c_options given(*this, nullptr);
    return centrifuge_options_check(&given.value, what);
}

/* ---- request */

inline error request::answer(string_view json) const
{
    return core_->client ? send_(core_->client, id_, json.data() ? json.data() : "", json.size()) : CENTRIFUGE_ERROR_CLOSED;
}

inline error request::fail() const
{
    return core_->client ? send_(core_->client, id_, nullptr, 0) : CENTRIFUGE_ERROR_CLOSED;
}

/* ---- subscription */

inline error subscription::status() const noexcept
{
    if (!core_)
        return status_;
    error wrong = core_->enter();
    if (wrong)
        return wrong;
    auto found = core_->subscriptions.find(raw_);
    return found != core_->subscriptions.end() && found->second.number == number_ ? CENTRIFUGE_ERROR_OK
                                                                                  : CENTRIFUGE_ERROR_UNSUBSCRIBED;
}

inline subscription::operator bool() const noexcept
{
    return !status();
}

inline centrifuge_subscription *subscription::raw() const noexcept
{
    return status() ? nullptr : raw_;
}

inline string_view subscription::channel() const noexcept
{
    return status() ? string_view("") : string_view(centrifuge_subscription_channel(raw_));
}

inline subscription_state subscription::state() const noexcept
{
    return status() ? subscription_state::unsubscribed
                    : static_cast<subscription_state>(centrifuge_subscription_get_state(raw_));
}

template <class Event>
listener subscription::listen(const centrifuge_subscription_events &events, std::function<void(const Event &)> &&function) const
{
    error wrong = status();
    if (!wrong && !function)
        wrong = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (wrong)
        return listener(0, wrong);
    std::unique_ptr<detail::node> one(new detail::listener_node<Event>(core_, std::move(function)));
    wrong = centrifuge_subscription_listen(raw_, &events, one.get(), &one->id);
    if (wrong)
        return listener(0, wrong);
    centrifuge_listener id = one->id;
    core_->subscriptions[raw_].listeners.push_back(std::move(one));
    return listener(id, CENTRIFUGE_ERROR_OK);
}

inline listener subscription::on_message(std::function<void(const message &)> function) const
{
    centrifuge_subscription_events events = {};
    events.message = detail::tell<message>;
    return listen(events, std::move(function));
}

inline listener subscription::on_join(std::function<void(const join_event &)> function) const
{
    centrifuge_subscription_events events = {};
    events.join = detail::tell<join_event>;
    return listen(events, std::move(function));
}

inline listener subscription::on_leave(std::function<void(const join_event &)> function) const
{
    centrifuge_subscription_events events = {};
    events.leave = detail::tell<join_event>;
    return listen(events, std::move(function));
}

inline listener subscription::on_subscribe(std::function<void(const subscribe_event &)> function) const
{
    centrifuge_subscription_events events = {};
    events.subscribe = detail::tell<subscribe_event>;
    return listen(events, std::move(function));
}

inline listener subscription::on_error(std::function<void(const subscribe_error_event &)> function) const
{
    centrifuge_subscription_events events = {};
    events.error = detail::tell<subscribe_error_event>;
    return listen(events, std::move(function));
}

inline listener subscription::on_unsubscribe(std::function<void(const unsubscribe_event &)> function) const
{
    centrifuge_subscription_events events = {};
    events.unsubscribe = detail::tell<unsubscribe_event>;
    return listen(events, std::move(function));
}

inline error subscription::unlisten(listener one) const
{
    error wrong = status();
    if (!wrong)
        wrong = centrifuge_subscription_unlisten(raw_, one.id());
    if (!wrong)
        core_->retire(core_->subscriptions[raw_].listeners, one.id());
    return wrong;
}

inline error subscription::subscribe() const
{
    error wrong = status();
    return wrong ? wrong : error(centrifuge_subscription_subscribe(raw_));
}

inline error subscription::unsubscribe() const
{
    error wrong = status();
    return wrong ? wrong : error(centrifuge_subscription_unsubscribe(raw_));
}

inline error subscription::remove() const
{
    error wrong = status();
    if (!wrong)
        wrong = centrifuge_subscription_remove(raw_);
    if (wrong)
        return wrong;
    detail::nodes gone;
    gone.swap(core_->subscriptions[raw_].listeners);
    core_->subscriptions.erase(raw_);
    core_->retire(gone);
    return wrong;
}

template <class Start> error subscription::call(completion &&done, Start start) const
{
    error wrong = status();
    if (wrong || !done)
        return wrong ? wrong : error(start(raw_, nullptr, nullptr));
    std::unique_ptr<detail::call> one(new detail::call(core_, std::move(done)));
    wrong = start(raw_, detail::complete, one.get());
    if (!wrong)
        one.release(); /* detail::complete has it */
    return wrong;
}

inline error subscription::publish(string_view data, completion done) const
{
    return call(std::move(done), [data](centrifuge_subscription *to, centrifuge_completion complete, void *user) {
        return centrifuge_subscription_publish(to, data.data(), data.size(), complete, user);
    });
}

inline error subscription::presence(completion done) const
{
    return call(std::move(done), centrifuge_subscription_presence);
}

inline error subscription::history(completion done) const
{
    return call(std::move(done), centrifuge_subscription_history);
}

inline error subscription::ready(completion done) const
{
    return call(std::move(done), centrifuge_subscription_ready);
}

/* ---- client */

inline client::client(const options &given)
{
    std::unique_ptr<detail::core> made(new detail::core);
    made->loop_watch = given.loop_watch;
    made->loop_timer = given.loop_timer;
    made->take_functions(given);
    detail::c_options passed(given, made.get());
    status_ = centrifuge_client_new(&made->client, &passed.value);
    if (status_)
        return;
    made->references = 1;
    core_ = made.release();
}

inline client::client(client &&other) noexcept : core_(other.core_), status_(other.status_)
{
    other.core_ = nullptr;
    other.status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
}

inline client &client::operator=(client &&other) noexcept
{
    client mine(std::move(other)); /* assigning to itself leaves it as it is */
    std::swap(core_, mine.core_);
    std::swap(status_, mine.status_);
    return *this;
}

inline client::~client()
{
    if (destroy() == CENTRIFUGE_ERROR_WRONG_THREAD && !adopt())
        destroy();
}

inline client::operator bool() const noexcept
{
    return core_ != nullptr;
}

inline error client::status() const noexcept
{
    return status_;
}

inline error client::destroy() noexcept
{
    if (!core_)
        return CENTRIFUGE_ERROR_OK;
    error wrong = core_->enter();
    if (wrong == CENTRIFUGE_ERROR_WRONG_THREAD)
        return wrong;
    detail::core *gone = core_;
    detail::hold keep(gone);
    gone->references--; /* ours */
    core_ = nullptr;
    status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_client *ending = gone->client;
    gone->client = nullptr;
    centrifuge_client_destroy(ending);
    gone->retire(gone->listeners);
    std::unordered_map<centrifuge_subscription *, detail::record> subscriptions;
    subscriptions.swap(gone->subscriptions);
    for (auto &one : subscriptions)
        gone->retire(one.second.listeners);
    return CENTRIFUGE_ERROR_OK;
}

template <class Function, class... Arguments> error client::ask(Function function, Arguments... arguments) const
{
    if (!core_)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    detail::core *used = core_;
    error wrong = used->enter();
    if (wrong)
        return wrong;
    detail::hold keep(used); /* this object may go meanwhile */
    return function(used->client, arguments...);
}

inline error client::adopt()
{
    return core_ ? error(centrifuge_client_adopt(core_->client)) : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT);
}

inline error client::configure(const options &given)
{
    detail::c_options passed(given, core_);
    error wrong = ask(centrifuge_client_configure, &passed.value);
    if (!wrong)
        core_->take_functions(given);
    return wrong;
}

inline error client::get_credentials(credentials &current)
{
    centrifuge_credentials got;
    error wrong = ask(centrifuge_client_get_credentials_sized, &got, sizeof got);
    if (wrong)
        return wrong;
    current.user = got.user;
    current.timestamp = got.timestamp;
    current.token = got.token;
    current.info = got.info;
    current.json = got.json;
    return wrong;
}

inline error client::connect()
{
    return ask(centrifuge_client_connect);
}

inline error client::disconnect()
{
    return ask(centrifuge_client_disconnect);
}

inline error client::network_changed(bool online)
{
    return ask(centrifuge_client_network_changed, online);
}

inline error client::ping()
{
    return ask(centrifuge_client_ping);
}

template <class Event>
listener client::listen(const centrifuge_client_events &events, std::function<void(const Event &)> &&function)
{
    error wrong = core_ ? core_->enter() : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    if (!wrong && !function)
        wrong = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    if (wrong)
        return listener(0, wrong);
    std::unique_ptr<detail::node> one(new detail::listener_node<Event>(core_, std::move(function)));
    wrong = centrifuge_client_listen(core_->client, &events, one.get(), &one->id);
    if (wrong)
        return listener(0, wrong);
    centrifuge_listener id = one->id;
    core_->listeners.push_back(std::move(one));
    return listener(id, CENTRIFUGE_ERROR_OK);
}

inline listener client::on_connect(std::function<void(const connect_event &)> function)
{
    centrifuge_client_events events = {};
    events.connect = detail::tell<connect_event>;
    return listen(events, std::move(function));
}

inline listener client::on_disconnect(std::function<void(const disconnect_event &)> function)
{
    centrifuge_client_events events = {};
    events.disconnect = detail::tell<disconnect_event>;
    return listen(events, std::move(function));
}

inline listener client::on_error(std::function<void(const error_event &)> function)
{
    centrifuge_client_events events = {};
    events.error = detail::tell<error_event>;
    return listen(events, std::move(function));
}

inline listener client::on_transport_close(std::function<void(const transport_close_event &)> function)
{
    centrifuge_client_events events = {};
    events.transport_close = detail::tell<transport_close_event>;
    return listen(events, std::move(function));
}

inline listener client::on_log(std::function<void(const log_event &)> function)
{
    centrifuge_client_events events = {};
    events.log = detail::tell<log_event>;
    return listen(events, std::move(function));
}

inline listener client::on_refresh_failed(std::function<void(const refresh_failed_event &)> function)
{
    centrifuge_client_events events = {};
    events.refresh_failed = detail::tell<refresh_failed_event>;
    return listen(events, std::move(function));
}

inline listener client::on_high_water(std::function<void(const high_water_event &)> function)
{
    centrifuge_client_events events = {};
    events.high_water = detail::tell<high_water_event>;
    return listen(events, std::move(function));
}

inline error client::unlisten(listener one)
{
    error wrong = ask(centrifuge_client_unlisten, one.id());
    if (!wrong)
        core_->retire(core_->listeners, one.id());
    return wrong;
}

inline client_state client::state() const noexcept
{
    return core_ ? static_cast<client_state>(centrifuge_client_get_state(core_->client)) : client_state::disconnected;
}

inline bool client::will_reconnect() const noexcept
{
    return core_ && centrifuge_client_will_reconnect(core_->client);
}

inline std::string client::id() const
{
    return core_ ? centrifuge_client_id(core_->client) : "";
}

inline milliseconds client::latency() const noexcept
{
    return milliseconds(core_ ? centrifuge_client_latency(core_->client) : -1);
}

inline string_view client::transport() const noexcept
{
    return core_ ? centrifuge_client_transport(core_->client) : "";
}

inline subscription client::subscribe(const std::string &channel)
{
    error wrong = core_ ? core_->enter() : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    if (!wrong && !detail::is_name(channel))
        wrong = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    centrifuge_subscription *made = nullptr;
    if (!wrong)
        wrong = centrifuge_client_subscribe(core_->client, channel.c_str(), nullptr, nullptr, &made);
    return wrong ? subscription(wrong) : core_->handle(made);
}

inline subscription client::find(const std::string &channel)
{
    error wrong = core_ ? core_->enter() : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT);
    if (wrong)
        return subscription(wrong);
    centrifuge_subscription *found =
        detail::is_name(channel) ? centrifuge_client_find(core_->client, channel.c_str()) : nullptr;
    return found ? core_->handle(found) : subscription();
}

inline error client::start_batching()
{
    return ask(centrifuge_client_start_batching);
}

inline error client::stop_batching(bool flush_now)
{
    return ask(centrifuge_client_stop_batching, flush_now);
}

inline error client::flush()
{
    return ask(centrifuge_client_flush);
}

inline error client::start_auth_batching()
{
    return ask(centrifuge_client_start_auth_batching);
}

inline error client::stop_auth_batching()
{
    return ask(centrifuge_client_stop_auth_batching);
}

inline error client::run()
{
    return ask(centrifuge_client_run);
}

inline error client::wait(milliseconds longest)
{
    return ask(centrifuge_client_wait, static_cast<std::int64_t>(longest.count()));
}

inline error client::tick()
{
    return ask(centrifuge_client_tick);
}
inline error client::fd(int &descriptor)
{
    return ask(centrifuge_client_fd, &descriptor);
}
inline milliseconds client::timeout()
{
    return milliseconds(core_ ? centrifuge_client_timeout(core_->client) : 0);
}

inline error client::socket_ready(centrifuge_socket socket, int events)
{
    return ask(centrifuge_client_socket_ready, socket, events);
}

inline error client::timer_expired()
{
    return ask(centrifuge_client_timer_expired);
}

inline error client::post(std::function<void()> function) const
{
    if (!core_ || !function)
        return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
    std::unique_ptr<std::function<void()>> one(new std::function<void()>(std::move(function)));
    error wrong = centrifuge_client_post(core_->client, detail::run_posted, detail::drop_posted, one.get());
    if (!wrong)
        one.release(); /* run_posted or drop_posted has it */
    return wrong;
}

inline void client::wake() const noexcept
{
    if (core_)
        centrifuge_client_wake(core_->client);
}

inline void client::stop() const noexcept
{
    if (core_)
        centrifuge_client_stop(core_->client);
}

inline centrifuge_client *client::raw() const noexcept
{
    return core_ ? core_->client : nullptr;
}

/* ---- for backends */

inline std::string token(const std::string &secret, const std::string &user, const std::string &timestamp,
                         const std::string &info)
{
    char text[CENTRIFUGE_SIGN_SIZE];
    centrifuge_backend_token(secret.c_str(), user.c_str(), timestamp.c_str(), info.c_str(), text);
    return text;
}

inline std::string sign(const std::string &secret, const std::string &client, const std::string &channel,
                        const std::string &info)
{
    char text[CENTRIFUGE_SIGN_SIZE];
    centrifuge_backend_sign(secret.c_str(), client.c_str(), channel.c_str(), info.c_str(), text);
    return text;
}

inline std::string api_sign(const std::string &secret, string_view body)
{
    char text[CENTRIFUGE_SIGN_SIZE];
    centrifuge_backend_api_sign(secret.c_str(), body.data(), body.size(), text);
    return text;
}

} // namespace CENTRIFUGE_CPP_VERSION
} // namespace centrifuge

#undef CENTRIFUGE_CPP_VERSION
#undef CENTRIFUGE_CPP_NODISCARD

#endif
