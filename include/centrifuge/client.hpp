/*
 * libcentrifuge for C++: centrifuge/client.h with objects that clean up, and std::function for callbacks. Header only; link
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
 * Events, results, options and states are those of client.h, whose comments hold: centrifuge::message is centrifuge_message.
 * Functions have the names of client.h, and do what it says. What is different:
 *
 * - Errors. Functions return a centrifuge::error, which is true when something failed. Nothing is thrown: -fno-exceptions and
 *   -fno-rtti are fine. What cannot return one (a constructor, subscribe, on_...) returns an object that is false and says
 *   why in status(); whatever is asked of it returns that error. Memory of this header's own comes from operator new, whose
 *   failure is C++'s.
 * - Functions that are handed over (listeners, completions, posted work, options) are kept until they cannot be called any
 *   more: until the listener or its subscription is removed, the call has completed, or the client is destroyed. One that is
 *   running is never destroyed under its own feet, whatever it does. They must not throw.
 * - What a function is given is borrowed until it returns. view() makes a std::string_view of a text or of JSON, text() a
 *   std::string of a JSON string.
 * - The loop (run, wait, tick, socket_ready, timer_expired) is run with the functions here, in one thread:
 *   centrifuge_client_start is for C. All else may be mixed with client.h by way of raw().
 *
 * C++17 or later.
 */
#ifndef CENTRIFUGE_CLIENT_HPP
#define CENTRIFUGE_CLIENT_HPP

#if !(__cplusplus >= 201703L || (defined(_MSVC_LANG) && _MSVC_LANG >= 201703L))
#error "centrifuge/client.hpp needs C++17"
#endif

#include <centrifuge/backend.h>
#include <centrifuge/client.h>
#include <centrifuge/json.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

/* JSON as it is. */
inline std::ostream &operator<<(std::ostream &stream, centrifuge_bytes bytes)
{
    return stream.write(bytes.bytes, static_cast<std::streamsize>(bytes.size));
}

namespace centrifuge
{

/* ---- the names of client.h ----------------------------------------------------------------- */

using connect_event = centrifuge_connect_event;
using disconnect_event = centrifuge_disconnect_event;
using error_event = centrifuge_error_event;
using transport_close_event = centrifuge_transport_close_event;
using log_event = centrifuge_log_event;
using refresh_failed_event = centrifuge_refresh_failed_event;
using high_water_event = centrifuge_high_water_event;
using message = centrifuge_message;
using join_event = centrifuge_join_event; /* of joins and leaves */
using subscribe_event = centrifuge_subscribe_event;
using subscribe_error_event = centrifuge_subscribe_error_event;
using unsubscribe_event = centrifuge_unsubscribe_event;
using result = centrifuge_result;
using credentials = centrifuge_credentials;
using call_options = centrifuge_call_options;
using drained_event = centrifuge_drained_event;
using milliseconds = std::chrono::milliseconds;

/* Called exactly once if the function that took it returned no error, and else never. */
using completion = std::function<void(const result &)>;

/* ---- views ---------------------------------------------------------------------------------- */

/* A text of an event or result, to be compared and copied. */
inline std::string_view view(const char *text) noexcept
{
    return text;
}
/* JSON of one. */
inline std::string_view view(centrifuge_bytes bytes) noexcept
{
    return {bytes.bytes, bytes.size};
}
inline centrifuge_bytes bytes(std::string_view text) noexcept
{
    return {text.data(), text.size()};
}
/* The text that a JSON string means; none for what is no string. centrifuge_json_find finds one in an object. */
inline std::optional<std::string> text(centrifuge_bytes value)
{
    std::string decoded(value.size + 1, '\0');
    std::size_t length;
    if (centrifuge_json_text(value, decoded.data(), decoded.size(), &length))
        return std::nullopt;
    decoded.resize(length);
    return decoded;
}

/* ---- errors --------------------------------------------------------------------------------- */

/* What went wrong, as std::error_code: true when something did. Compares with CENTRIFUGE_ERROR_..., too. */
class error
{
  public:
    constexpr error(centrifuge_error code = CENTRIFUGE_ERROR_OK) noexcept : code_(code) {}
    constexpr explicit operator bool() const noexcept { return code_ != CENTRIFUGE_ERROR_OK; }
    constexpr centrifuge_error code() const noexcept { return code_; }
    /* "NO_MEMORY" for CENTRIFUGE_ERROR_NO_MEMORY. Static. */
    const char *name() const noexcept { return centrifuge_error_name(code_); }
    /* A sentence for people. Static. */
    const char *text() const noexcept { return centrifuge_error_text(code_); }
    /* Can the same call succeed later without a change of the program? */
    bool temporary() const noexcept { return centrifuge_error_temporary(code_); }
    friend constexpr bool operator==(error a, error b) noexcept { return a.code_ == b.code_; }
    friend constexpr bool operator!=(error a, error b) noexcept { return a.code_ != b.code_; }

