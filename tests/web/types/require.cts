/* From CommonJS: the module is the class, with itself and all types by name. */
import Centrifuge = require('libcentrifuge');
import Asm = require('libcentrifuge/asm');
import { Centrifuge as Named, Message } from 'libcentrifuge';

const client: Centrifuge = new Centrifuge({ url: 'ws://localhost:8000', insecure: true });
const other: Named = new Named({ url: 'ws://localhost:8000', insecure: true });
const options: Centrifuge.Options = { url: '', insecure: true };
new Asm(options);
new Centrifuge.Centrifuge(options);
client.subscribe('news', (message: Message<number>) => message.data.toFixed()).on('join', ({ data }) => data.user);
other.on('connect', ({ latency }) => latency);
// @ts-expect-error
client.subscribe('news', (message: Message<number>) => message.text);
