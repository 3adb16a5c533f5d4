/* Files that are whole or absent, and the clock. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ude/base.h>

ude_status ude_file_read(const char *path, char **data, size_t *length, ude_error *error) {
  *data        = NULL;
  *length      = 0;
  FILE *stream = fopen(path, "rb");
  if (!stream) {
    return ude_fail(error, UDE_IO, "%s: cannot open: %s", path, strerror(errno));
  }
  struct stat status;
  if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
    fclose(stream);
    return ude_fail(error, UDE_IO, "%s: is a directory", path);
  }
  ude_text text = {0};
  char     chunk[16384];
  while (!feof(stream) && !ferror(stream)) {
    ude_text_append_bytes(&text, chunk, fread(chunk, 1, sizeof chunk, stream));
  }
  ude_text_append_bytes(&text, "", 0);
  int failed = ferror(stream) ? errno : 0;
  fclose(stream);
  if (failed || text.failed) {
    ude_text_free(&text);
    return failed ? ude_fail(error, UDE_IO, "%s: cannot read: %s", path, strerror(failed))
                  : ude_fail_memory(error, path);
  }
  *data   = text.data;
  *length = text.length;
  return UDE_OK;
}

/* A rename is durable once the directory is synced; not every file system allows that, which is no
 * failure of the write. */
static void sync_directory(const char *path) {
  char        folder[4096];
  const char *slash  = strrchr(path, '/');
  size_t      length = slash ? (size_t)(slash - path) : 1;
  if (length >= sizeof folder) {
    return;
  }
  memcpy(folder, slash ? path : ".", length);
  folder[length] = '\0';
  int descriptor = open(length ? folder : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    (void)fsync(descriptor);
    close(descriptor);
  }
}

static int write_all(int descriptor, const char *data, size_t length) {
  while (length > 0) {
    ssize_t written = write(descriptor, data, length);
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      return errno;
    }
    data += written;
    length -= (size_t)written;
  }
  return 0;
}

/* A new file beside `path`, with the permissions that the user's umask gives (mkstemp would make
 * 0600). The name only has to be unlikely: O_EXCL refuses one that exists. */
static int create_beside(const char *path, ude_text *name) {
  uint64_t salt = (uint64_t)(ude_clock() * 1e9) ^ (uint64_t)(uintptr_t)name;
  for (int attempt = 0; attempt < 100; attempt++) {
    name->length = 0;
    ude_text_append(name, "%s.%ld.%" PRIx64 ".tmp", path, (long)getpid(), salt + (uint64_t)attempt);
    if (name->failed) {
      errno = ENOMEM;
      return -1;
    }
    int descriptor = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0 || errno != EEXIST) {
      return descriptor;
    }
  }
  return -1;
}

ude_status ude_file_write(const char *path, const char *data, size_t length, ude_error *error) {
  ude_text temporary  = {0};
  int      descriptor = create_beside(path, &temporary);
  int      failed     = descriptor < 0 ? errno : 0;
  if (descriptor >= 0) {
    failed = write_all(descriptor, data, length);
    failed = failed ? failed : (fsync(descriptor) != 0 ? errno : 0);
    if (close(descriptor) != 0 && !failed) {
      failed = errno;
    }
    if (!failed && rename(temporary.data, path) != 0) {
      failed = errno;
    }
    if (failed) {
      unlink(temporary.data);
    } else {
      sync_directory(path);
    }
  }
  bool no_memory = temporary.failed;
  ude_text_free(&temporary);
  if (no_memory) {
    return ude_fail_memory(error, path);
  }
  return failed ? ude_fail(error, UDE_IO, "%s: cannot write: %s", path, strerror(failed)) : UDE_OK;
}

/* Keeps errno: it is asked after a failure of which errno tells. */
static bool is_folder(const char *path) {
  int         before = errno;
  struct stat status;
  bool        folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
  errno              = before;
  return folder;
}

ude_status ude_folder_make(const char *path, ude_error *error) {
  ude_text   text   = {0};
  ude_status status = UDE_OK;
  ude_text_append(&text, "%s", path);
  for (size_t i = 1; !text.failed && i <= text.length && status == UDE_OK; i++) {
    char old = text.data[i];
    if (old == '/' || old == '\0') {
      text.data[i] = '\0';
      int failed   = mkdir(text.data, 0777) == 0 || is_folder(text.data) ? 0 : errno;
      if (failed) {
        status = failed == EEXIST
                     ? ude_fail(error, UDE_IO, "%s: is a file, not a folder", text.data)
                     : ude_fail(error, UDE_IO, "%s: cannot make the folder: %s", text.data,
                                strerror(failed));
      }
      text.data[i] = old;
    }
  }
  if (text.failed) {
    status = ude_fail_memory(error, path);
  }
  ude_text_free(&text);
  return status;
}

double ude_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
