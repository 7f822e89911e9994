/* With the DOM's types: SockJS as its own types declare it, a page's WebSocket, and no clash of names. */
import Centrifuge from 'libcentrifuge';

interface SockJSOptions {
    server?: string;
    transports?: string | string[];
}

declare const SockJS: {
    new (url: string, _reserved?: any, options?: SockJSOptions): WebSocket;
    (url: string, _reserved?: any, options?: SockJSOptions): WebSocket;
};

const client = new Centrifuge({ url: 'https://example.com/connection', insecure: true, sockJS: SockJS, transports: ['websocket'] });
client.on('connect', ({ client: id }) => { document.title = id; });
client.configure({ onTransportClose: ({ event }: { event: CloseEvent }) => event.wasClean });
