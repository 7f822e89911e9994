'use strict';
/*
 * The options of cf_client_options, in the order in which js/build.mjs puts their offsets from layout.json into OFFSETS.
 */
const { names, credentials } = require('../api/options');

const members = [...names, ...credentials, 'sockjs', 'credentialsJson'];

module.exports = { members };
