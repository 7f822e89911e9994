"""Real-time messages from a Centrifugo-compatible server; docs/python.md is the guide.

Names, options and events are those of centrifuge/client.h, whose comments say what they mean.
"""
import asyncio
import functools
import json
import math
import sys
import types
import weakref

from libcentrifuge._core import ffi, lib

__all__ = ['Backend', 'Client', 'Error', 'Subscription', 'api_sign', 'sign', 'token']


class Error(Exception):
    """What the library or the server refused: `code` is the name of a centrifuge_error, as 'REFUSED'; `advice` 'fix', 'retry' or ''."""

    def __init__(self, code, text='', advice=''):
        super().__init__(text or _text(lib.centrifuge_error_text(code)))
        self.code = _text(lib.centrifuge_error_name(code))
        self.advice = advice


def _check(code, text=''):
    if code != lib.CENTRIFUGE_ERROR_OK:
        raise Error(code, text)


def _text(pointer):
    return ffi.string(pointer).decode() if pointer else ''


def _bytes(value):
    return ffi.buffer(value.bytes, value.size)[:] if value.size else b''


def _json(value):
    return json.loads(_bytes(value)) if value.size else None


_BYTES, _TEXT, _ERROR = (ffi.typeof(name) for name in ('centrifuge_bytes', 'char *', 'centrifuge_error'))


def _value(name, field, value):
    """A member of a struct of the library in Python: JSON as what it says, `raw` and `body` as they came."""
    if field.type is _BYTES:
        return _bytes(value) if name in ('raw', 'body') else _json(value)
    if field.type is _TEXT:
        return _text(value)
    if field.type is _ERROR:
        return _text(lib.centrifuge_error_name(value))
    return value


def _struct(pointer):
    fields = ffi.typeof(pointer).item.fields
    return types.SimpleNamespace(**{name: _value(name, field, getattr(pointer, name)) for name, field in fields})


# ---- options -----------------------------------------------------------------------------------------------


class _Options:
    """A struct of options with what it points to."""

    def __init__(self, kind, prefix, more):
        self.struct = ffi.new(f'{kind} *')
        self.prefix = prefix
        self.kept = []
        self.fields = dict(ffi.typeof(kind).fields)
        _check(getattr(lib, f'{kind}_default_sized')(self.struct, ffi.sizeof(kind)))
        for name, value in more.items():
            self._set(name, value)

    def _set(self, name, value):
        if name not in self.fields or name == 'size':
            raise TypeError(f'there is no option {name!r}')
        if isinstance(value, dict):
            value = self._pairs(name, value)
        elif isinstance(value, str):
            value = self._keep(ffi.new('char[]', value.encode()))
        try:
            setattr(self.struct, name, ffi.NULL if value is None else value)
        except TypeError as error:
            raise TypeError(f'option {name!r}: {error}') from None

    def _keep(self, value):
        self.kept.append(value)
        return value

    def _pairs(self, name, pairs):
        """Headers or parameters of a request; their number is an option of its own."""
        count = name[:-1] + '_count'
        if count not in self.fields:
            raise TypeError(f'option {name!r}: no dictionary is expected')
        setattr(self.struct, count, len(pairs))
        texts = [[self._keep(ffi.new('char[]', str(text).encode())) for text in pair] for pair in pairs.items()]
        return self._keep(ffi.new(f'{self.fields[name].type.item.cname}[]', texts))

    def check(self):
        what = ffi.new('const char **')
        code = getattr(lib, f'{self.prefix}_check')(self.struct, what)
        if code != lib.CENTRIFUGE_ERROR_OK:
            named = f' (option {_text(what[0])!r})' if what[0] else ''
            raise Error(code, _text(lib.centrifuge_error_text(code)) + named)


# ---- what the library calls ------------------------------------------------------------------------------------

