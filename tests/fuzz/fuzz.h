/**
 * @file fuzz.h
 * @brief What the fuzzers share: a finding ends the program, so that libFuzzer keeps the input.
 */
#ifndef UDE_TESTS_FUZZ_H
#define UDE_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ude/base.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool holds) {
  if (!holds) {
    abort();
  }
}

/** Success has no message, a failure has one that fits. */
static inline void require_message(ude_status status, const ude_error *error) {
  require((status == UDE_OK) == (error->message[0] == '\0'));
  require(strnlen(error->message, sizeof error->message) < sizeof error->message);
}

static inline void write_file(const char *path, const uint8_t *data, size_t size) {
  FILE *file = fopen(path, "wb");
  require(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

/** A path of this process, in memory where there is such a folder. */
static inline const char *scratch(const char *name, char path[96]) {
  const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".";
  snprintf(path, 96, "%s/ude_fuzz.%ld.%s", folder, (long)getpid(), name);
  return path;
}

/** Bytes as text without zero bytes; free. */
static inline char *as_text(const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  require(text != NULL);
  size_t length = 0;
  for (size_t i = 0; i < size; i++) {
    if (data[i]) {
      text[length++] = (char)data[i];
    }
  }
  text[length] = '\0';
  return text;
}

#endif
