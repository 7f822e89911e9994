'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'two clients do not know each other',
  async run(t) {
    const a = await subscribed(t, { user: 'a' }, { watched: false, names: ['message'] });
    const b = await subscribed(t, { user: 'b' }, { watched: false, names: ['message'] });
    a.s.message('news', 'm1', 'to a');
    await t.seen('news: message');
    await a.c.startBatching();
    await b.c.ping();
    await b.s.recv();
    await a.c.disconnect();
    await a.s.closed();
    await t.state(a.c);
    await t.state(b.c);
    b.s.message('news', 'm2', 'to b');
    await t.seen('news: message', 2);
  },
};