_clients = weakref.WeakValueDictionary()  # by the number that the library has as `user`
_calls = {}  # what is to be called when an answer comes, by number
_numbers = iter(range(1, sys.maxsize))


def _pointer(number):
    return ffi.cast('void *', number)


def _client(user):
    return _clients.get(int(ffi.cast('uintptr_t', user)))


def _tell_client(name):
    def tell(_, event, user):
        client = _client(user)
        if client is not None:
            client._tell(client._handlers, name, _struct(event))
    ffi.def_extern(name=f'py_client_{name}')(tell)


def _tell_subscription(name):
    def tell(pointer, event, user):
        client = _client(user)
        subscription = client and client._subscriptions.get(_text(lib.centrifuge_subscription_channel(pointer)))
        if subscription:
            client._tell(subscription._handlers, name, _struct(event))
    ffi.def_extern(name=f'py_subscription_{name}')(tell)


def _events(kind, prefix):
    names = [name for name, _ in ffi.typeof(kind).fields if name != 'drop']
    return names, ffi.new(f'{kind} *', {name: getattr(lib, f'{prefix}_{name}') for name in names})


def _answered(_, result, user):
    _calls.pop(int(ffi.cast('uintptr_t', user)))(_struct(result))


ffi.def_extern(name='py_done')(_answered)
ffi.def_extern(name='py_drained')(_answered)


@ffi.def_extern()
def py_authorize(_, request, body, user):
    client = _client(user)
    if client is not None:
        client._ask(client._authorize, lib.centrifuge_client_authorize_answer, request, _json(body))


@ffi.def_extern()
def py_refresh(_, request, user):
    client = _client(user)
    if client is not None:
        client._ask(client._refresh, lib.centrifuge_client_refresh_answer, request)


_CLIENT_EVENTS, _client_events = _events('centrifuge_client_events', 'py_client')
_SUBSCRIPTION_EVENTS, _subscription_events = _events('centrifuge_subscription_events', 'py_subscription')
for _name in _CLIENT_EVENTS:
    _tell_client(_name)
for _name in _SUBSCRIPTION_EVENTS:
    _tell_subscription(_name)


class _Emitter:
    """Handlers by the names of events."""

    def __init__(self, names, handlers):
        self._handlers = {name: [] for name in names}
        for name, handler in handlers.items():
            self.on(name, handler)

    def on(self, name, handler):
        """Calls `handler(event)` for each event of this name, an object with the members of its struct. Returns `handler`."""
        if name not in self._handlers:
            raise ValueError(f'there is no event {name!r}, but ' + ', '.join(self._handlers))
        self._handlers[name].append(handler)
        return handler

    def off(self, name, handler):
        self._handlers[name].remove(handler)


# ---- a client ----------------------------------------------------------------------------------------------


def _destroy(pointer):
    # The collector may run in any thread; nobody else has the client any more.
    if lib.centrifuge_client_destroy(pointer) == lib.CENTRIFUGE_ERROR_WRONG_THREAD:
        lib.centrifuge_client_adopt(pointer)
        lib.centrifuge_client_destroy(pointer)


