/* Compiled models on disk. */
#include "compiler/cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compiler/driver.h"
#include "compiler/pipeline.h"

static const char magic[] = "ude cache 4";

enum { PARTS = 2 + UDE_OBJECTS };

static ude_text *part(ude_cache_entry *entry, int i) {
  return i == 0 ? &entry->dependencies : i == 1 ? &entry->reflection : &entry->object[i - 2];
}

void ude_cache_entry_free(ude_cache_entry *entry) {
  for (int i = 0; i < PARTS; i++) {
    ude_text_free(part(entry, i));
  }
}

static bool file_digest(const char *path, char digest[UDE_SHA256_TEXT]) {
  char  *data   = NULL;
  size_t length = 0;
  if (ude_file_read(path, &data, &length, NULL)) {
    return false;
  }
  ude_sha256(data, length, digest);
  free(data);
  return true;
}

ude_status ude_cache_key(const char *const *files, size_t file_count,
                         const ude_compile_options *options, char key[UDE_SHA256_TEXT],
                         ude_error *error) {
  ude_text text = {0};
  char     digest[UDE_SHA256_TEXT];
  ude_text_append(&text, "%s %s mask %u\n", magic, UDE_VERSION_TEXT, options->derivatives);
  ude_clang_describe(options, &text);
  ude_pipeline_describe(&text);
  for (size_t i = 0; i < options->flag_count; i++) {
    ude_text_append(&text, "flag %zu %s\n", strlen(options->flags[i]), options->flags[i]);
  }
  for (size_t i = 0; i < options->specialise_count; i++) {
    ude_text_append(&text, "specialise %s\n", options->specialise[i]);
  }
  for (size_t i = 0; i < options->constant_count; i++) {
    ude_text_append(&text, "constant %s\n", options->constants[i]);
  }
  for (size_t i = 0; i < file_count; i++) {
    char      *data   = NULL;
    size_t     length = 0;
    ude_status status = ude_file_read(files[i], &data, &length, error);
    if (status) {
      ude_text_free(&text);
      return status;
    }
    /* the path is in debug information and messages */
    ude_text_append(&text, "source %s %s\n", ude_sha256(data, length, digest), files[i]);
    free(data);
  }
  ude_status status = text.failed ? ude_fail_memory(error, "the cache key") : UDE_OK;
  if (status == UDE_OK) {
    ude_sha256(text.data, text.length, key);
  }
  ude_text_free(&text);
  return status;
}

/* "x: a.c b\ c.h \<newline> d.h": a backslash escapes a blank or a newline, $$ stands for $. */
bool ude_cache_dependencies(const char *rule, ude_text *lines) {
  const char *at       = strchr(rule, ':');
  bool        complete = at != NULL;
  at                   = at ? at + 1 : rule;
  while (*at && complete) {
    char   path[4096];
    size_t length = 0;
    while (*at == ' ' || *at == '\n' || (*at == '\\' && at[1] == '\n')) {
      at += *at == '\\' ? 2 : 1;
    }
    while (*at && *at != ' ' && *at != '\n' && length + 1 < sizeof path) {
      if (*at == '\\' && at[1] == '\n') {
        break;
      }
      if ((*at == '\\' && (at[1] == ' ' || at[1] == '#')) || (*at == '$' && at[1] == '$')) {
        at++;
      }
      path[length++] = *at++;
    }
    path[length] = '\0';
    if (length > 0) {
      char digest[UDE_SHA256_TEXT];
      complete = length + 1 < sizeof path && file_digest(path, digest);
      ude_text_append(lines, "%s %s\n", digest, path);
    }
  }
  return complete && !lines->failed;
}

