/* Messages, exit statuses, progress, JSON scalars, Ctrl-C. */
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"

#ifdef __clang_analyzer__
#undef cli_usage_error
#endif

int cli_usage_error(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("ude: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return CLI_USAGE;
}

int cli_fail(const ude_error *error, ude_status status) {
  const char *text = error && error->message[0] ? error->message : ude_status_text(status);
  fprintf(stderr, "ude: %s\n", text);
  switch (status) {
  case UDE_OK: return CLI_OK;
  case UDE_COMPILE:
  case UDE_NOT_DIFFERENTIABLE: return CLI_MODEL;
  case UDE_BAD_DATA:
  case UDE_IO: return CLI_DATA;
  case UDE_INVALID_ARGUMENT:
  case UDE_UNSUPPORTED: return CLI_USAGE;
  case UDE_INTERRUPTED: return CLI_INTERRUPTED;
  default: return CLI_FAILURE;
  }
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number) {
  (void)number;
  interrupted = 1;
}

void cli_catch_interrupt(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_interrupt;
  action.sa_flags   = (int)SA_RESETHAND; /* the second Ctrl-C has its usual effect */
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void *context) {
  (void)context;
  return interrupted != 0;
}

cli_progress_state cli_progress_begin(bool quiet) {
  return (cli_progress_state){.enabled = !quiet && isatty(STDERR_FILENO) == 1};
}

bool cli_progress(const ude_progress *progress, void *context) {
  cli_progress_state *state = context;
  double              now   = ude_clock();
  bool                due   = now - state->last > 0.1;
  if (state->enabled && due) {
    enum { WIDTH = 24 };
    char bar[WIDTH + 1];
    int  filled = progress->total > 0 ? (int)(WIDTH * progress->done / progress->total) : 0;
    for (int i = 0; i < WIDTH; i++) {
      bar[i] = i < filled ? '#' : '.';
    }
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K%-8s [%s] %lld  loss %.6g  best %.6g", progress->phase, bar,
            (long long)progress->done, progress->value, progress->best);
    fflush(stderr);
    state->last  = now;
    state->drawn = true;
  }
  return interrupted != 0;
}

void cli_progress_end(cli_progress_state *state) {
  if (state->drawn) {
    fputs("\r\033[K", stderr);
    state->drawn = false;
  }
}

void cli_json_number(FILE *stream, double value) {
  if (isfinite(value)) {
    fprintf(stream, "%.17g", value);
  } else {
    fputs("null", stream);
  }
}

void cli_json_string(FILE *stream, const char *text) {
  fputc('"', stream);
  for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
    if (*c == '"' || *c == '\\') {
      fprintf(stream, "\\%c", *c);
    } else if (*c < 0x20) {
      fprintf(stream, "\\u%04x", *c);
    } else {
      fputc(*c, stream);
    }
  }
  fputc('"', stream);
}

int cli_terminal_width(void) {
  struct winsize size;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) {
    return size.ws_col;
  }
  return 80;
}

bool cli_colour(FILE *stream) {
  return isatty(fileno(stream)) == 1 && getenv("NO_COLOR") == NULL;
}
