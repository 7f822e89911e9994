/* The whole API by import, used rightly; and what must not compile, below each comment that expects an error. */
import Centrifuge, { Centrifuge as Named } from 'libcentrifuge';
import type { CallError, ClientInfo, Message, Options, SubscribeContext, SubscribeError, Subscription } from 'libcentrifuge';
import Asm from 'libcentrifuge/asm';

interface Line {
    text: string;
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_equal: Equal<A, B>): void => undefined;

same<typeof Centrifuge, typeof Named>(true);
same<typeof Centrifuge, typeof Asm>(true);
same<Centrifuge.Message<Line>, Message<Line>>(true);

/* ---- options ---- */

const credentials = { user: '42', timestamp: '1795452449', token: '9b0e', info: '{}' };
const url = 'ws://localhost:8000/connection/websocket';

const client: Centrifuge = new Centrifuge({ url, ...credentials });
new Named({ url, insecure: true });
new Centrifuge();
new Centrifuge(null);

const prototype = { url, insecure: true };
new Centrifuge(prototype);

const all: Options = {
    url,
    ...credentials,
    insecure: false,
    retry: 1000,
    maxRetry: 20000,
    timeout: 5000,
    resubscribe: true,
    ping: true,
    pingInterval: 30000,
    pongWaitTimeout: 5000,
    debug: false,
    sockJS: null,
    transports: ['websocket', 'xhr-streaming'],
    server: null,
    privateChannelPrefix: '$',
    authEndpoint: '/centrifuge/auth/',
    authHeaders: { 'X-Token': 'a' },
    authParams: { page: 1 },
    authTransport: 'ajax',
    onPrivateChannelAuth({ data }, answer) {
        same<typeof data, { client: string; channels: string[] }>(true);
        answer(false, { $news: { sign: '6cc2', info: '{}' }, $other: { status: 403 } });
        answer(false, { channels: [{ channel: '$news', sign: '6cc2' }] });
        answer(true);
        // @ts-expect-error
        answer(false, { $news: { sign: 7 } });
    },
    refreshEndpoint: '/centrifuge/refresh/',
    refreshHeaders: {},
    refreshParams: {},
    refreshData: { page: ['any', 'value'] },
    refreshTransport: 'jsonp',
    refreshAttempts: null,
    refreshInterval: 3000,
    refreshFailed() {},
    onRefresh(_context, answer) {
        answer(false, credentials);
        answer(true);
        // @ts-expect-error
        answer(false, { user: '42' });
    },
    onTransportClose({ event, reason, reconnect }) {
        same<typeof reason, string>(true);
        same<typeof reconnect, boolean>(true);
        event.code;
    },
    connectTimeout: 10000,
    authTimeout: 10000,
    refreshTimeout: 10000,
    batch: true,
    messageSizeMax: 1024,
    queueSizeMax: 1024,
    callsMax: 10,
    subscriptionsMax: 10,
    channelLengthMax: 255,
};
client.configure(all);
client.configure({ retry: 500 });
client.configure({ user: '43' });

// @ts-expect-error: no url
new Centrifuge({ ...credentials });
// @ts-expect-error: no credentials
new Centrifuge({ url });
// @ts-expect-error: no token
new Centrifuge({ url, user: '', timestamp: '1' });
// @ts-expect-error: the user's id is a text
new Centrifuge({ url, ...credentials, user: 42 });
// @ts-expect-error: so is the time
new Centrifuge({ url, ...credentials, timestamp: Date.now() });
// @ts-expect-error: no such option
new Centrifuge({ url, ...credentials, retryInterval: 1 });
// @ts-expect-error: no such transport
new Centrifuge({ url, ...credentials, authTransport: 'fetch' });
// @ts-expect-error: no constructor
new Centrifuge({ url, ...credentials, sockJS: {} });
// @ts-expect-error: no such option
client.configure({ colour: 'red' });

/* ---- client ---- */

client.connect();
client.connect((context) => same<typeof context, Centrifuge.ConnectContext>(true));
same<ReturnType<typeof client.getClientId>, string | null>(true);
same<ReturnType<typeof client.isConnected>, boolean>(true);
same<ReturnType<typeof client.isDisconnected>, boolean>(true);
client.ping();
client.startBatching();
client.flush();
client.stopBatching();
client.stopBatching(true);
client.startAuthBatching();
client.stopAuthBatching();
client.disconnect();

client
    .on('connect', function ({ client: id, transport, latency }) {
        same<typeof this, Centrifuge>(true);
        same<[typeof id, typeof transport, typeof latency], [string, string, number | null]>(true);
    })
    .on('disconnect', ({ reason, reconnect }) => same<[typeof reason, typeof reconnect], [string, boolean]>(true))
    .on('error', ({ message }) => same<[typeof message.error, typeof message.method], [string | number, string | undefined]>(true))
    .on('highWater', ({ limit, used, max }) => [limit === 'LIMIT_QUEUE', used / max]);