static bool unchanged(const ude_text *dependencies) {
  const char *at  = dependencies->data;
  const char *end = at + dependencies->length;
  while (at < end) {
    char        digest[UDE_SHA256_TEXT];
    char        path[4096];
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    if (!line_end || line_end - at < UDE_SHA256_TEXT ||
        (size_t)(line_end - at) >= UDE_SHA256_TEXT + sizeof path) {
      return false;
    }
    size_t length = (size_t)(line_end - at) - UDE_SHA256_TEXT;
    memcpy(path, at + UDE_SHA256_TEXT, length);
    path[length] = '\0';
    if (!file_digest(path, digest) || strncmp(digest, at, UDE_SHA256_TEXT - 1) != 0) {
      return false;
    }
    at = line_end + 1;
  }
  return true;
}

static bool take(const char **at, const char *end, size_t length, ude_text *to) {
  if (length > (size_t)(end - *at)) {
    return false;
  }
  ude_text_append_bytes(to, *at, length);
  *at += length;
  return !to->failed;
}

/* "magic\ndigest\n", then what the digest is of: the parts' sizes, a line end, the parts. */
static bool parse(const char *data, size_t length, ude_cache_entry *entry) {
  char         digest[UDE_SHA256_TEXT];
  size_t       sizes[PARTS];
  const size_t head = sizeof magic + UDE_SHA256_TEXT;
  if (length < head || strncmp(data, magic, sizeof magic - 1) != 0 ||
      strncmp(data + sizeof magic, ude_sha256(data + head, length - head, digest),
              UDE_SHA256_TEXT - 1) != 0) {
    return false;
  }
  const char *at  = data + head;
  const char *end = data + length;
  for (int i = 0; i < PARTS; i++) {
    char *after = NULL;
    sizes[i]    = strtoull(at, &after, 10);
    if (after == at || *after != (i + 1 < PARTS ? ' ' : '\n')) {
      return false;
    }
    at = after + 1;
  }
  bool whole = true;
  for (int i = 0; i < PARTS; i++) {
    whole = whole && take(&at, end, sizes[i], part(entry, i));
  }
  return whole && at == end;
}

static void entry_path(const char *folder, const char *key, ude_text *path) {
  ude_text_append(path, "%s/%s.model", folder, key);
}

bool ude_cache_load(const char *folder, const char *key, ude_cache_entry *entry) {
  ude_text path   = {0};
  char    *data   = NULL;
  size_t   length = 0;
  *entry          = (ude_cache_entry){0};
  entry_path(folder, key, &path);
  bool found = !path.failed && ude_file_read(path.data, &data, &length, NULL) == UDE_OK &&
               parse(data, length, entry) && unchanged(&entry->dependencies);
  free(data);
  ude_text_free(&path);
  if (!found) {
    ude_cache_entry_free(entry);
  }
  return found;
}

/* mkdir -p */
static void make_folder(const char *folder) {
  ude_text path = {0};
  ude_text_append(&path, "%s", folder);
  for (size_t i = 1; !path.failed && i <= path.length; i++) {
    if (path.data[i] == '/' || path.data[i] == '\0') {
      char old     = path.data[i];
      path.data[i] = '\0';
      (void)mkdir(path.data, 0777);
      path.data[i] = old;
    }
  }
  ude_text_free(&path);
}

void ude_cache_store(const char *folder, const char *key, ude_cache_entry *entry) {
  ude_text body = {0};
  ude_text file = {0};
  ude_text path = {0};
  char     digest[UDE_SHA256_TEXT];
  for (int i = 0; i < PARTS; i++) {
    ude_text_append(&body, "%zu%c", part(entry, i)->length, i + 1 < PARTS ? ' ' : '\n');
  }
  for (int i = 0; i < PARTS; i++) {
    if (part(entry, i)->length) {
      ude_text_append_bytes(&body, part(entry, i)->data, part(entry, i)->length);
    }
  }
  if (!body.failed) {
    ude_text_append(&file, "%s\n%s\n", magic, ude_sha256(body.data, body.length, digest));
    ude_text_append_bytes(&file, body.data, body.length);
  }
  entry_path(folder, key, &path);
  if (!body.failed && !file.failed && !path.failed) {
    make_folder(folder);
    (void)ude_file_write(path.data, file.data, file.length, NULL);
  }
  ude_text_free(&body);
  ude_text_free(&file);
  ude_text_free(&path);
}