  private:
    centrifuge_error code_;
};

/* Names a listener, to remove it; false, with the error as status(), when it could not be added. A value; copy it freely. */
class listener
{
  public:
    listener() = default; /* none */
    listener(centrifuge_listener id, error status) noexcept : id_(id), status_(status) {}
    explicit operator bool() const noexcept { return id_ != 0; }
    error status() const noexcept { return status_; }
    centrifuge_listener id() const noexcept { return id_; }

  private:
    centrifuge_listener id_ = 0;
    error status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
};

/* ---- what stands behind the objects ------------------------------------------------------------ */

class request;

namespace detail
{

struct core;

/* A function that the library may call by way of its `user` pointer. */
struct node {
    explicit node(core *of) noexcept : owner(of) {}
    virtual ~node() = default;
    core *owner;
    centrifuge_listener id = 0;
};

template <class Event> struct listener_node : node {
    listener_node(core *of, std::function<void(const Event &)> &&given) : node(of), function(std::move(given)) {}
    std::function<void(const Event &)> function;
};

using nodes = std::vector<std::unique_ptr<node>>;

/* Of a subscription. The library may use its address again, but not its number. */
struct record {
    std::uint64_t number = 0;
    nodes listeners;
};

using authorize_function = std::function<void(request, centrifuge_bytes)>;
using refresh_function = std::function<void(request)>;

/*
 * What belongs to a client, apart from the object that moves. Shared: handles, calls that wait, callbacks and loop functions
 * that run may outlive that object.
 */
struct core : std::enable_shared_from_this<core> {
    centrifuge_client *client = nullptr; /* NULL once it is being destroyed */
    unsigned running = 0;                /* callbacks on the stack */
    std::uint64_t last_number = 0;
    nodes listeners;
    std::unordered_map<centrifuge_subscription *, record> subscriptions;
    nodes retired; /* until no callback runs */
    std::function<void(centrifuge_socket, int)> on_watch;
    std::function<void(milliseconds)> on_timer;
    /* Shared with the call that runs, since configure replaces them. */
    std::shared_ptr<authorize_function> authorize;
    std::shared_ptr<refresh_function> refresh;

    /* May the calling thread go on? */
    error enter() const noexcept { return client ? error(centrifuge_client_check(client)) : error(CENTRIFUGE_ERROR_CLOSED); }

    /* Once the client has ended and no callback runs, the functions of its options are not called any more. */
    void forget()
    {
        if (client || running > 0)
            return;
        auto watch = std::exchange(on_watch, nullptr);
        auto timer = std::exchange(on_timer, nullptr);
        authorize.reset();
        refresh.reset();
    }

    std::uint64_t number_of(centrifuge_subscription *raw)
    {
        record &known = subscriptions[raw];
        if (known.number == 0)
            known.number = ++last_number;
        return known.number;
    }

    void retire(nodes &gone)
    {
        nodes out;
        out.swap(gone);
        if (running > 0)
            for (std::unique_ptr<node> &one : out)
                retired.push_back(std::move(one));
    }

