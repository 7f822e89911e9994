/* JavaScript that is checked, in the style of 1.x. */
var Centrifuge = require('libcentrifuge');

var centrifuge = new Centrifuge({
  url: 'http://centrifuge.example.com/connection',
  user: 'USER ID',
  timestamp: 'UNIX TIMESTAMP SECONDS',
  token: 'SHA-256 HMAC TOKEN',
});

/** @param {import('libcentrifuge').Message<{ input: string }>} message */
function print(message) {
  message.data.input.trim();
}

var subscription = centrifuge.subscribe('news', {
  message: print,
  join: function (message) { message.data.user.trim(); },
  error: function (error) { this.unsubscribe(); error.channel.trim(); },
});
subscription.presence().then(function (message) { Object.keys(message.data); }, function () {});
centrifuge.on('connect', function (context) { this.getClientId(); context.client.trim(); });
centrifuge.connect();
// @ts-expect-error
centrifuge.subscribe('news', 7);
