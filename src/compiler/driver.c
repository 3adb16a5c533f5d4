/* Running clang. */
#include "compiler/driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compiler/long_double.h"

const char *ude_clang_path(const ude_compile_options *options) {
  return options->clang ? options->clang : UDE_CLANG;
}

/* The file that holds this code: the shared library, or the program it is linked into. */
static bool own_file(char *buffer, size_t size) {
  static const char here = 0;
  Dl_info           info;
  if (dladdr(&here, &info) && info.dli_fname && strchr(info.dli_fname, '/')) {
    return (size_t)snprintf(buffer, size, "%s", info.dli_fname) < size;
  }
  ssize_t length = readlink("/proc/self/exe", buffer, size - 1); /* found through PATH */
  buffer[length > 0 ? length : 0] = '\0';
  return length > 0;
}

static bool holds_headers(const char *folder) {
  char header[4096];
  int  length = snprintf(header, sizeof header, "%s/ude/model.h", folder);
  return length > 0 && (size_t)length < sizeof header && access(header, R_OK) == 0;
}

/* Beside the library or program if it is installed, else where it was built. */
const char *ude_include_dir(const ude_compile_options *options, char *buffer, size_t size) {
  /* from lib/libude-compiler.so, lib/<triplet>/libude-compiler.so, or bin/ude */
  static const char *const up[] = {"/../include", "/../../include"};
  char                     own[4096];
  if (options->include_dir) {
    return options->include_dir;
  }
  char *slash = own_file(own, sizeof own) ? strrchr(own, '/') : NULL;
  for (size_t i = 0; slash && i < sizeof up / sizeof up[0]; i++) {
    int length = snprintf(buffer, size, "%.*s%s", (int)(slash - own), own, up[i]);
    if (length > 0 && (size_t)length < size && holds_headers(buffer)) {
      return buffer;
    }
  }
  return holds_headers(UDE_SOURCE_INCLUDE) ? UDE_SOURCE_INCLUDE : UDE_INSTALL_INCLUDE;
}