    void retire(nodes &among, centrifuge_listener id)
    {
        for (auto at = among.begin(); at != among.end(); ++at) {
            if ((*at)->id != id)
                continue;
            nodes one;
            one.push_back(std::move(*at));
            among.erase(at);
            retire(one);
            return;
        }
    }
};

/* Around every function of the application: what it removes stays until it has returned. */
class callback
{
  public:
    explicit callback(core *owner) : core_(owner->shared_from_this()) { core_->running++; }
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
    std::shared_ptr<core> core_;
};

template <class Object, class Event> void tell(Object *, const Event *event, void *user) noexcept
{
    listener_node<Event> *one = static_cast<listener_node<Event> *>(user);
    callback scope(one->owner);
    one->function(*event);
}

/* Adds a function to `among`, for the event that `member` is; `listen` is the library's function for it. */
template <class Events, class Object, class Event, class Listen>
listener add(core *owner, nodes &among, void (*Events::*member)(Object *, const Event *, void *),
             std::function<void(const Event &)> &&function, Listen listen)
{
    if (!function)
        return {0, CENTRIFUGE_ERROR_INVALID_ARGUMENT};
    auto one = std::make_unique<listener_node<Event>>(owner, std::move(function));
    Events events = {};
    events.*member = tell<Object, Event>;
    error wrong = listen(&events, one.get(), &one->id);
    if (wrong)
        return {0, wrong};
    centrifuge_listener id = one->id;
    among.push_back(std::move(one));
    return {id, CENTRIFUGE_ERROR_OK};
}

struct call {
    std::shared_ptr<core> owner;
    completion done;
};

inline void complete(centrifuge_subscription *, const centrifuge_result *given, void *user) noexcept
{
    std::unique_ptr<call> one(static_cast<call *>(user));
    callback scope(one->owner.get());
    one->done(*given);
}

struct drain {
    std::shared_ptr<core> owner;
    std::function<void(const drained_event &)> done;
};

inline void tell_drained(centrifuge_client *, const centrifuge_drained_event *event, void *user) noexcept
{
    std::unique_ptr<drain> one(static_cast<drain *>(user));
    callback scope(one->owner.get());
    one->done(*event);
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

/* C strings end at the first NUL: a name with one would be another name. */
inline bool is_name(const std::string &text) noexcept
{
    return text.find('\0') == std::string::npos;
}

} // namespace detail

/* ---- options ----------------------------------------------------------------------------------- */

/*
 * A question of the library to the application: for signs (on_authorize) or credentials (on_refresh). A value; copy it freely,
 * answer in the call or later, in the owner's thread (client::post from others). A late or second answer is ignored. Errors:
 * WRONG_THREAD, CLOSED.
 */
class request
{
  public:
    using send = centrifuge_error (*)(centrifuge_client *, centrifuge_request, const char *, std::size_t);
    request(detail::core *core, centrifuge_request id, send reply) : core_(core->shared_from_this()), id_(id), send_(reply) {}
    /* `json`: what an endpoint would answer. */
    error answer(std::string_view json) const
    {
        return core_->client ? send_(core_->client, id_, json.data() ? json.data() : "", json.size()) : CENTRIFUGE_ERROR_CLOSED;
    }
    /* There is no answer: a failure. */
    error fail() const { return core_->client ? send_(core_->client, id_, nullptr, 0) : CENTRIFUGE_ERROR_CLOSED; }
    /* For centrifuge_client_authorize_answer and centrifuge_client_refresh_answer. */
    centrifuge_request id() const noexcept { return id_; }

  private:
    std::shared_ptr<detail::core> core_;
    centrifuge_request id_;
    send send_;
};

/*
 * centrifuge_options with their defaults, and functions in place of C's function pointers. Texts are pointers as there, which
 * are read while a client is made or configured; keep() holds a std::string for as long.
 */
struct options : centrifuge_options {
    options() { centrifuge_options_default(this); }

    /* A foreign loop, both or none. Called from the constructor of the client to its end, the latter of which may be in
     * socket_ready or timer_expired. */
    std::function<void(centrifuge_socket socket, int events)> on_watch;
    std::function<void(milliseconds wait)> on_timer; /* negative: not at all */
    /* Instead of the endpoints; `body` is what would have been posted. */
    std::function<void(request to, centrifuge_bytes body)> on_authorize;
    std::function<void(request to)> on_refresh;

