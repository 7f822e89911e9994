/*
 * Types of centrifuge.js: of the script tag's global `Centrifuge` and of require(). centrifuge.d.mts names the same for import. Neither the
 * DOM's types nor Node's are needed, only those of ES2015 (promises). Times are milliseconds unless it says otherwise.
 */
export = Centrifuge;
export as namespace Centrifuge;

declare class Centrifuge {
    /** Without options nothing is checked, and configure() has to be called before connect(). Throws a text that names what is missing. */
    constructor(options?: Centrifuge.Options | null);

    /** Merges into the options there are, a map or list as a whole; `undefined` leaves what was there. Throws as the constructor does. */
    configure(options: Partial<Centrifuge.Options>): void;

    /** Connects, and keeps connected until disconnect(). A function is added as a listener of `connect`, unless connected or connecting. */
    connect(listener?: (this: this, context: Centrifuge.ConnectContext) => unknown): void;

    /** Ends the connection and all attempts. Subscriptions end with it; subscribe() brings them back. */
    disconnect(): void;

    isConnected(): boolean;

    /** Also true while waiting for the next attempt; false while connecting. */
    isDisconnected(): boolean;

    /** The id that the server gave to this connection; null without one. */
    getClientId(): string | null;

    /**
     * The subscription to a channel, made at the first call. Later calls return the same object and add their listeners to it. A function
     * listens to `message`. `T` is the type of what is published in the channel. May be called before connect().
     */
    subscribe<T = any>(
        channel: string,
        events?: Centrifuge.MessageListener<T> | Centrifuge.SubscriptionListeners<T> | null,
    ): Centrifuge.Subscription<T>;

    /** Sends a ping; nothing is told of its answer. */
    ping(): void;

    /** From now on commands are collected, for flush() and stopBatching(). */
    startBatching(): void;

    /** `true` sends what was collected; otherwise it waits for flush(). */
    stopBatching(flush?: boolean): void;

    /** Sends what was collected as one frame. */
    flush(): void;

    /** From now on subscribe() of private channels waits for stopAuthBatching(), which authorizes all with one request. */
    startAuthBatching(): void;

    stopAuthBatching(): void;
}

interface Centrifuge extends Centrifuge.Emitter<Centrifuge.ClientEvents> {}

import Client = Centrifuge;

declare namespace Centrifuge {
    /* require('libcentrifuge').Centrifuge is the class itself. */
    export { Client as Centrifuge };

    /* ---- options ------------------------------------------------------------------------------------------------------ */

    /** With credentials, or with `insecure`. */
    export type Options = SecureOptions | InsecureOptions;

    export interface SecureOptions extends CommonOptions, Credentials {
        /** For a server in insecure mode: `timestamp` and `token` are neither needed nor sent, a missing user is anonymous. Default false. */
        insecure?: boolean;
    }

    export interface InsecureOptions extends CommonOptions, Partial<Credentials> {
        insecure: boolean;
    }

    /** What your backend hands out: for the constructor, and for each refresh of a connection. */
    export interface Credentials {
        /** The user's id in your application, as text; '' is an anonymous one. */
        user: string;
        /** Unix time in seconds, as text, for which the token was made. */
        timestamp: string;
        /** HMAC of the secret, user, timestamp and info. */
        token: string;
        /** JSON text about the user, which others see; the token is made for it. Default ''. */
        info?: string;
    }

    export interface CommonOptions {
        /** The server: `ws(s)://host/connection/websocket`, `http(s)://host/connection` (SockJS), or its address, which decides by itself. */
        url: string;

        /** The pause before an attempt begins with this, up to twice, and doubles with each. Default 1000. */
        retry?: number;
        /** The pause grows to this. Default 20000. */
        maxRetry?: number;
        /** How long publish, presence and history wait for an answer. Default 5000. */
        timeout?: number;
        /** Subscriptions survive the loss of a connection. Default true. */
        resubscribe?: boolean;
        /** A silent connection is asked whether it lives. Default true. */
        ping?: boolean;
        /** Silence before a ping; 0 or less: never. Default 30000. */
        pingInterval?: number;
        /** Silence after a ping before the connection is given up. Default 5000. */
        pongWaitTimeout?: number;
        /** What the client does is written with console.debug. Default false. */
        debug?: boolean;

