#include "report/escape.h"

#include <string.h>

enum { NOT_UTF8 = 0xFFFD };

/* The encodings of RFC 3629: overlong forms, surrogates and codes above U+10FFFF are not UTF-8. */
uint32_t ude_utf8_next(const char *text, size_t *at) {
  const unsigned char *bytes = (const unsigned char *)text + *at;
  static const struct {
    unsigned char mask, lead;
    uint32_t      least;
  } forms[] = {{0x80, 0x00, 0}, {0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
  if (bytes[0] == 0) {
    return 0;
  }
  for (size_t more = 0; more < sizeof forms / sizeof forms[0]; more++) {
    if ((bytes[0] & forms[more].mask) != forms[more].lead) {
      continue;
    }
    uint32_t code = bytes[0] & (uint32_t)(unsigned char)~forms[more].mask;
    size_t   i    = 1;
    for (; i <= more && (bytes[i] & 0xC0) == 0x80; i++) {
      code = code << 6 | (bytes[i] & 0x3Fu);
    }
    if (i <= more || code < forms[more].least || code > 0x10FFFF ||
        (code >= 0xD800 && code <= 0xDFFF)) {
      break;
    }
    *at += more + 1;
    return code;
  }
  *at += 1;
  return NOT_UTF8;
}

void ude_utf8_append(ude_text *text, uint32_t code) {
  char   bytes[4];
  size_t count = 0;
  if (code < 0x80) {
    bytes[count++] = (char)code;
  } else if (code < 0x800) {
    bytes[count++] = (char)(0xC0 | code >> 6);
    bytes[count++] = (char)(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    bytes[count++] = (char)(0xE0 | code >> 12);
    bytes[count++] = (char)(0x80 | (code >> 6 & 0x3F));
    bytes[count++] = (char)(0x80 | (code & 0x3F));
  } else {
    bytes[count++] = (char)(0xF0 | code >> 18);
    bytes[count++] = (char)(0x80 | (code >> 12 & 0x3F));
    bytes[count++] = (char)(0x80 | (code >> 6 & 0x3F));
    bytes[count++] = (char)(0x80 | (code & 0x3F));
  }
  ude_text_append_bytes(text, bytes, count);
}

int ude_utf8_length(const char *text) {
  int    length = 0;
  size_t at     = 0;
  while (ude_utf8_next(text, &at)) {
    length++;
  }
  return length;
}

static bool is_control(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0);
}

void ude_escape_html(ude_text *out, const char *text) {
  size_t   at = 0;
  uint32_t code;
  while ((code = ude_utf8_next(text, &at)) != 0) {
    switch (code) {
    case '&': ude_text_append(out, "&amp;"); break;
    case '<': ude_text_append(out, "&lt;"); break;
    case '>': ude_text_append(out, "&gt;"); break;
    case '"': ude_text_append(out, "&quot;"); break;
    case '\'': ude_text_append(out, "&#39;"); break;
    default: {
      bool allowed = !is_control(code) || code == '\t' || code == '\n';
      bool never   = code == 0xFFFE || code == 0xFFFF;
      ude_utf8_append(out, allowed && !never ? code : NOT_UTF8);
    }
    }
  }
}

void ude_escape_json(ude_text *out, const char *text) {
  size_t   at = 0;
  uint32_t code;
  ude_text_append(out, "\"");
  while ((code = ude_utf8_next(text, &at)) != 0) {
    bool line_end = code == 0x2028 || code == 0x2029;
    if (code == '"' || code == '\\') {
      ude_text_append(out, "\\%c", (int)code);
    } else if (is_control(code) || line_end || code == '<' || code == '>' || code == '&') {
      ude_text_append(out, "\\u%04x", (unsigned)code);
    } else {
      ude_utf8_append(out, code);
    }
  }
  ude_text_append(out, "\"");
}

void ude_escape_terminal(ude_text *out, const char *text) {
  size_t   at = 0;
  uint32_t code;
  while ((code = ude_utf8_next(text, &at)) != 0) {
    ude_utf8_append(out, is_control(code) || code == NOT_UTF8 ? '?' : code);
  }
}