    /* For an option, a text that lives as long as these options or a copy of them: options.token = options.keep(token). */
    const char *keep(std::string text)
    {
        kept_.push_back(std::make_shared<const std::string>(std::move(text)));
        return kept_.back()->c_str();
    }

    /* centrifuge_options_check; `what` gets the name of the wrong option, static. */
    error check(const char **what = nullptr) const
    {
        centrifuge_options wired = wire(nullptr);
        return centrifuge_options_check(&wired, what);
    }

    /* For the library: what calls the functions of `owner`. */
    centrifuge_options wire(detail::core *owner) const
    {
        centrifuge_options wired = *this;
        if (on_watch)
            wired.loop_watch = watch;
        if (on_timer)
            wired.loop_timer = timer;
        if (on_watch || on_timer)
            wired.loop_user = owner;
        if (on_authorize) {
            wired.authorize = ask_signs;
            wired.authorize_user = owner;
        }
        if (on_refresh) {
            wired.refresh = ask_credentials;
            wired.refresh_user = owner;
        }
        return wired;
    }

  private:
    static void watch(void *user, centrifuge_socket socket, int events) noexcept
    {
        static_cast<detail::core *>(user)->on_watch(socket, events);
    }
    static void timer(void *user, std::int64_t wait) noexcept
    {
        static_cast<detail::core *>(user)->on_timer(milliseconds(wait));
    }
    static void ask_signs(centrifuge_client *, centrifuge_request id, centrifuge_bytes body, void *user) noexcept
    {
        detail::core *owner = static_cast<detail::core *>(user);
        detail::callback scope(owner);
        auto function = owner->authorize;
        (*function)(request(owner, id, centrifuge_client_authorize_answer), body);
    }
    static void ask_credentials(centrifuge_client *, centrifuge_request id, void *user) noexcept
    {
        detail::core *owner = static_cast<detail::core *>(user);
        detail::callback scope(owner);
        auto function = owner->refresh;
        (*function)(request(owner, id, centrifuge_client_refresh_answer));
    }

    std::vector<std::shared_ptr<const std::string>> kept_;
};

/* ---- subscriptions -------------------------------------------------------------------------------- */

/*
 * One channel of a client: a handle of a few words, to be copied freely. It owns nothing: dropping it leaves the subscription
 * as it is. Functions of one that was removed return UNSUBSCRIBED, of one whose client was destroyed CLOSED. The owner's thread
 * only: elsewhere they return WRONG_THREAD.
 */
class subscription
{
  public:
    subscription() = default; /* of no channel: INVALID_ARGUMENT */
    explicit subscription(error status) noexcept : status_(status) {}
    subscription(std::shared_ptr<detail::core> core, centrifuge_subscription *raw)
        : core_(std::move(core)), raw_(raw), number_(core_->number_of(raw)), status_(CENTRIFUGE_ERROR_OK)
    {
    }

    /* Is there one, that was not removed? */
    explicit operator bool() const noexcept { return !status(); }
    /* Why not. */
    error status() const noexcept
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
    /* For functions of client.h; but remove it by remove(). NULL when there is none. */
    centrifuge_subscription *raw() const noexcept { return status() ? nullptr : raw_; }
    /* "" and CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED when there is none; the text lives as long as the subscription. */
    std::string_view channel() const noexcept { return status() ? "" : centrifuge_subscription_channel(raw_); }
    centrifuge_subscription_state state() const noexcept
    {
        return status() ? CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED : centrifuge_subscription_get_state(raw_);
    }

    /*
     * Listeners, called in the order of adding; none misses anything when it is added before the loop runs again. One may
     * remove itself, others, the subscription and the client. Errors: INVALID_ARGUMENT (an empty function), NO_MEMORY, and the
     * handle's.
     */
    listener on_message(std::function<void(const message &)> function) const
    {
        return listen(&centrifuge_subscription_events::message, std::move(function));
    }
    listener on_join(std::function<void(const join_event &)> function) const
    {
        return listen(&centrifuge_subscription_events::join, std::move(function));
    }
    listener on_leave(std::function<void(const join_event &)> function) const
    {
        return listen(&centrifuge_subscription_events::leave, std::move(function));
    }
    listener on_subscribe(std::function<void(const subscribe_event &)> function) const
    {
        return listen(&centrifuge_subscription_events::subscribe, std::move(function));
    }
    listener on_error(std::function<void(const subscribe_error_event &)> function) const
    {
        return listen(&centrifuge_subscription_events::error, std::move(function));
    }
    listener on_unsubscribe(std::function<void(const unsubscribe_event &)> function) const
    {
        return listen(&centrifuge_subscription_events::unsubscribe, std::move(function));
    }
    /* The function is not called again, and is destroyed. Errors: INVALID_ARGUMENT for one that is none, and the handle's. */
    error unlisten(listener one) const
    {
        error wrong = ask(centrifuge_subscription_unlisten, one.id());
        if (!wrong)
            core_->retire(core_->subscriptions[raw_].listeners, one.id());
        return wrong;
    }