class Client(_Emitter):
    """One connection to a server. Options are those of centrifuge_options; `authorize(body, answer)` and `refresh(answer)` are functions
    that call `answer(value)` at once or later, `answer(None)` where they have none. Belongs to the thread that made it."""

    def __init__(self, url, *, authorize=None, refresh=None, **options):
        super().__init__(_CLIENT_EVENTS, {})
        self._subscriptions = {}
        self._raised = []
        self._authorize, self._refresh = authorize, refresh
        self._number = next(_numbers)
        _clients[self._number] = self
        filled = _Options('centrifuge_options', 'centrifuge_options', {'url': url, 'print_errors': False, **options})
        for name, given in (('authorize', authorize), ('refresh', refresh)):
            if given is not None:
                setattr(filled.struct, name, getattr(lib, f'py_{name}'))
                setattr(filled.struct, f'{name}_user', _pointer(self._number))
        filled.check()
        pointer = ffi.new('centrifuge_client **')
        _check(lib.centrifuge_client_new(pointer, filled.struct))
        self._pointer = pointer[0]
        self._end = weakref.finalize(self, _destroy, self._pointer)
        _check(lib.centrifuge_client_listen_sized(ffi.sizeof('centrifuge_client_events'), self._pointer, _client_events, _pointer(self._number),
                                                  ffi.NULL))

    # -- what is told --

    def _tell(self, handlers, name, event):
        for handler in list(handlers[name]):
            try:
                handler(event)
            except BaseException as error:
                self._rise_later(error)

    def _ask(self, function, answer_to, request, *arguments):
        def answer(value):
            if not self._end.alive:
                return
            text = ffi.NULL if value is None else json.dumps(value).encode()
            _check(answer_to(self._pointer, request, text, 0 if value is None else len(text)))
        try:
            function(*arguments, answer)
        except BaseException as error:
            answer(None)
            self._rise_later(error)

    def _rise_later(self, error):
        """Nothing is raised through C: the loop does it when it has returned."""
        self._raised.append(error)
        if self._end.alive:
            lib.centrifuge_client_stop(self._pointer)

    def _rise(self):
        if self._raised:
            first, self._raised = self._raised[0], []
            raise first

    def _alive(self):
        if not self._end.alive:
            raise Error(lib.CENTRIFUGE_ERROR_CLOSED)
        return self._pointer

    # -- life --

    def connect(self):
        _check(lib.centrifuge_client_connect(self._alive()))

    def disconnect(self):
        _check(lib.centrifuge_client_disconnect(self._alive()))

    def drain(self, seconds, done=None):
        """Takes no further calls, and disconnects when each has its answer, or when the time is over. `done(event)` has `code` and `left`,
        the calls without one; what is awaited without it gives `left`, or an Error."""
        return _begin(weakref.ref(self), done, lambda event: event.left,
                      functools.partial(lib.centrifuge_client_drain, self._alive(), _milliseconds(seconds), lib.py_drained))

    def destroy(self):
        """Ends it at once; what waits for an answer gets CLOSED. A client that nobody refers to any more ends so by itself."""
        self._end()
        self._subscriptions.clear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.destroy()

    @property
    def id(self):
        """Of the connection; '' without one."""
        return _text(lib.centrifuge_client_id(self._alive()))

    # -- subscriptions --

    def subscribe(self, channel, message=None, **handlers):
        """The subscription of a channel, made when there is none; `message` and further names are handlers of its events."""
        known = self._subscriptions.get(channel)
        pointer = ffi.new('centrifuge_subscription **')
        events = ffi.NULL if known else _subscription_events
        _check(lib.centrifuge_client_subscribe_sized(ffi.sizeof('centrifuge_subscription_events'), self._alive(), channel.encode(), events,
                                                     _pointer(self._number), pointer))
        subscription = known or Subscription(self, channel, pointer[0])
        self._subscriptions[channel] = subscription
        for name, handler in {**({'message': message} if message else {}), **handlers}.items():
            subscription.on(name, handler)
        return subscription

    # -- loops --

    def run(self):
        """Runs until the client is disconnected for good, or `stop`. What a handler raises ends it, and is raised here."""
        code = lib.centrifuge_client_run(self._alive())
        self._rise()
        if code not in (lib.CENTRIFUGE_ERROR_OK, lib.CENTRIFUGE_ERROR_CLOSED):
            raise Error(code)

    def stop(self):
        lib.centrifuge_client_stop(self._alive())

    def wait(self, seconds=-1):
        """Waits until something happened, and does it; without an argument any time."""
        _check(lib.centrifuge_client_wait(self._alive(), -1 if seconds < 0 else round(seconds * 1000)))
        self._rise()

    def tick(self):
        """Does what is there to do, and returns at once: when `fileno()` is readable, and after `timeout()`."""
        _check(lib.centrifuge_client_tick(self._alive()))
        self._rise()

    def fileno(self):
        descriptor = ffi.new('int *')
        _check(lib.centrifuge_client_fd(self._alive(), descriptor))
        return descriptor[0]

    def timeout(self):
        """Seconds until `tick` has something to do whatever happens; None: any time."""
        milliseconds = lib.centrifuge_client_timeout(self._alive())
        return None if milliseconds < 0 else milliseconds / 1000

    async def serve(self):
        """Works in the running asyncio loop until the task is cancelled or the client destroyed. What a handler raises is raised here."""
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        descriptor = self.fileno()
        loop.add_reader(descriptor, ready.set)
        try:
            while self._end.alive:
                ready.clear()
                self.tick()
                if not self._end.alive:
                    return
                try:
                    await asyncio.wait_for(ready.wait(), self.timeout())
                except asyncio.TimeoutError:
                    pass
        finally:
            loop.remove_reader(descriptor)