static void describe_file(const char *path, ude_text *text) {
  struct stat status;
  if (path && stat(path, &status) == 0) {
    ude_text_append(text, "%s %lld %lld.%09ld\n", path, (long long)status.st_size,
                    (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  }
}

void ude_clang_describe(const ude_compile_options *options, ude_text *text) {
  char        buffer[4096];
  const char *clang = ude_clang_path(options);
  ude_text_append(text, "clang %s\n", clang);
  describe_file(clang, text);
  describe_file(own_file(buffer, sizeof buffer) ? buffer : NULL, text);
  ude_text_append(text, "include %s\n", ude_include_dir(options, buffer, sizeof buffer));
}

const char **ude_clang_arguments(const ude_compile_options *options, const char *include_dir,
                                 size_t extra, size_t *count) {
  static const char *const fixed[]     = {"-x",
                                          "c",
                                          "-std=gnu11",
                                          "-fno-math-errno",
                                          "-ffp-contract=on",
                                          "-fcx-fortran-rules",
                                          UDE_LONG_DOUBLE_FLAG,
                                          "-fno-color-diagnostics"};
  const size_t             fixed_count = sizeof fixed / sizeof fixed[0];
  const char **list = ude_calloc(fixed_count + options->flag_count + 2 + extra + 1, sizeof *list);
  size_t       n    = 0;
  if (list) {
    for (size_t i = 0; i < fixed_count; i++) {
      list[n++] = fixed[i];
    }
    for (size_t i = 0; i < options->flag_count; i++) {
      list[n++] = options->flags[i];
    }
    list[n++] = "-isystem"; /* no warnings about what the user cannot change */
    list[n++] = include_dir;
  }
  *count = n;
  return list;
}

void ude_clang_output_free(ude_clang_output *output) {
  ude_text_free(&output->bitcode);
  ude_text_free(&output->dependencies);
  ude_text_free(&output->messages);
}

/* ----------------------------------------------------------------------------------- spawn -- */

enum { STREAMS = 3 }; /* standard output: bitcode; standard error: messages; 3: dependencies */

static int drain(int pipes[STREAMS][2], ude_text *const texts[STREAMS]) {
  int open_streams = STREAMS;
  while (open_streams > 0) {
    struct pollfd wait[STREAMS];
    for (int i = 0; i < STREAMS; i++) {
      wait[i] = (struct pollfd){.fd = pipes[i][0], .events = POLLIN};
    }
    if (poll(wait, STREAMS, -1) < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno;
    }
    for (int i = 0; i < STREAMS; i++) {
      if (wait[i].fd >= 0 && wait[i].revents) {
        char    chunk[65536];
        ssize_t got = read(pipes[i][0], chunk, sizeof chunk);
        if (got > 0) {
          ude_text_append_bytes(texts[i], chunk, (size_t)got);
        } else if (got == 0 || errno != EINTR) {
          close(pipes[i][0]);
          pipes[i][0] = -1;
          open_streams--;
        }
      }
    }
  }
  return 0;
}

static int start(const char *clang, const char **arguments, int pipes[STREAMS][2], pid_t *child) {
  static const int           target[STREAMS] = {STDOUT_FILENO, STDERR_FILENO, 3};
  posix_spawn_file_actions_t actions;
  int                        failed = posix_spawn_file_actions_init(&actions);
  if (failed) {
    return failed;
  }
  failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  for (int i = 0; i < STREAMS && !failed; i++) {
    failed = posix_spawn_file_actions_adddup2(&actions, pipes[i][1], target[i]);
  }
  if (!failed) {
    failed = posix_spawnp(child, clang, &actions, NULL, (char *const *)arguments, environ);
  }
  posix_spawn_file_actions_destroy(&actions);
  return failed;
}

/* Pipes whose ends lie above the descriptors that the child's streams take, closed on exec. */
static int make_pipes(int pipes[STREAMS][2]) {
  for (int i = 0; i < STREAMS; i++) {
    pipes[i][0] = pipes[i][1] = -1;
  }
  for (int i = 0; i < STREAMS; i++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) {
      return errno;
    }
    for (int end = 0; end < 2; end++) {
      pipes[i][end] = fcntl(ends[end], F_DUPFD_CLOEXEC, 10);
      int failed    = pipes[i][end] < 0 ? errno : 0;
      close(ends[end]);
      if (failed) {
        return failed;
      }
    }
  }
  return 0;
}

static void close_pipes(int pipes[STREAMS][2], int end) {
  for (int i = 0; i < STREAMS; i++) {
    if (pipes[i][end] >= 0) {
      close(pipes[i][end]);
      pipes[i][end] = -1;
    }
  }
}

ude_status ude_clang_run(const char *file, const ude_compile_options *options,
                         ude_clang_output *output, ude_error *error) {
  char         buffer[4096];
  const char  *clang   = ude_clang_path(options);
  const char  *include = ude_include_dir(options, buffer, sizeof buffer);
  size_t       n       = 0;
  const char **list    = ude_clang_arguments(options, include, 16, &n);
  if (!list) {
    return ude_fail_memory(error, "the arguments of clang");
  }
  memmove(list + 1, list, n * sizeof *list);
  list[0] = clang;
  n++;
  static const char *const tail[] = {"-g",
                                     "-fstandalone-debug",
                                     "-O2",
                                     "-Xclang",
                                     "-disable-llvm-passes",
                                     "-emit-llvm",
                                     "-c",
                                     "-MD",
                                     "-MF",
                                     "/dev/fd/3",
                                     "-MT",
                                     "x",
                                     "-o",
                                     "-"};
  for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
    list[n++] = tail[i];
  }
  list[n++] = file;

  int   pipes[STREAMS][2];
  pid_t child   = 0;
  int   failed  = make_pipes(pipes);
  bool  spawned = false;
  if (!failed) {
    failed  = start(clang, list, pipes, &child);
    spawned = !failed;
  }
  close_pipes(pipes, 1);
  ude_text *const texts[STREAMS] = {&output->bitcode, &output->messages, &output->dependencies};
  int             status         = 0;
  if (spawned) {
    failed = drain(pipes, texts);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  close_pipes(pipes, 0);
  free(list);
  if (!spawned) {
    return ude_fail(error, failed == ENOENT ? UDE_COMPILE : UDE_IO, "cannot run clang ('%s'): %s",
                    clang, strerror(failed));
  }
  if (failed || output->bitcode.failed || output->messages.failed || output->dependencies.failed) {
    return failed ? ude_fail(error, UDE_IO, "%s: reading from clang: %s", file, strerror(failed))
                  : ude_fail_memory(error, "the output of clang");
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return ude_fail(error, UDE_COMPILE, "%s: does not compile (clang's messages are above)", file);
  }
  return UDE_OK;
}