    /* Asks again after unsubscribe, a refusal, or an unsubscription by the server. */
    error subscribe() const { return ask(centrifuge_subscription_subscribe); }
    /* Listeners stay, and subscribe brings it back. */
    error unsubscribe() const { return ask(centrifuge_subscription_unsubscribe); }
    /* Unsubscribes and forgets it, with its listeners; calls that wait get UNSUBSCRIBED. */
    error remove() const
    {
        error wrong = ask(centrifuge_subscription_remove);
        if (wrong)
            return wrong;
        detail::nodes gone;
        gone.swap(core_->subscriptions[raw_].listeners);
        core_->subscriptions.erase(raw_);
        core_->retire(gone);
        return wrong;
    }

    /*
     * Calls, see completion; they wait until it is subscribed, at the most for `with`: {2000} is two seconds for all of it.
     * Errors of all: those of client.h, and the handle's. `json` is one JSON value, {} for none.
     */
    [[nodiscard]] error publish(std::string_view json, completion done = nullptr, call_options with = {}) const
    {
        return call(std::move(done), [&](centrifuge_subscription *to, centrifuge_completion complete, void *user) {
            return centrifuge_subscription_publish_with(to, json.data(), json.size(), &with, complete, user);
        });
    }
    /* A text, as a JSON string. */
    [[nodiscard]] error publish_text(const std::string &text, completion done = nullptr) const
    {
        if (!detail::is_name(text))
            return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        return call(std::move(done), [&](centrifuge_subscription *to, centrifuge_completion complete, void *user) {
            return centrifuge_subscription_publish_text(to, text.c_str(), complete, user);
        });
    }
    [[nodiscard]] error presence(completion done, call_options with = {}) const
    {
        return call(std::move(done), [&](centrifuge_subscription *to, centrifuge_completion complete, void *user) {
            return centrifuge_subscription_presence_with(to, &with, complete, user);
        });
    }
    [[nodiscard]] error history(completion done, call_options with = {}) const
    {
        return call(std::move(done), [&](centrifuge_subscription *to, centrifuge_completion complete, void *user) {
            return centrifuge_subscription_history_with(to, &with, complete, user);
        });
    }
    /* The history as messages, then what is live, each message once. */
    [[nodiscard]] error catch_up(completion done = nullptr) const
    {
        return call(std::move(done), centrifuge_subscription_catch_up);
    }
    /* Completes when it is subscribed or refused. */
    [[nodiscard]] error ready(completion done, call_options with = {}) const
    {
        return call(std::move(done), [&](centrifuge_subscription *to, centrifuge_completion complete, void *user) {
            return centrifuge_subscription_ready_with(to, &with, complete, user);
        });
    }

    friend bool operator==(const subscription &a, const subscription &b) noexcept
    {
        return a.core_ == b.core_ && a.raw_ == b.raw_ && a.number_ == b.number_;
    }
    friend bool operator!=(const subscription &a, const subscription &b) noexcept { return !(a == b); }