        /** The SockJS client. Default null: the global `SockJS`, if there is one. */
        sockJS?: SockJSConstructor | null;
        /** Transports that SockJS may use. Default: all ten. */
        transports?: string[];
        /** The server's name in SockJS's addresses. Default null: SockJS takes a random one. */
        server?: string | number | null;

        /** Channels that begin with it are private; '' makes every channel so. Default '$'. */
        privateChannelPrefix?: string;
        /** Address that authorizes private channels. Default '/centrifuge/auth/'. */
        authEndpoint?: string;
        /** Further headers of that request. Default none. */
        authHeaders?: Values;
        /** Query of its address. Default none. */
        authParams?: Values;
        /** Default 'ajax'. */
        authTransport?: HttpTransport;
        /** Called instead of that request, to be answered at once or later. Default null. */
        onPrivateChannelAuth?: ((context: AuthContext, answer: (failed: boolean, authorizations?: Authorizations | null) => void) => void) | null;

        /** Address that renews the credentials before they expire. Default '/centrifuge/refresh/'. */
        refreshEndpoint?: string;
        /** Further headers of that request. Default none. */
        refreshHeaders?: Values;
        /** Query of its address. Default none. */
        refreshParams?: Values;
        /** Body of that request, any JSON value. Default {}. */
        refreshData?: unknown;
        /** Default 'ajax'. */
        refreshTransport?: HttpTransport;
        /** Failures in a row before the client gives up; 0: it never asks. Default null: no limit. */
        refreshAttempts?: number | null;
        /** Pause between attempts; up to 1000 are added. Default 3000. */
        refreshInterval?: number;
        /** Called when the attempts are used up. Default null. */
        refreshFailed?: (() => void) | null;
        /** Called instead of that request, to be answered at once or later. Default null. */
        onRefresh?: ((context: {}, answer: (failed: boolean, credentials?: Credentials | null) => void) => void) | null;

        /** Called for every connection that closed, also that of a failed attempt. Default null. */
        onTransportClose?: ((context: TransportCloseContext) => void) | null;

        /** Not in 1.x: for one attempt, from its begin to the server's welcome. Default 10000. */
        connectTimeout?: number;
        /** Not in 1.x: for an answer of authEndpoint or onPrivateChannelAuth. Default 10000. */
        authTimeout?: number;
        /** Not in 1.x: for an answer of refreshEndpoint or onRefresh. Default 10000. */
        refreshTimeout?: number;
        /** Not in 1.x: commands that listeners make while one frame is told go out as one frame. Default false. */
        batch?: boolean;
        /** Not in 1.x: bytes of a received message; the connection of a larger one is closed. Default 16 MiB. */
        messageSizeMax?: number;
        /** Not in 1.x: bytes that wait to be sent; calls beyond are refused. Default 16 MiB. */
        queueSizeMax?: number;
        /** Not in 1.x: calls without an answer; further ones are refused. Default 65536. */
        callsMax?: number;
        /** Not in 1.x: subscriptions of a client; further ones are refused. Default 65536. */
        subscriptionsMax?: number;
        /** Not in 1.x: bytes of a channel's name; longer ones are refused. Default 65535. */
        channelLengthMax?: number;
        /** Not in 1.x: bytes that come for channels whose recovery is not answered yet; beyond, `recovered` is false. Default 16 MiB. */
        recoverySizeMax?: number;
        /** Not in 1.x: bytes of the largest frame sent; what does not fit into one is refused. Default 65536. */
        frameSizeMax?: number;
    }

    /** Headers, or parameters of an address. */
    export interface Values {
        [name: string]: string | number | boolean;
    }

    /** XMLHttpRequest, or a script tag; in any case of letters. */
    export type HttpTransport = 'ajax' | 'jsonp' | 'AJAX' | 'JSONP';

    export type SockJSConstructor = new (url: string, reserved?: any, options?: any) => {
        send(data: string): unknown;
        close(code?: number, reason?: string): unknown;
        onopen: any;
        onmessage: any;
        onclose: any;
    };

    export interface AuthContext {
        data: {
            /** The id of this connection. */
            client: string;
            /** Those to authorize. */
            channels: string[];
        };
    }

