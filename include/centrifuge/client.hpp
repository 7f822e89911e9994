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
 *   running is never destroyed under its own feet, whatever it does. They must not throw. In a forked child they stay.
 * - What a function is given is borrowed until it returns. view() makes a std::string_view of a text or of JSON, text() a
 *   std::string of a JSON string.
 * - All of it may be mixed with client.h by way of raw(), but for the end of a client and of a subscription.
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

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
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

using authorize_function = std::function<void(request, centrifuge_bytes)>;
using refresh_function = std::function<void(request)>;

/* Of a subscription, for all handles of it: the library may use the address again. */
struct channel {
    explicit channel(centrifuge_subscription *its) noexcept : raw(its) {}
    centrifuge_subscription *const raw;
    std::atomic<bool> removed{false};
};

/* The functions of options that are called between others; configure replaces them, perhaps while one runs. */
struct questions {
    std::shared_ptr<const authorize_function> authorize;
    std::shared_ptr<const refresh_function> refresh;
};

/*
 * What belongs to a client, apart from the object that moves. Shared: by the library until the client has ended, by handles and
 * by functions that run, which may outlive that object. `lock` is for clients that every thread may use.
 */
struct core : std::enable_shared_from_this<core> {
    std::atomic<centrifuge_client *> client{nullptr}; /* NULL once it is destroyed */
    std::function<void(centrifuge_socket, int)> on_watch;
    std::function<void(milliseconds)> on_timer;
    std::mutex lock; /* of what follows */
    questions asked;
    std::unordered_map<centrifuge_subscription *, std::shared_ptr<channel>> channels;

    /* May the calling thread go on? */
    error enter() const noexcept
    {
        centrifuge_client *raw = client;
        return raw ? error(centrifuge_client_check(raw)) : error(CENTRIFUGE_ERROR_CLOSED);
    }

    std::shared_ptr<channel> channel_of(centrifuge_subscription *raw)
    {
        std::lock_guard<std::mutex> locked(lock);
        std::shared_ptr<channel> &known = channels[raw];
        if (!known)
            known = std::make_shared<channel>(raw);
        return known;
    }

    /* False when somebody has. */
    bool forget(channel &one)
    {
        std::lock_guard<std::mutex> locked(lock);
        if (one.removed.exchange(true))
            return false;
        channels.erase(one.raw);
        return true;
    }

    questions get_questions()
    {
        std::lock_guard<std::mutex> locked(lock);
        return asked;
    }
};

/* The client has ended: nothing is called any more, and what the functions hold may hold this. */
inline void end(void *user) noexcept
{
    std::unique_ptr<std::shared_ptr<core>> one(static_cast<std::shared_ptr<core> *>(user));
    core &gone = **one;
    gone.client = nullptr;
    auto watch = std::exchange(gone.on_watch, nullptr);
    auto timer = std::exchange(gone.on_timer, nullptr);
    auto asked = std::exchange(gone.asked, {});
}

/* The library calls functions by their address, and says when it does not any more. */
template <class Object, class Event> void tell(Object *, const Event *event, void *user) noexcept
{
    (*static_cast<std::function<void(const Event &)> *>(user))(*event);
}
template <class Function> void drop(void *user) noexcept
{
    delete static_cast<Function *>(user);
}

/* For those that are called once, and once only. */
template <class Object, class Event> void tell_once(Object *, const Event *event, void *user) noexcept
{
    std::unique_ptr<std::function<void(const Event &)>> one(static_cast<std::function<void(const Event &)> *>(user));
    (*one)(*event);
}
inline void run_posted(centrifuge_client *, void *user) noexcept
{
    std::unique_ptr<std::function<void()>> one(static_cast<std::function<void()> *>(user));
    (*one)();
}

