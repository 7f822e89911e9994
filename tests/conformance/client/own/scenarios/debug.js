'use strict';
const { connected } = require('../kit');
module.exports = {
  title: 'debug: lines on the console when exactly true',
  async run(t) {
    let lines = 0;
    const before = console.debug;
    console.debug = () => { lines++; };
    for (const debug of [true, false, 1, 'true', undefined]) {
      lines = 0;
      const { c } = await connected(t, { debug }, {}, false);
      await c.disconnect();
      await t.sleep(20);
      t.note(JSON.stringify(debug) + ': ' + (lines > 0));
    }
    console.debug = before;
    t.hide('frames');
  },
};