  private:
    template <class Function, class... Arguments> error ask(Function function, Arguments... arguments) const
    {
        error wrong = status();
        return wrong ? wrong : error(function(raw_, arguments...));
    }
    template <class Event, class Function> listener listen(Event event, Function &&function) const
    {
        error wrong = status();
        if (wrong)
            return {0, wrong};
        return detail::add(core_.get(), core_->subscriptions[raw_].listeners, event, std::move(function),
                           [this](const centrifuge_subscription_events *events, void *user, centrifuge_listener *id) {
                               return centrifuge_subscription_listen(raw_, events, user, id);
                           });
    }
    template <class Start> error call(completion &&done, Start start) const
    {
        error wrong = status();
        if (wrong || !done)
            return wrong ? wrong : error(start(raw_, nullptr, nullptr));
        auto one = std::make_unique<detail::call>(detail::call{core_, std::move(done)});
        wrong = start(raw_, detail::complete, one.get());
        if (!wrong)
            one.release(); /* detail::complete has it */
        return wrong;
    }

    std::shared_ptr<detail::core> core_;
    centrifuge_subscription *raw_ = nullptr;
    std::uint64_t number_ = 0;
    error status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
};

/* ---- the client -------------------------------------------------------------------------------------- */

/*
 * One connection to a server with its subscriptions; owns it. Moves, which subscriptions, listeners and requests do not notice.
 * The owner's thread only, as in client.h, except for post, wake and stop. Functions of an empty one return INVALID_ARGUMENT.
 */
class client
{
  public:
    client() noexcept = default; /* empty */
    /* The calling thread owns it. Without success it is empty; status() says why. */
    explicit client(const options &given)
    {
        auto made = std::make_shared<detail::core>();
        made->on_watch = given.on_watch;
        made->on_timer = given.on_timer;
        take_functions(*made, given);
        centrifuge_options wired = given.wire(made.get());
        status_ = centrifuge_client_new(&made->client, &wired);
        if (!status_)
            core_ = std::move(made);
    }
    client(client &&other) noexcept
        : core_(std::move(other.core_)), status_(std::exchange(other.status_, CENTRIFUGE_ERROR_INVALID_ARGUMENT))
    {
    }
    client &operator=(client &&other) noexcept
    {
        client mine(std::move(other)); /* assigning to itself leaves it as it is */
        std::swap(core_, mine.core_);
        std::swap(status_, mine.status_);
        return *this;
    }
    client(const client &) = delete;
    client &operator=(const client &) = delete;
    /*
     * As destroy(). In a thread that does not own it, it is taken over first: the owner must have stopped using it, as it has
     * when its thread was joined.
     */
    ~client()
    {
        if (destroy() == CENTRIFUGE_ERROR_WRONG_THREAD && !adopt())
            destroy();
    }

    explicit operator bool() const noexcept { return core_ != nullptr; }
    error status() const noexcept { return status_; }
    /* For functions of client.h, but not the loop's and not centrifuge_client_destroy. NULL for an empty one. */
    centrifuge_client *raw() const noexcept { return core_ ? core_->client : nullptr; }

    /* Replaces all but the loop hooks. */
    [[nodiscard]] error configure(const options &given)
    {
        centrifuge_options wired = given.wire(core_.get());
        error wrong = ask(centrifuge_client_configure, &wired);
        if (!wrong)
            take_functions(*core_, given);
        return wrong;
    }
    /*
     * centrifuge_client_destroy: calls that wait complete with CLOSED, work that was posted is dropped, listeners are not
     * called again. Inside a callback the calls complete and the memory is freed after it has returned; the object is empty
     * and may go at once. Error: WRONG_THREAD.
     */
    error destroy() noexcept
    {
        if (!core_)
            return CENTRIFUGE_ERROR_OK;
        error wrong = core_->enter();
        if (wrong == CENTRIFUGE_ERROR_WRONG_THREAD)
            return wrong;
        auto gone = std::move(core_); /* this object may go meanwhile */
        status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        centrifuge_client_destroy(std::exchange(gone->client, nullptr));
        gone->retire(gone->listeners);
        std::unordered_map<centrifuge_subscription *, detail::record> subscriptions;
        subscriptions.swap(gone->subscriptions);
        for (auto &one : subscriptions)
            gone->retire(one.second.listeners);
        gone->forget();
        return CENTRIFUGE_ERROR_OK;
    }
    error adopt() { return core_ ? error(centrifuge_client_adopt(core_->client)) : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT); }
    error get_credentials(credentials &current)
    {
        return ask(centrifuge_client_get_credentials_sized, &current, sizeof current);
    }