/* `take` is handed the address of a function that the library has from then on, unless it returns an error. */
template <class Function, class Take> error hand_over(Function &&function, Take take)
{
    auto one = std::make_unique<std::decay_t<Function>>(std::forward<Function>(function));
    error wrong = take(one.get());
    if (!wrong)
        one.release();
    return wrong;
}

/* Adds a listener for the event that `member` is; `listen` is the library's function for it. */
template <class Events, class Object, class Event, class Listen>
listener add(void (*Events::*member)(Object *, const Event *, void *), std::function<void(const Event &)> &&function,
             Listen listen)
{
    if (!function)
        return {0, CENTRIFUGE_ERROR_INVALID_ARGUMENT};
    Events events = {};
    events.*member = tell<Object, Event>;
    events.drop = drop<std::function<void(const Event &)>>;
    centrifuge_listener id = 0;
    error wrong = hand_over(std::move(function), [&](void *user) { return listen(&events, user, &id); });
    return {wrong ? 0 : id, wrong};
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
 * answer in the call or later, in the owner's thread (client::post from others; any thread after start). A late or second
 * answer is ignored. Errors: WRONG_THREAD, CLOSED.
 */
class request
{
  public:
    using reply = centrifuge_error (*)(centrifuge_client *, centrifuge_request, const char *, std::size_t);
    request(detail::core *core, centrifuge_request id, reply to) : core_(core->shared_from_this()), id_(id), reply_(to) {}
    /* `json`: what an endpoint would answer. */
    error answer(std::string_view json) const { return send(json.data() ? json : ""); }
    /* There is no answer: a failure. */
    error fail() const { return send({}); }
    /* For centrifuge_client_authorize_answer and centrifuge_client_refresh_answer. */
    centrifuge_request id() const noexcept { return id_; }

  private:
    error send(std::string_view json) const
    {
        error wrong = core_->enter();
        return wrong ? wrong : error(reply_(core_->client, id_, json.data(), json.size()));
    }

    std::shared_ptr<detail::core> core_;
    centrifuge_request id_;
    reply reply_;
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
    detail::questions get_questions() const
    {
        return {std::make_shared<detail::authorize_function>(on_authorize),
                std::make_shared<detail::refresh_function>(on_refresh)};
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
        request to(static_cast<detail::core *>(user), id, centrifuge_client_authorize_answer);
        auto function = static_cast<detail::core *>(user)->get_questions().authorize;
        if (*function)
            (*function)(to, body);
        else
            to.fail(); /* configured away just now */
    }
    static void ask_credentials(centrifuge_client *, centrifuge_request id, void *user) noexcept
    {
        request to(static_cast<detail::core *>(user), id, centrifuge_client_refresh_answer);
        auto function = static_cast<detail::core *>(user)->get_questions().refresh;
        if (*function)
            (*function)(to);
        else
            to.fail();
    }

    std::vector<std::shared_ptr<const std::string>> kept_;
};

/* ---- subscriptions -------------------------------------------------------------------------------- */

/*
 * One channel of a client: a handle of a few words, to be copied freely. It owns nothing: dropping it leaves the subscription
 * as it is. Functions of one that was removed return UNSUBSCRIBED, of one whose client was destroyed CLOSED, in a thread that
 * may not use the client WRONG_THREAD.
 */
class subscription
{
  public:
    subscription() = default; /* of no channel: INVALID_ARGUMENT */
    explicit subscription(error status) noexcept : status_(status) {}
    subscription(std::shared_ptr<detail::core> core, centrifuge_subscription *raw)
        : core_(std::move(core)), channel_(core_->channel_of(raw)), status_(CENTRIFUGE_ERROR_OK)
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
        return !wrong && channel_->removed ? CENTRIFUGE_ERROR_UNSUBSCRIBED : wrong;
    }
    /* For functions of client.h; but remove it by remove(). NULL when there is none. */
    centrifuge_subscription *raw() const noexcept { return status() ? nullptr : channel_->raw; }
    /* "" and CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED when there is none; the text lives as long as the subscription. */
    std::string_view channel() const noexcept { return status() ? "" : centrifuge_subscription_channel(channel_->raw); }
    centrifuge_subscription_state state() const noexcept
    {
        return status() ? CENTRIFUGE_SUBSCRIPTION_UNSUBSCRIBED : centrifuge_subscription_get_state(channel_->raw);
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
    error unlisten(listener one) const { return ask(centrifuge_subscription_unlisten, one.id()); }

    /* Asks again after unsubscribe, a refusal, or an unsubscription by the server. */
    error subscribe() const { return ask(centrifuge_subscription_subscribe); }
    /* Listeners stay, and subscribe brings it back. */
    error unsubscribe() const { return ask(centrifuge_subscription_unsubscribe); }
    /* Unsubscribes and forgets it, with its listeners; calls that wait get UNSUBSCRIBED. */
    error remove() const
    {
        error wrong = status();
        if (wrong)
            return wrong;
        auto used = channel_; /* what is dropped may be this object */
        return core_->forget(*used) ? error(centrifuge_subscription_remove(used->raw)) : CENTRIFUGE_ERROR_UNSUBSCRIBED;
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

    friend bool operator==(const subscription &a, const subscription &b) noexcept { return a.channel_ == b.channel_; }
    friend bool operator!=(const subscription &a, const subscription &b) noexcept { return !(a == b); }

  private:
    template <class Function, class... Arguments> error ask(Function function, Arguments... arguments) const
    {
        error wrong = status();
        return wrong ? wrong : error(function(channel_->raw, arguments...));
    }
    template <class Event, class Function> listener listen(Event event, Function &&function) const
    {
        error wrong = status();
        if (wrong)
            return {0, wrong};
        return detail::add(event, std::move(function),
                           [this](const centrifuge_subscription_events *events, void *user, centrifuge_listener *id) {
                               return centrifuge_subscription_listen(channel_->raw, events, user, id);
                           });
    }
    template <class Start> error call(completion &&done, Start start) const
    {
        error wrong = status();
        if (wrong || !done)
            return wrong ? wrong : error(start(channel_->raw, nullptr, nullptr));
        return detail::hand_over(std::move(done), [&](void *user) {
            return start(channel_->raw, detail::tell_once<centrifuge_subscription, result>, user);
        });
    }

    std::shared_ptr<detail::core> core_;
    std::shared_ptr<detail::channel> channel_;
    error status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
};

/* ---- the client -------------------------------------------------------------------------------------- */

/*
 * One connection to a server with its subscriptions; owns it. Moves, which subscriptions, listeners and requests do not notice.
 * The owner's thread only, as in client.h, except for post, wake and stop; every thread after start. Functions of an empty one
 * return INVALID_ARGUMENT.
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
        made->asked = given.get_questions();
        centrifuge_options wired = given.wire(made.get());
        centrifuge_client *raw;
        status_ = centrifuge_client_new(&raw, &wired);
        made->client = raw;
        if (!status_)
            status_ = detail::hand_over(std::shared_ptr<detail::core>(made), [&](void *user) {
                centrifuge_client_events events = {};
                events.drop = detail::end;
                return centrifuge_client_listen(raw, &events, user, nullptr);
            });
        if (!status_)
            core_ = std::move(made);
        else
            centrifuge_client_destroy(raw);
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
    /* For functions of client.h, but not centrifuge_client_destroy. NULL for an empty one. */
    centrifuge_client *raw() const noexcept { return core_ ? core_->client.load() : nullptr; }

    /* Replaces all but the loop hooks. */
    [[nodiscard]] error configure(const options &given)
    {
        if (!core_)
            return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        auto used = core_;
        centrifuge_options wired = given.wire(used.get());
        detail::questions asked = given.get_questions(); /* the old ones go behind the lock */
        std::lock_guard<std::mutex> locked(used->lock);
        error wrong = ask(centrifuge_client_configure, &wired);
        if (!wrong)
            std::swap(used->asked, asked);
        return wrong;
    }
    /*
     * centrifuge_client_destroy: calls that wait complete with CLOSED, work that was posted is dropped, listeners are not
     * called again. Inside a callback the calls complete and the memory is freed after it has returned; the object is empty
     * and may go at once. Of a started client its thread is ended and waited for. Errors: WRONG_THREAD; INVALID_STATE when
     * another thread is inside join or dispatch.
     */
    error destroy() noexcept
    {
        if (!core_)
            return CENTRIFUGE_ERROR_OK;
        auto gone = std::exchange(core_, nullptr); /* this object may go meanwhile */
        error wrong = centrifuge_client_destroy(gone->client);
        if (wrong == CENTRIFUGE_ERROR_WRONG_THREAD || wrong == CENTRIFUGE_ERROR_INVALID_STATE) {
            core_ = std::move(gone);
            return wrong;
        }
        gone->client = nullptr;
        status_ = CENTRIFUGE_ERROR_INVALID_ARGUMENT;
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
        return detail::hand_over(std::move(done), [&](void *user) {
            return ask(centrifuge_client_drain, wait, detail::tell_once<centrifuge_client, drained_event>, user);
        });
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
    error unlisten(listener one) { return ask(centrifuge_client_unlisten, one.id()); }

    /* Of an empty client: disconnected, false, "", -1, "". */
    centrifuge_client_state state() const noexcept
    {
        return core_ ? centrifuge_client_get_state(core_->client) : CENTRIFUGE_CLIENT_DISCONNECTED;
    }
    bool will_reconnect() const noexcept { return core_ && centrifuge_client_will_reconnect(core_->client); }
    /* Of the current connection, "" without. */
    std::string id() const
    {
        if (!core_)
            return "";
        std::lock_guard<std::mutex> locked(core_->lock);
        return centrifuge_client_id(core_->client);
    }
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
     * The loop runs in a thread of the library until stop, join or destroy; every thread may use the client and its
     * subscriptions meanwhile, while this object is neither moved nor destroyed.
     */
    error start() { return ask(centrifuge_client_start); }
    /* Waits until it is disconnected for good or stopped; from then on it belongs to the calling thread. */
    error join() { return ask(centrifuge_client_join); }
    /* With the option `dispatch`: calls what waits to be called, in this thread; waits `longest` for the first. */
    error dispatch(milliseconds longest = milliseconds(0))
    {
        return ask(centrifuge_client_dispatch, static_cast<std::int64_t>(longest.count()));
    }
    /* Readable while something waits. */
    error dispatch_fd(int &descriptor) { return ask(centrifuge_client_dispatch_fd, &descriptor); }

    /*
     * For every thread, while the object is neither moved nor destroyed. `function` runs in the owner's thread, from its loop,
     * in the order of posting, or is destroyed unused with the client. Errors: INVALID_ARGUMENT, LIMIT_POSTS, NO_MEMORY.
     */
    error post(std::function<void()> function) const
    {
        if (!core_ || !function)
            return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        return detail::hand_over(std::move(function), [&](void *user) {
            return centrifuge_client_post(core_->client, detail::run_posted, detail::drop<std::function<void()>>, user);
        });
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
    template <class Function, class... Arguments> error ask(Function function, Arguments... arguments) const
    {
        if (!core_)
            return CENTRIFUGE_ERROR_INVALID_ARGUMENT;
        auto used = core_; /* this object may go meanwhile */
        error wrong = used->enter();
        if (wrong)
            return wrong;
        return function(used->client, arguments...);
    }
    template <class Event, class Function> listener listen(Event event, Function &&function)
    {
        error wrong = core_ ? core_->enter() : error(CENTRIFUGE_ERROR_INVALID_ARGUMENT);
        if (wrong)
            return {0, wrong};
        return detail::add(event, std::move(function),
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
