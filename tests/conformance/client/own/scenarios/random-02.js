'use strict';
module.exports = require('../random')(2);
