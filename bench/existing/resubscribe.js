'use strict';
/* The twin of ../resubscribe.c on the existing client. */
const { Centrifuge, option, text, ownCpu } = require('./lib');

const channels = option('channels', 1000);
let subscribed = 0;

const client = new Centrifuge({
  url: text('url'),
  authEndpoint: text('auth'),
  user: text('user'),
  timestamp: text('timestamp'),
  token: text('token'),
  retry: option('retry', 1000),
});
client.on('disconnect', () => {
  subscribed = 0;
  console.log('lost ' + process.hrtime.bigint());
});
for (let i = 0; i < channels; i++) {
  client.subscribe('$bench:' + i, {
    subscribe() {
      if (++subscribed === channels) console.log('subscribed ' + process.hrtime.bigint() + ' ' + ownCpu());
    },
    error(context) {
      console.error('resubscribe.js: ' + JSON.stringify(context));
      process.exit(1);
    },
  });
}
client.connect();