    export interface Authorization {
        /** HMAC of the secret, client id, channel and info. */
        sign?: string;
        /** JSON text about the user, which others see in the channel; the sign is made for it. */
        info?: string;
        /** Other than 200: refused, and the error of the channel is this number. */
        status?: number;
    }

    export type Authorizations = { [channel: string]: Authorization } | { channels: Array<Authorization & { channel: string }> };

    export interface TransportCloseContext {
        /** The close event of the WebSocket or of SockJS. */
        event: any;
        reason: string;
        /** Will another attempt follow? */
        reconnect: boolean;
    }

    /* ---- events ------------------------------------------------------------------------------------------------------- */

    export interface ClientEvents {
        connect: ConnectContext;
        disconnect: DisconnectContext;
        error: ErrorContext;
        highWater: HighWaterContext;
    }

    export interface SubscriptionEvents<T = any> {
        message: Message<T>;
        join: JoinLeaveMessage;
        leave: JoinLeaveMessage;
        subscribe: SubscribeContext;
        unsubscribe: UnsubscribeContext;
        error: SubscribeError;
    }

    export interface ConnectContext {
        client: string;
        /** 'raw-websocket', or what SockJS uses, such as 'websocket' or 'xhr-streaming'. */
        transport: string;
        /** From the connect command to its answer; null when it was not measured. */
        latency: number | null;
    }

    export interface DisconnectContext {
        reason: string;
        /** Will the client connect again by itself? */
        reconnect: boolean;
    }

    /** Any error that the server answered, and failed authorizations; for logs. */
    export interface ErrorContext {
        message: ErrorMessage;
    }

    export interface ErrorMessage {
        /** Missing where no command was answered. */
        method?: string;
        uid?: string;
        /** A text, or the status of a refused private channel. */
        error: string | number;
        advice?: Advice;
        body?: any;
    }

    /** 'retry': it may work later; 'fix': something has to be changed first. */
    export type Advice = 'retry' | 'fix' | (string & {});

    /** Not in 1.x: three quarters of a limit are used; told again after it had fallen below half. */
    export interface HighWaterContext {
        limit: 'LIMIT_QUEUE' | 'LIMIT_CALLS' | 'LIMIT_SUBSCRIPTIONS' | (string & {});
        used: number;
        max: number;
    }

    export interface Message<T = any> {
        uid: string;
        channel: string;
        data: T;
        /** The connection that published it, where it was told. */
        client?: string;
        /** About the client that published it; a backend has none. */
        info?: ClientInfo;
    }

    export interface JoinLeaveMessage {
        channel: string;
        data: ClientInfo;
    }

    export interface ClientInfo {
        user: string;
        /** The id of its connection. */
        client: string;
        /** The `info` of its credentials. */
        default_info?: any;
        /** The `info` of its authorization for this channel. */
        channel_info?: any;
    }

    export interface SubscribeContext {
        channel: string;
        /** Brought by a reconnect. */
        isResubscribe: boolean;
        /** The server still had everything since the last message; what was missed came just before. */
        recovered: boolean;
    }

    export interface UnsubscribeContext {
        channel: string;
    }

    export interface SubscribeError extends CallError {
        channel: string;
        isResubscribe: boolean;
    }

    export type MessageListener<T = any> = (this: Subscription<T>, message: Message<T>) => unknown;

    /** Listeners by event, for client.subscribe(). */
    export type SubscriptionListeners<T = any> = {
        [E in keyof SubscriptionEvents<T>]?: ((this: Subscription<T>, context: SubscriptionEvents<T>[E]) => unknown) | null;
    };

    /* ---- subscriptions ------------------------------------------------------------------------------------------------ */

    export interface Subscription<T = any> extends Emitter<SubscriptionEvents<T>> {
        readonly channel: string;

        /** Brings it back after unsubscribe(), and asks again after an error. */
        subscribe(): this;

        /** Keeps the listeners; no message comes after it. */
        unsubscribe(): this;

        /** Not in 1.x: unsubscribes, and the client forgets the subscription. The next subscribe() to the channel makes another. */
        remove(): void;

        /** Calls one of them now, if the subscription is subscribed or refused already; nothing otherwise, now or later. */
        ready(callback?: ((context: SubscribeContext) => unknown) | null, errback?: ((error: SubscribeError) => unknown) | null): void;

        /** Rejected with a CallError, or with the SubscribeError of a refused channel, as presence() and history() are. */
        publish(data: T): Promise<PublishResult>;

