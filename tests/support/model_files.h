/**
 * @file model_files.h
 * @brief Model files for tests of the compiler room, in a folder of their own that goes with the test.
 */
#ifndef UDE_TESTS_MODEL_FILES_H
#define UDE_TESTS_MODEL_FILES_H

#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ude/compiler.h>

#include "support/ude_check.h"

static char      files_folder[64];
static ude_error files_error;
static ude_text  files_said; /**< what clang said in the last compilation */

static int files_remove_one(const char *path, const struct stat *status, int kind, struct FTW *at) {
  (void)status;
  (void)kind;
  (void)at;
  return remove(path);
}

/** Fixture: a fresh folder, and its removal. */
UDE_TEST_UNUSED static void files_open(void) {
  snprintf(files_folder, sizeof files_folder, "/tmp/ude-test-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(files_folder));
}

UDE_TEST_UNUSED static void files_close(void) {
  ude_text_free(&files_said);
  nftw(files_folder, files_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/** Path of a file in the folder (static, four at a time). */
UDE_TEST_UNUSED static const char *files_path(const char *name) {
  static char path[4][256];
  static int  next;
  next = (next + 1) % 4;
  snprintf(path[next], sizeof path[next], "%s/%s", files_folder, name);
  return path[next];
}

UDE_TEST_UNUSED static void files_write(const char *name, const char *text) {
  FILE *file = fopen(files_path(name), "w");
  ck_assert_ptr_nonnull(file);
  ck_assert_int_ge(fputs(text, file), 0);
  ck_assert_int_eq(fclose(file), 0);
}

static void files_listen(const char *text, void *context) {
  (void)context;
  ude_text_append(&files_said, "%s", text);
}

/** Compile files of the folder. Messages of clang: files_said; errors: files_error. */
UDE_TEST_UNUSED static ude_status files_compile_many(const char *const *names, size_t count,
                                                     ude_compile_options options,
                                                     ude_model         **model) {
  const char *paths[4];
  char        kept[4][256];
  ck_assert_uint_le(count, 4);
  for (size_t i = 0; i < count; i++) {
    snprintf(kept[i], sizeof kept[i], "%s", files_path(names[i]));
    paths[i] = kept[i];
  }
  ude_text_free(&files_said);
  if (!options.diagnostic) {
    options.diagnostic = files_listen;
  }
  return ude_model_compile(paths, count, &options, model, &files_error);
}

/** Write `text` as model.c and compile it. */
UDE_TEST_UNUSED static ude_status files_compile(const char *text, ude_compile_options options,
                                                ude_model **model) {
  const char *name = "model.c";
  files_write(name, text);
  return files_compile_many(&name, 1, options, model);
}

/** A model that must compile. */
UDE_TEST_UNUSED static ude_model *files_model(const char *text, unsigned derivatives) {
  ude_model *model = NULL;
  ck_ok(files_compile(text, (ude_compile_options){.derivatives = derivatives}, &model),
        &files_error);
  return model;
}

/** "name name[2][3] ..." of a layout, fixed members in parentheses. */
UDE_TEST_UNUSED static const char *files_layout(const ude_layout *layout) {
  static char text[4096];
  size_t      used = 0;
  text[0]          = '\0';
  for (int64_t i = 0; i < layout->members; i++) {
    const ude_member *member = &layout->member[i];
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s", i ? " " : "",
                             member->fixed ? "(" : "", member->name);
    for (int d = 0; d < member->rank; d++) {
      used += (size_t)snprintf(text + used, sizeof text - used, "[%lld]",
                               (long long)member->extents[d]);
    }
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", member->fixed ? ")" : "");
  }
  return text;
}

#endif