class Subscription(_Emitter):
    """One channel of a client. Its calls take `done(result)`; without it, in a running asyncio loop, they return what can be awaited: the
    data of the answer, or an Error."""

    def __init__(self, client, channel, pointer):
        super().__init__(_SUBSCRIPTION_EVENTS, {})
        self._client_reference = weakref.ref(client)
        self._pointer = pointer
        self.channel = channel

    def _alive(self):
        client = self._client_reference()
        if client is None or client._subscriptions.get(self.channel) is not self:
            raise Error(lib.CENTRIFUGE_ERROR_CLOSED)
        client._alive()
        return self._pointer

    def _call(self, function, done, *arguments):
        return _begin(self._client_reference, done, lambda result: result.data,
                      functools.partial(function, self._alive(), *arguments, lib.py_done))

    def _call_with(self, function, done, timeout, *arguments):
        options = ffi.NULL if timeout is None else ffi.new('centrifuge_call_options *', {'timeout': _milliseconds(timeout)})
        return self._call(functools.partial(function, ffi.sizeof('centrifuge_call_options')), done, *arguments, options)

    def publish(self, data, done=None, *, timeout=None):
        """Publishes what json.dumps makes of `data`. `timeout`, of each of the four calls that have it, is seconds."""
        text = json.dumps(data, ensure_ascii=False).encode()
        return self._call_with(lib.centrifuge_subscription_publish_with_sized, done, timeout, text, len(text))

    def presence(self, done=None, *, timeout=None):
        return self._call_with(lib.centrifuge_subscription_presence_with_sized, done, timeout)

    def history(self, done=None, *, timeout=None):
        return self._call_with(lib.centrifuge_subscription_history_with_sized, done, timeout)

    def catch_up(self, done=None):
        """Tells the history to `message`, oldest first, and then what is live, each message once."""
        return self._call(lib.centrifuge_subscription_catch_up, done)

    def ready(self, done=None, *, timeout=None):
        return self._call_with(lib.centrifuge_subscription_ready_with_sized, done, timeout)

    def subscribe(self):
        _check(lib.centrifuge_subscription_subscribe(self._alive()))

    def unsubscribe(self):
        _check(lib.centrifuge_subscription_unsubscribe(self._alive()))

    def remove(self):
        """Unsubscribes, and forgets it; the object is of no use any more."""
        _check(lib.centrifuge_subscription_remove(self._alive()))
        del self._client_reference()._subscriptions[self.channel]


# ---- calls -------------------------------------------------------------------------------------------------


def _milliseconds(seconds):
    return math.ceil(seconds * 1000)


