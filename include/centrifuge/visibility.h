/*
 * What is visible outside of the shared library: declarations marked with CENTRIFUGE_API, and nothing else.
 *
 * Programs that link the static library on Windows define CENTRIFUGE_STATIC; elsewhere there is nothing to define.
 * CENTRIFUGE_BUILD is defined while the Windows library itself is built.
 */
#ifndef CENTRIFUGE_VISIBILITY_H
#define CENTRIFUGE_VISIBILITY_H

#if defined(_WIN32) && defined(CENTRIFUGE_STATIC)
#define CENTRIFUGE_API
#elif defined(_WIN32) && defined(CENTRIFUGE_BUILD)
#define CENTRIFUGE_API __declspec(dllexport)
#elif defined(_WIN32)
#define CENTRIFUGE_API __declspec(dllimport)
#elif defined(__GNUC__)
#define CENTRIFUGE_API __attribute__((visibility("default")))
#else
#define CENTRIFUGE_API
#endif

#endif
