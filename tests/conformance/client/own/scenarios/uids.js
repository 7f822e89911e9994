'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'uids: one for each command that is made, in the order of making',
  async run(t) {
    const { c, s, sub } = await subscribed(t, {}, { names: [], watched: false });
    await c.startBatching();
    await c.ping();
    t.track('a', sub.publish(1));
    await t.sleep(20);
    const other = await c.subscribe('other');
    await other.unsubscribe();
    await other.unsubscribe();
    await c.stopBatching(true);
    await s.recv();
    await sub.subscribe();
    await c.subscribe('news');
    await c.ping();
    await s.recv();
  },
};
