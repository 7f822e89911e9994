/*
 * CF_ASSERT is for what only a bug of ours can break. It is on in every build.
 * Errors of the outside world are return values, never assertions.
 */
#ifndef CF_BASE_ASSERT_H
#define CF_BASE_ASSERT_H

_Noreturn void cf_assert_failed(const char *condition, const char *file, int line);

#define CF_ASSERT(condition) ((condition) ? (void)0 : cf_assert_failed(#condition, __FILE__, __LINE__))

#endif
