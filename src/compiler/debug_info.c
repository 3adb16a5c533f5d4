/* Debug information nodes from the module's text form. */
#include "compiler/debug_info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t node_number(const char *line) {
  return strtoll(line + 1, NULL, 10);
}

static bool is_node_line(const char *line) {
  return line[0] == '!' && line[1] >= '0' && line[1] <= '9';
}

ude_status ude_debug_info_open(ude_debug_info *info, LLVMModuleRef module, ude_error *error) {
  *info      = (ude_debug_info){0};
  info->text = LLVMPrintModuleToString(module);
  if (!info->text) {
    return ude_fail_memory(error, "debug information");
  }
  int64_t largest = -1;
  for (char *line = info->text; line && *line;) {
    if (is_node_line(line) && node_number(line) > largest) {
      largest = node_number(line);
    }
    line = strchr(line, '\n');
    line = line ? line + 1 : NULL;
  }
  info->count = largest + 1;
  info->node  = ude_calloc((size_t)info->count, sizeof *info->node);
  if (!info->node) {
    ude_debug_info_close(info);
    return ude_fail_memory(error, "debug information");
  }
  for (char *line = info->text; line && *line;) {
    char *end = strchr(line, '\n');
    if (end) {
      *end = '\0';
    }
    const char *value = is_node_line(line) ? strstr(line, " = ") : NULL;
    if (value) {
      value += 3;
      info->node[node_number(line)] = strncmp(value, "distinct ", 9) == 0 ? value + 9 : value;
    }
    line = end ? end + 1 : NULL;
  }
  return UDE_OK;
}

void ude_debug_info_close(ude_debug_info *info) {
  LLVMDisposeMessage(info->text);
  free(info->node);
  *info = (ude_debug_info){0};
}

/* Passes over quoted strings, in which anything may stand. */
const char *ude_debug_field(const char *node, const char *key) {
  size_t length = strlen(key);
  bool   quoted = false;
  for (const char *c = node; *c; c++) {
    if (*c == '"') {
      quoted = !quoted;
    }
    if (!quoted && (*c == '(' || *c == ' ') && strncmp(c + 1, key, length) == 0 &&
        c[1 + length] == ':') {
      return c + 1 + length + 2;
    }
  }
  return NULL;
}

static const char *at_reference(const ude_debug_info *info, const char *text) {
  if (!text || !is_node_line(text)) {
    return NULL;
  }
  int64_t number = node_number(text);
  return number < info->count ? info->node[number] : NULL;
}

const char *ude_debug_reference(const ude_debug_info *info, const char *node, const char *key) {
  return at_reference(info, ude_debug_field(node, key));
}

int64_t ude_debug_integer(const char *node, const char *key, int64_t missing) {
  const char *value  = ude_debug_field(node, key);
  char       *end    = NULL;
  int64_t     number = value ? strtoll(value, &end, 10) : 0;
  return value && end != value ? number : missing;
}

char *ude_debug_string(const char *node, const char *key, char *buffer, size_t size) {
  const char *value  = ude_debug_field(node, key);
  size_t      length = value && *value == '"' ? strcspn(value + 1, "\"") : 0;
  snprintf(buffer, size, "%.*s", (int)length, length ? value + 1 : "");
  return buffer;
}

bool ude_debug_is(const char *node, const char *kind, const char *tag) {
  size_t length = strlen(kind);
  if (!node || node[0] != '!' || strncmp(node + 1, kind, length) != 0 || node[1 + length] != '(') {
    return false;
  }
  const char *value = tag ? ude_debug_field(node, "tag") : NULL;
  return !tag || (value && strncmp(value, tag, strlen(tag)) == 0);
}

bool ude_debug_next(const ude_debug_info *info, const char *list, const char **at,
                    const char **element) {
  if (!list || strncmp(list, "!{", 2) != 0) {
    return false;
  }
  const char *c = *at ? *at : list + 2;
  while (*c == ' ' || *c == ',') {
    c++;
  }
  if (*c == '}' || *c == '\0') {
    return false;
  }
  *element = at_reference(info, c);
  *at      = c + strcspn(c, ",}");
  return true;
}

char *ude_debug_place(const ude_debug_info *info, const char *node, char *buffer, size_t size) {
  char        name[256] = "";
  const char *file      = ude_debug_reference(info, node, "file");
  if (file) {
    ude_debug_string(file, "filename", name, sizeof name);
  }
  snprintf(buffer, size, "%s:%lld", name[0] ? name : "model",
           (long long)ude_debug_integer(node, "line", 0));
  return buffer;
}