    error connect() { return ask(centrifuge_client_connect); }
    error disconnect() { return ask(centrifuge_client_disconnect); }
    /* Disconnects when every call has its result, or after `longest`; then `done` is called once, if this returned no error. */
    error drain(milliseconds longest, std::function<void(const drained_event &)> done = nullptr)
    {
        auto wait = static_cast<std::int64_t>(longest.count());
        if (!done)
            return ask(centrifuge_client_drain, wait, nullptr, nullptr);
        auto one = std::make_unique<detail::drain>(detail::drain{core_, std::move(done)});
        error wrong = ask(centrifuge_client_drain, wait, detail::tell_drained, one.get());
        if (!wrong)
            one.release(); /* detail::tell_drained has it */
        return wrong;
    }
    error network_changed(bool online) { return ask(centrifuge_client_network_changed, online); }
    error ping() { return ask(centrifuge_client_ping); }

    /* Listeners, as those of a subscription. */
    listener on_connect(std::function<void(const connect_event &)> function)
    {
        return listen(&centrifuge_client_events::connect, std::move(function));
    }
    listener on_disconnect(std::function<void(const disconnect_event &)> function)
    {
        return listen(&centrifuge_client_events::disconnect, std::move(function));
    }
    listener on_error(std::function<void(const error_event &)> function)
    {
        return listen(&centrifuge_client_events::error, std::move(function));
    }
    listener on_transport_close(std::function<void(const transport_close_event &)> function)
    {
        return listen(&centrifuge_client_events::transport_close, std::move(function));
    }
    listener on_log(std::function<void(const log_event &)> function)
    {
        return listen(&centrifuge_client_events::log, std::move(function));
    }
    listener on_refresh_failed(std::function<void(const refresh_failed_event &)> function)
    {
        return listen(&centrifuge_client_events::refresh_failed, std::move(function));
    }
    listener on_high_water(std::function<void(const high_water_event &)> function)
    {
        return listen(&centrifuge_client_events::high_water, std::move(function));
    }
    error unlisten(listener one)
    {
        error wrong = ask(centrifuge_client_unlisten, one.id());
        if (!wrong)
            core_->retire(core_->listeners, one.id());
        return wrong;
    }

    /* Of an empty client: disconnected, false, "", -1, "". */
    centrifuge_client_state state() const noexcept
    {
        return core_ ? centrifuge_client_get_state(core_->client) : CENTRIFUGE_CLIENT_DISCONNECTED;
    }
    bool will_reconnect() const noexcept { return core_ && centrifuge_client_will_reconnect(core_->client); }
    /* Of the current connection, "" without. */
    std::string id() const { return core_ ? centrifuge_client_id(core_->client) : ""; }
    milliseconds latency() const noexcept { return milliseconds(core_ ? centrifuge_client_latency(core_->client) : -1); }
    std::string_view transport() const noexcept { return core_ ? centrifuge_client_transport(core_->client) : ""; }

