/* Errors as values. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ude/base.h>

#ifdef __clang_analyzer__
#undef ude_fail
#undef ude_fail_memory
#undef ude_error_prefix
#endif

const char *ude_version(void) {
  return UDE_VERSION_TEXT;
}

const char *ude_status_text(ude_status status) {
  switch (status) {
#define UDE_STATUS_CASE(name, text) \
  case UDE_##name: return text;
    UDE_STATUS_MAP(UDE_STATUS_CASE)
#undef UDE_STATUS_CASE
  case UDE_STATUS_COUNT: break;
  }
  return "unknown status";
}

ude_status ude_fail(ude_error *error, ude_status status, const char *format, ...) {
  if (error) {
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
  }
  return status;
}

ude_status ude_fail_memory(ude_error *error, const char *what) {
  return ude_fail(error, UDE_OUT_OF_MEMORY, "out of memory for %s", what);
}

ude_status ude_error_prefix(ude_error *error, ude_status status, const char *format, ...) {
  if (error) {
    char    old[sizeof error->message];
    va_list arguments;
    memcpy(old, error->message, sizeof old);
    va_start(arguments, format);
    int used = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (used >= 0 && (size_t)used < sizeof error->message) {
      snprintf(error->message + used, sizeof error->message - (size_t)used, "%s", old);
    }
    error->status = status;
  }
  return status;
}
