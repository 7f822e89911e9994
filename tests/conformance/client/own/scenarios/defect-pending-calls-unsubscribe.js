'use strict';
module.exports = {
  title: 'unsubscribe() with calls that wait for the subscription',
  async run(t) {
    const c = await t.client();
    const sub = await t.subscribe(c, 'news', []);
    t.track('publish', sub.publish(1));
    t.track('presence', sub.presence());
    t.track('history', sub.history());
    await t.sleep(20);
    await sub.unsubscribe();
    await t.sleep(100);
    t.note('settled: ' + t.calls.length);
  },
};
