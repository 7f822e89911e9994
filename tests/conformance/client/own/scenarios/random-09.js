'use strict';
module.exports = require('../random')(9);