    /*
     * Subscribes to a channel: now, or as soon as there is a connection. The one that exists, if it does. Listeners are added
     * to what is returned. Errors, as its status(): those of centrifuge_client_subscribe.
     */
    subscription subscribe(const std::string &channel)
    {
        centrifuge_subscription *made = nullptr;
        error wrong = core_ ? core_->enter() : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT);
        if (!wrong && !detail::is_name(channel))
            wrong = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        if (!wrong)
            wrong = centrifuge_client_subscribe(core_->client, channel.c_str(), nullptr, nullptr, &made);
        return wrong ? subscription(wrong) : subscription(core_, made);
    }
    /* The existing one, or one that is false. */
    subscription find(const std::string &channel)
    {
        error wrong = core_ ? core_->enter() : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT);
        if (wrong)
            return subscription(wrong);
        centrifuge_subscription *found =
            detail::is_name(channel) ? centrifuge_client_find(core_->client, channel.c_str()) : nullptr;
        return found ? subscription(core_, found) : subscription();
    }

    error start_batching() { return ask(centrifuge_client_start_batching); }
    error stop_batching(bool flush_now) { return ask(centrifuge_client_stop_batching, flush_now); }
    error flush() { return ask(centrifuge_client_flush); }
    error start_auth_batching() { return ask(centrifuge_client_start_auth_batching); }
    error stop_auth_batching() { return ask(centrifuge_client_stop_auth_batching); }

    /* Also CLOSED when a callback destroyed the client, which may then be gone. */
    error run() { return ask(centrifuge_client_run); }
    /* Negative: any time. */
    error wait(milliseconds longest = milliseconds(-1))
    {
        return ask(centrifuge_client_wait, static_cast<std::int64_t>(longest.count()));
    }
    error tick() { return ask(centrifuge_client_tick); }
    /* For a loop that waits for one descriptor, for timeout() at the most (negative: any time), and calls tick(). */
    error fd(int &descriptor) { return ask(centrifuge_client_fd, &descriptor); }
    milliseconds timeout() { return milliseconds(core_ ? centrifuge_client_timeout(core_->client) : 0); }
    error socket_ready(centrifuge_socket socket, int events) { return ask(centrifuge_client_socket_ready, socket, events); }
    error timer_expired() { return ask(centrifuge_client_timer_expired); }

    /*
     * For every thread, while the object is neither moved nor destroyed. `function` runs in the owner's thread, from its loop,
     * in the order of posting, or is destroyed unused with the client. Errors: INVALID_ARGUMENT, LIMIT_POSTS, NO_MEMORY.
     */
    error post(std::function<void()> function) const
    {
        if (!core_ || !function)
            return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        auto one = std::make_unique<std::function<void()>>(std::move(function));
        error wrong = centrifuge_client_post(core_->client, detail::run_posted, detail::drop_posted, one.get());
        if (!wrong)
            one.release(); /* run_posted or drop_posted has it */
        return wrong;
    }
    /* wake and stop: also a signal handler. */
    void wake() const noexcept
    {
        if (core_)
            centrifuge_client_wake(core_->client);
    }
    void stop() const noexcept
    {
        if (core_)
            centrifuge_client_stop(core_->client);
    }

  private:
    static void take_functions(detail::core &core, const options &given)
    {
        core.authorize = std::make_shared<detail::authorize_function>(given.on_authorize);
        core.refresh = std::make_shared<detail::refresh_function>(given.on_refresh);
    }
    template <class Function, class... Arguments> error ask(Function function, Arguments... arguments) const
    {
        if (!core_)
            return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        auto used = core_; /* this object may go meanwhile */
        error wrong = used->enter();
        if (wrong)
            return wrong;
        wrong = function(used->client, arguments...);
        used->forget();
        return wrong;
    }
    template <class Event, class Function> listener listen(Event event, Function &&function)
    {
        error wrong = core_ ? core_->enter() : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT);
        if (wrong)
            return {0, wrong};
        return detail::add(core_.get(), core_->listeners, event, std::move(function),
                           [this](const centrifuge_client_events *events, void *user, centrifuge_listener *id) {
                               return centrifuge_client_listen(core_->client, events, user, id);
                           });
    }

    std::shared_ptr<detail::core> core_;
    error status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
};

/* ---- for backends: centrifuge/backend.h ---------------------------------------------------------------- */

/* Lower-case hexadecimal text; "" when an argument that is needed is empty. Any thread. */
inline std::string token(const std::string &secret, const std::string &user, const std::string &timestamp,
                         const std::string &info = {})
{
    char made[CENTRIFUGE_SIGN_SIZE];
    centrifuge_backend_token(secret.c_str(), user.c_str(), timestamp.c_str(), info.c_str(), made);
    return made;
}
inline std::string sign(const std::string &secret, const std::string &client, const std::string &channel,
                        const std::string &info = {})
{
    char made[CENTRIFUGE_SIGN_SIZE];
    centrifuge_backend_sign(secret.c_str(), client.c_str(), channel.c_str(), info.c_str(), made);
    return made;
}
inline std::string api_sign(const std::string &secret, std::string_view body)
{
    char made[CENTRIFUGE_SIGN_SIZE];
    centrifuge_backend_api_sign(secret.c_str(), body.data(), body.size(), made);
    return made;
}

} // namespace centrifuge

#endif
