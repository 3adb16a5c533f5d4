/* Checked allocation and growing text. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ude/base.h>

void *ude_calloc(size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) {
    return NULL;
  }
  return calloc(count && size ? count : 1, count && size ? size : 1);
}

void *ude_realloc(void *block, size_t count, size_t size) {
  if (size != 0 && count > SIZE_MAX / size) {
    return NULL;
  }
  size_t bytes = count * size;
  return realloc(block, bytes ? bytes : 1);
}

/* Room for `extra` more bytes and the terminator. */
static bool reserve(ude_text *text, size_t extra) {
  if (text->failed) {
    return false;
  }
  size_t needed = text->length + extra + 1;
  if (needed <= text->capacity) {
    return true;
  }
  size_t capacity = text->capacity ? text->capacity : 256;
  while (capacity < needed) {
    capacity += capacity / 2 + 1;
  }
  char *grown = realloc(text->data, capacity);
  if (!grown) {
    text->failed = true;
    return false;
  }
  text->data     = grown;
  text->capacity = capacity;
  return true;
}

void ude_text_append_bytes(ude_text *text, const char *bytes, size_t length) {
  if (reserve(text, length)) {
    if (length) {
      memcpy(text->data + text->length, bytes, length);
    }
    text->length += length;
    text->data[text->length] = '\0';
  }
}

void ude_text_append(ude_text *text, const char *format, ...) {
  va_list arguments;
  va_list again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (length >= 0 && reserve(text, (size_t)length)) {
    vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
  }
  va_end(again);
}

void ude_text_free(ude_text *text) {
  free(text->data);
  *text = (ude_text){0};
}
