/*
 * Where the core's memory comes from in a browser.
 */
#ifndef CF_WEB_MEMORY_H
#define CF_WEB_MEMORY_H

#include "base/allocator.h"

extern const cf_allocator cf_web_allocator;

#endif