def _begin(reference, done, value, start):
    """Calls `start` with what the library hands back to py_done or py_drained. A call does not keep its client, which `reference` may have."""
    future = None
    if done is None:
        done, future = _future(value)

    def answered(result):
        try:
            done(result)
        except BaseException as error:
            client = reference()
            if client is None or not client._end.alive:
                raise  # no loop is there to raise it: it is printed
            client._rise_later(error)
    number = next(_numbers)
    _calls[number] = answered
    code = start(_pointer(number))
    if code != lib.CENTRIFUGE_ERROR_OK:
        _calls.pop(number, None)
        raise Error(code)
    return future


def _future(value):
    """What to call with a result, and what to await, which gives `value(result)`; nothing to await where no asyncio loop runs."""
    try:
        future = asyncio.get_running_loop().create_future()
    except RuntimeError:
        return (lambda result: None), None

    def done(result):
        if future.done():
            return
        if result.code == 'OK':
            future.set_result(value(result))
        else:
            code = getattr(lib, f'CENTRIFUGE_ERROR_{result.code}')
            future.set_exception(Error(code, getattr(result, 'error', ''), getattr(result, 'advice', '')))
    return done, future


# ---- an application's backend ----------------------------------------------------------------------------------


def _signed(function, *arguments):
    made = ffi.new('char[65]')
    _check(function(*arguments, made))
    return _text(made)


def token(secret, user, timestamp, info=''):
    """The token of a client's credentials; `timestamp` is Unix seconds, as text or number."""
    return _signed(lib.centrifuge_backend_token, secret.encode(), user.encode(), str(timestamp).encode(), info.encode())


def sign(secret, client, channel, info=''):
    """The sign of a private channel for one connection."""
    return _signed(lib.centrifuge_backend_sign, secret.encode(), client.encode(), channel.encode(), info.encode())


def api_sign(secret, body):
    """The sign of a request to the HTTP API."""
    return _signed(lib.centrifuge_backend_api_sign, secret.encode(), body, len(body))


class Backend:
    """The HTTP API. Options are those of centrifuge_backend_options. Blocks; one thread at a time."""

    def __init__(self, url, **options):
        filled = _Options('centrifuge_backend_options', 'centrifuge_backend_options', {'url': url, **options})
        filled.check()
        pointer = ffi.new('centrifuge_backend **')
        _check(lib.centrifuge_backend_new(pointer, filled.struct))
        self._pointer = ffi.gc(pointer[0], lib.centrifuge_backend_destroy)

    def _check(self, code):
        if code != lib.CENTRIFUGE_ERROR_OK:
            raise Error(code, _text(lib.centrifuge_backend_error_text(self._pointer)), _text(lib.centrifuge_backend_advice(self._pointer)))

    def _asked(self, function, *arguments):
        data = ffi.new('const char **')
        self._check(function(self._pointer, *arguments, data))
        return json.loads(_text(data[0]))

    def publish(self, channel, data, client=None, uid=None):
        texts = [text.encode() if text is not None else ffi.NULL for text in (client, uid)]
        self._check(lib.centrifuge_backend_publish(self._pointer, channel.encode(), json.dumps(data).encode(), *texts))

    def broadcast(self, channels, data):
        names = [ffi.new('char[]', name.encode()) for name in channels]
        self._check(lib.centrifuge_backend_broadcast(self._pointer, ffi.new('const char *[]', names), len(names), json.dumps(data).encode(), ffi.NULL))

    def unsubscribe(self, user, channel):
        self._check(lib.centrifuge_backend_unsubscribe(self._pointer, user.encode(), channel.encode()))

    def disconnect(self, user):
        self._check(lib.centrifuge_backend_disconnect(self._pointer, user.encode()))

    def presence(self, channel):
        return self._asked(lib.centrifuge_backend_presence, channel.encode())

    def history(self, channel):
        return self._asked(lib.centrifuge_backend_history, channel.encode())

    def channels(self):
        return self._asked(lib.centrifuge_backend_channels)

    def stats(self):
        return self._asked(lib.centrifuge_backend_stats)

    def node(self):
        return self._asked(lib.centrifuge_backend_node)
