'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'messages with all kinds of data reach listeners as parsed, with all their keys in order',
  async run(t) {
    const { s } = await subscribed(t, {}, { names: ['message', 'join', 'leave'] });
    const raw = (data, more) => s.send('{"method":"message","body":{"uid":"m","channel":"news"' + (data === null ? '' : ',"data":' + data) + (more || '') + '}}');
    for (const data of [null, 'null', 'true', '0', '-0', '1.0', '1e3', '1E400', '-1e-400', '12345678901234567890', '0.1', '""', '"\\u0000"', '"\\ud83d\\ude00 ☃ \\/ \\b\\f"', '"\\ud800"', '{}', '[]', '[[],[{}]]',
      '{"__proto__":1,"constructor":2,"":3,"a":1,"a":2,"10":1,"9":2}', ' { "a" : [ 1 , 2 ] } ', '['.repeat(300) + ']'.repeat(300)]) raw(data);
    raw('1', ',"client":"c","info":{"user":"u","default_info":null},"extra":[1],"timestamp":"5"');
    s.send('\n [ {"body" : {"channel" : "news", "uid":"z", "data" : 1}, "method" : "message"} , 5 ] \n');
    s.send('{"method":"join","body":{"data":{"user":"2694","client":"x"},"channel":"news","more":1}}');
    s.send('{"method":"leave","body":{"channel":"news"}}');
    s.message('news', 'big', 'x'.repeat(200000));
    await t.until(() => t.events.length >= 27, 'all of them');
    t.events = t.events.map((e) => (e.length > 1000 ? e.slice(0, 80) + '... ' + e.length : e));
    t.hide('frames');
  },
};
