/* Is a text well-formed markup? Elements closed in order, attributes quoted, no stray '<' or '&'. */
#ifndef UDE_TESTS_MARKUP_H
#define UDE_TESTS_MARKUP_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MARKUP_DEPTH = 64 };

typedef struct markup {
  const char *at, *start;
  char        open[MARKUP_DEPTH][32];
  int         depth;
  bool        html; /* elements that are never closed, scripts and styles as they are */
  char        problem[200];
} markup;

static inline bool markup_fail(markup *m, const char *what) {
  snprintf(m->problem, sizeof m->problem, "%s at %ld: '%.60s'", what, (long)(m->at - m->start),
           m->at);
  return false;
}

static inline bool markup_is_void(const char *name) {
  static const char *const names[] = {"meta", "br", "link", "img", "hr", "input"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(name, names[i]) == 0) {
      return true;
    }
  }
  return false;
}

/* name="value" or, in HTML, a bare name. */
static inline bool markup_attributes(markup *m) {
  for (;;) {
    m->at += strspn(m->at, " \t\n");
    if (*m->at == '>' || *m->at == '/') {
      return true;
    }
    size_t name = strcspn(m->at, "= \t\n>/\"'<");
    if (name == 0) {
      return markup_fail(m, "attribute without a name");
    }
    m->at += name;
    if (*m->at != '=') {
      if (!m->html) {
        return markup_fail(m, "attribute without a value");
      }
      continue;
    }
    if (m->at[1] != '"') {
      return markup_fail(m, "attribute without quotes");
    }
    const char *end = strchr(m->at + 2, '"');
    if (!end || memchr(m->at + 2, '<', (size_t)(end - m->at) - 2)) {
      return markup_fail(m, "attribute not closed");
    }
    m->at = end + 1;
  }
}

static inline bool markup_open(markup *m) {
  char   name[32] = "";
  size_t length   = strcspn(m->at + 1, " \t\n/>");
  if (length == 0 || length >= sizeof name || !isalpha((unsigned char)m->at[1])) {
    return markup_fail(m, "no element");
  }
  memcpy(name, m->at + 1, length);
  m->at += 1 + length;
  if (!markup_attributes(m)) {
    return false;
  }
  bool closed = *m->at == '/';
  m->at += closed;
  if (*m->at != '>') {
    return markup_fail(m, "element not closed");
  }
  m->at++;
  if (m->html && (strcmp(name, "script") == 0 || strcmp(name, "style") == 0)) {
    char end[40];
    snprintf(end, sizeof end, "</%s>", name);
    const char *found = strstr(m->at, end);
    if (!found) {
      return markup_fail(m, "script not closed");
    }
    m->at = found + strlen(end);
    return true;
  }
  if (!closed && !(m->html && markup_is_void(name))) {
    if (m->depth == MARKUP_DEPTH) {
      return markup_fail(m, "too deep");
    }
    strcpy(m->open[m->depth++], name);
  }
  return true;
}

static inline bool markup_close(markup *m) {
  size_t length = strcspn(m->at + 2, ">");
  if (m->depth == 0 || strlen(m->open[m->depth - 1]) != length ||
      strncmp(m->open[m->depth - 1], m->at + 2, length) != 0) {
    return markup_fail(m, "closes another element");
  }
  m->depth--;
  m->at += length + 3;
  return true;
}

static inline bool markup_reference(markup *m) {
  size_t length = strspn(m->at + 1, "#abcdefghijklmnopqrstuvwxyz0123456789ABCDEFX");
  if (length == 0 || m->at[1 + length] != ';') {
    return markup_fail(m, "stray &");
  }
  m->at += length + 2;
  return true;
}

/* "" or what is wrong. */
static inline const char *markup_problem(markup *m, const char *text, bool html) {
  memset(m, 0, sizeof *m);
  m->at = m->start = text;
  m->html          = html;
  while (*m->at && !m->problem[0]) {
    if (strncmp(m->at, "<!DOCTYPE", 9) == 0) {
      m->at += strcspn(m->at, ">") + 1;
    } else if (strncmp(m->at, "</", 2) == 0) {
      markup_close(m);
    } else if (*m->at == '<') {
      markup_open(m);
    } else if (*m->at == '&') {
      markup_reference(m);
    } else {
      m->at++;
    }
  }
  if (!m->problem[0] && m->depth > 0) {
    snprintf(m->problem, sizeof m->problem, "<%s> is never closed", m->open[m->depth - 1]);
  }
  return m->problem;
}

#endif
