'use strict';
const { subscribed } = require('../kit');
module.exports = {
  title: 'positions: from last, empty, null, missing; from messages without uid',
  async run(t) {
    for (const over of [{ last: 'm1' }, { last: '' }, { last: null }, { last: undefined }, { last: 'm1', messages: [] }, { last: 'm1', messages: [{ uid: 'm2', channel: 'news', data: 1 }] }]) {
      const { c, s } = await subscribed(t, {}, { watched: false, names: [], over });
      s.drop();
      const s2 = await t.accept();
      await s2.handshake();
      t.note(JSON.stringify(over) + ' -> ' + JSON.stringify((await s2.recv()).params));
      await c.disconnect();
      await s2.closed();
    }
    t.hide('frames');
  },
};
