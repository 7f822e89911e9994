/* With the script tag: a global. */
/// <reference types="libcentrifuge" />
const client: Centrifuge = new Centrifuge({ url: 'ws://localhost:8000', insecure: true });
const listen = (message: Centrifuge.Message<string>): string => message.data.trim();
client.subscribe('news', listen).on('subscribe', ({ recovered }) => recovered);
// @ts-expect-error
client.subscribe('news', 'no listener');