// @ts-expect-error: another argument
client.on('connect', (context: number) => context);
// @ts-expect-error
client.on('connect');
// @ts-expect-error: it takes no such argument
client.connect(true);
// @ts-expect-error
client.stopBatching('yes');

/* ---- subscriptions ---- */

const plain = client.subscribe('news');
same<typeof plain, Subscription<any>>(true);
const typed = client.subscribe<Line>('news', (message) => same<typeof message, Message<Line>>(true));
same<typeof typed, Subscription<Line>>(true);
const inferred = client.subscribe('news', (message: Message<Line>) => message.data.text);
same<typeof inferred, Subscription<Line>>(true);
client.subscribe('news', null);

client.subscribe<Line>('news', {
    message(message) {
        same<typeof this, Subscription<Line>>(true);
        same<typeof message.data, Line>(true);
        same<typeof message.client, string | undefined>(true);
        same<typeof message.info, ClientInfo | undefined>(true);
    },
    join: ({ channel, data }) => same<[typeof channel, typeof data], [string, ClientInfo]>(true),
    leave: ({ data }) => data.user + data.client + data.default_info.name + data.channel_info,
    subscribe: (context) => same<typeof context, SubscribeContext>(true),
    unsubscribe: (context) => same<typeof context, Centrifuge.UnsubscribeContext>(true),
    error: (error) => same<typeof error, SubscribeError>(true),
});

typed
    .on('message', function (message) {
        same<typeof this.channel, string>(true);
        same<typeof message, Message<Line>>(true);
        return true;
    })
    .once('subscribe', ({ channel, isResubscribe, recovered }) =>
        same<[typeof channel, typeof isResubscribe, typeof recovered], [string, boolean, boolean]>(true))
    .on('error', ({ error, advice, channel, isResubscribe }) => [error, advice === 'fix', channel, isResubscribe])
    .on('unsubscribe', ({ channel }) => channel)
    .subscribe()
    .unsubscribe()
    .remove();

typed.ready((context) => same<typeof context, SubscribeContext>(true), (error) => same<typeof error, SubscribeError>(true));
typed.ready(null, () => undefined);
typed.ready();

async function calls(): Promise<void> {
    const published = await typed.publish({ text: 'hello' });
    same<[typeof published.channel, typeof published.status], [string, boolean]>(true);
    const presence = await typed.presence();
    for (const id of Object.keys(presence.data)) presence.data[id]!.user;
    const history = await typed.history();
    same<typeof history.data, Message<Line>[]>(true);
    await typed.history().then(undefined, (error: CallError) => error.advice === 'retry');
    await plain.publish(['anything', 7, null]);
}
calls();

// @ts-expect-error: a channel is a text
client.subscribe(7);
// @ts-expect-error: and not left out
client.subscribe();
// @ts-expect-error: a listener is a function
client.subscribe('news', { message: 'hello' });
// @ts-expect-error: no such event
client.subscribe('news', { messages: () => undefined });
// @ts-expect-error: the data is a Line
client.subscribe<Line>('news', (message) => message.data.title);
// @ts-expect-error: so is what is published
typed.publish('hello');
// @ts-expect-error
typed.on('message', (message: Message<number>) => message);
// @ts-expect-error
typed.on('message', (message: string) => message);
// @ts-expect-error
typed.once('subscribe', ({ latency }) => latency);
// @ts-expect-error: subscriptions are made by a client
new Centrifuge.Subscription('news');
// @ts-expect-error: the name is not to be changed
typed.channel = 'other';

/* ---- emitter ---- */

const listener = (message: Message<Line>): void => { message.data.text; };
typed.on('message', listener).off('message', listener);
typed.addListener('message', listener).removeListener('message', listener);
typed.addOnceListener('join', ({ data }) => data.user);
typed.addListeners({ message: [listener], join: ({ data }) => data.user, mine: () => undefined });
typed.addListeners('message', [listener]).removeListeners('message', [listener]);
typed.removeListeners({ message: listener });
typed.manipulateListeners(false, 'message', [listener]).manipulateListeners(true, { message: listener });
typed.removeEvent('message').removeEvent(/^m/).removeEvent();
typed.removeAllListeners('join').removeAllListeners();
same<ReturnType<typeof typed.getListenersAsObject>, { [event: string]: Centrifuge.ListenerEntry[] }>(true);
typed.flattenListeners(typed.getListeners('message')).length;
typed.getListeners(/m/)['message']!.length;
typed.defineEvent('mine').defineEvents(['yours', 'theirs']).setOnceReturnValue(null);
typed.on('mine', (first, second) => [first, second]).emit('mine', 1, 2).emitEvent('mine', [1, 2]).trigger(/mine/, [1]);
typed.on(/./, function (value) { return [this.channel, value]; });
typed.on('mine' as string, () => undefined);

// @ts-expect-error: a list of functions
typed.addListeners('message', ['no function']);
// @ts-expect-error
typed.addListeners({ message: (message: number) => message });
// @ts-expect-error
typed.off('message', 7);
// @ts-expect-error
typed.emitEvent('mine', 1);