        presence(): Promise<PresenceResult>;

        history(): Promise<HistoryResult<T>>;
    }

    /** What publish, presence and history are rejected with. */
    export interface CallError {
        /** What the server said, 'timeout', 'disconnected', 'subscription unsubscribed', or the status of a refused private channel. */
        error: string | number;
        advice?: Advice;
    }

    export interface PublishResult {
        channel: string;
        status: boolean;
    }

    export interface PresenceResult {
        channel: string;
        /** By the id of the connection. */
        data: { [client: string]: ClientInfo };
    }

    export interface HistoryResult<T = any> {
        channel: string;
        /** Newest first. */
        data: Array<Message<T>>;
    }

    /* ---- emitter ------------------------------------------------------------------------------------------------------ */

    /**
     * The events of a client or subscription, with the methods of the 1.x client's emitter. A listener is held once per event, and removed
     * when it returns true. A regular expression means all names that are known and match. Events of your own may have any other name.
     */
    export interface Emitter<Events> {
        on<E extends keyof Events>(event: E, listener: (this: this, context: Events[E]) => unknown): this;
        on<N extends EventName>(event: Other<N, Events>, listener: Listener<this>): this;
        addListener<E extends keyof Events>(event: E, listener: (this: this, context: Events[E]) => unknown): this;
        addListener<N extends EventName>(event: Other<N, Events>, listener: Listener<this>): this;

        /** The listener is removed when it is called. */
        once<E extends keyof Events>(event: E, listener: (this: this, context: Events[E]) => unknown): this;
        once<N extends EventName>(event: Other<N, Events>, listener: Listener<this>): this;
        addOnceListener<E extends keyof Events>(event: E, listener: (this: this, context: Events[E]) => unknown): this;
        addOnceListener<N extends EventName>(event: Other<N, Events>, listener: Listener<this>): this;

        off<E extends keyof Events>(event: E, listener: (this: this, context: Events[E]) => unknown): this;
        off<N extends EventName>(event: Other<N, Events>, listener: Listener<this>): this;
        removeListener<E extends keyof Events>(event: E, listener: (this: this, context: Events[E]) => unknown): this;
        removeListener<N extends EventName>(event: Other<N, Events>, listener: Listener<this>): this;

        /** Listeners of one event, or of several by name. */
        addListeners(event: EventName, listeners: Array<Listener<this>>): this;
        addListeners(listeners: Listeners<Events, this>): this;
        removeListeners(event: EventName, listeners: Array<Listener<this>>): this;
        removeListeners(listeners: Listeners<Events, this>): this;
        /** addListeners, or removeListeners with true. */
        manipulateListeners(remove: boolean, event: EventName, listeners: Array<Listener<this>>): this;
        manipulateListeners(remove: boolean, listeners: Listeners<Events, this>): this;

        /** All listeners of an event; without one, of all events. */
        removeEvent(event?: EventName): this;
        removeAllListeners(event?: EventName): this;

        /** For a regular expression: by name. */
        getListeners(event: string): ListenerEntry[];
        getListeners(event: RegExp): { [event: string]: ListenerEntry[] };
        getListenersAsObject(event: EventName): { [event: string]: ListenerEntry[] };
        flattenListeners(entries: ListenerEntry[]): Array<Listener<any>>;

        /** Makes a name known to regular expressions. */
        defineEvent(event: string): this;
        defineEvents(events: string[]): this;

        emit(event: EventName, ...values: any[]): this;
        emitEvent(event: EventName, values?: any[]): this;
        trigger(event: EventName, values?: any[]): this;

        /** What a listener returns to be removed, instead of true. */
        setOnceReturnValue(value: unknown): this;
    }

    export type EventName = string | RegExp;

    export type Listener<This = any> = (this: This, ...values: any[]) => unknown;

    export interface ListenerEntry {
        listener: Listener<any>;
        once: boolean;
    }

    export type Listeners<Events, This = any> = {
        [E in keyof Events]?: ((this: This, context: Events[E]) => unknown) | Array<(this: This, context: Events[E]) => unknown>;
    } & { [event: string]: Listener<This> | Array<Listener<This>> | undefined };

    /** A name that is none of the library's. */
    export type Other<N, Events> = N extends keyof Events ? never : N;
}
